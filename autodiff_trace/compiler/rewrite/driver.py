"""The driver of rewriting rules: it finds the rules for each step, places what they give, and follows uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..ir.node import Node, Program, operands, relabel
from .patterns import ANY, ARRAY, NUMBER, Rule

__all__ = ["Table", "rewrite"]

Index = dict[int, dict[int, list[Rule]]]
"""Rules by ids. (Some functions cannot be hashed.)"""


class Table:
    """The rules of a pass of the compiler, by the functions with a call of which their patterns begin, and by what
    an operand must be. They are for steps that give ``least`` elements, or more."""

    def __init__(self, compiler_pass: str, *rules: Rule, least: int = 0) -> None:
        self.compiler_pass, self.rules, self.least = compiler_pass, rules, least
        self.found: Index = {}
        for rule in rules:
            for function in rule.pattern.functions:
                by_operand = self.found.setdefault(id(function), {})
                for inner in rule.inner or rule.pattern.find_inner():
                    by_operand.setdefault(id(inner), []).append(rule)
        self.counts_uses = any(rule.pattern.counts_uses for rule in rules)


def rewrite(
    program: Program, table: Table, passes: Sequence[str] | None = None, merge: Callable[[Node], Node] | None = None
) -> Program:
    """The program with each rule of the table applied as often as it can be, unless there are ``passes`` and its own is
    none of them; the very program if nothing changes.

    ``merge`` gives for each step that is left the step before it that computes the same, or else the very step.
    """
    rules = table.found if passes is None or table.compiler_pass in passes else {}
    if merge is None and (program.functions.isdisjoint(rules) or program.largest < table.least):
        return program
    return Rewriting(program, rules, merge, count_uses(program) if table.counts_uses else None).run()


def count_uses(program: Program) -> dict[Node, int]:
    """How often each value is used, but for what nothing needs."""
    counts: dict[Node, int] = dict.fromkeys(program.kept, 1)
    for step in reversed(program.steps):
        if step in counts or step.kind != "call":
            for operand in operands(step):
                counts[operand] = counts.get(operand, 0) + 1
    return counts


class Rewriting:
    """Rewrites one program; ``counts`` says how often values are used, if the rules ask for that."""

    def __init__(
        self, program: Program, rules: Index, merge: Callable[[Node], Node] | None, counts: dict[Node, int] | None
    ) -> None:
        self.program, self.rules, self.merge, self.counts = program, rules, merge, counts
        self.steps: list[Node] = []
        self.placed: set[Node] = set()
        self.new: dict[Node, Node] = {}

    def run(self) -> Program:
        program, new = self.program, self.new
        for step in program.steps:
            if new and not new.keys().isdisjoint(step.found or operands(step)):
                step.rewire(new)
            if self.merge is None and id(step.function) not in self.rules:  # as a rule
                self.keep(step)
                continue
            result = self.settle(step)
            if result is not step:
                new[step] = result
        if not new and len(self.steps) == len(program.steps):
            return program
        return Program(program.inputs, self.steps, relabel(program.outputs, new))

    def uses(self, node: Node) -> int:
        return self.counts.get(node, 0)

    def candidates(self, step: Node) -> Iterable[Rule]:
        """The rules that may apply to a step; none, as a rule."""
        by_operand = self.rules.get(id(step.function))
        if by_operand is None or step.kind != "call" or step.kwargs:
            return ()
        rules = by_operand.get(id(ANY), ())
        for arg in step.args:
            if type(arg) is not Node:
                kind = NUMBER
            elif arg.kind != "constant":
                kind = arg.function
            else:
                kind = ARRAY if arg.spec.shape else NUMBER
            more = by_operand.get(id(kind))
            if more is not None:
                rules = [*rules, *more] if rules else more
        return rules

    def settle(self, step: Node) -> Node:
        """What stands for a step whose operands have been placed."""
        for rule in self.candidates(step):
            found = rule.apply(step, self.uses)
            if found is not None:
                *effects, result = found if type(found) is list else [found]
                for effect in effects:
                    self.place(effect)
                return self.instead(step, self.place(result))
        first = step if self.merge is None else self.merge(step)
        if first is not step:
            return self.instead(step, first)
        return self.keep(step)

    def keep(self, step: Node) -> Node:
        self.placed.add(step)
        self.steps.append(step)
        return step

    def place(self, step: Node) -> Node:
        """What stands for a step that may be new; new operands are placed before it."""
        if step.kind in ("input", "constant") or step in self.placed:
            return step
        if step not in self.new:
            for operand in operands(step):
                self.place(operand)
            self.new[step] = self.settle(step.rewire(self.new))
        return self.new[step]

    def instead(self, step: Node, result: Node) -> Node:
        """``result``, which is used in the place of a step."""
        if self.counts is None:
            return result
        pending = [(result, self.uses(step)), (step, -self.uses(step))]
        while pending:
            node, change = pending.pop(0)
            before = self.uses(node)
            self.counts[node] = before + change
            if (before == 0) != (before + change == 0):  # it comes to use, or goes out of it, and with it what it uses
                pending += [(operand, 1 if change > 0 else -1) for operand in operands(node)]
        return result
