"""Assignment to items is done in place, where no one needs the array as it was."""

from __future__ import annotations

from collections.abc import Container

from ..backends.numpy_source import calls
from ..ir.infer import call
from ..ir.loop import Loop, with_body
from ..ir.node import Node, Program, operands, rebuild
from ..analysis.liveness import find_last_uses, find_roots, is_in_first, owns_memory

__all__ = ["assign_in_place", "carry_in_place"]


def assign_in_place(program: Program, own: Container[Node] = ()) -> Program:
    """The program without the copies before an assignment whose original is not read again.

    A loop that fills an array of n elements would otherwise copy n² of them. Of slices that are read before and used
    again later copies are made instead, as eager does: they are less than the array. ``own``: inputs that nobody else
    has.
    """
    targets = {step.args[0] for step in program.steps if step.function is calls.assign}
    if not targets:
        return program
    roots = find_roots(program)
    last_uses = find_last_uses(program, roots)
    returned = {root for output in program.outputs if type(output) is Node for root in roots.get(output, ())}
    readers = Readers(program, roots)
    needless: set[Node] = set()
    lent: set[Node] = set()
    for i, step in enumerate(program.steps):
        if step in targets and step.function is calls.copy:
            owner = find_owner(step.args[0])
            is_own = owner in own or owner not in returned and owner.kind == "call" and owns_memory(owner.function)
            if is_own and owner in last_uses:
                slices = readers.slices_used_after(i, owner) if last_uses[owner] > i else set()
                if slices is not None and sum(each.spec.size for each in slices) <= step.spec.size:
                    needless.add(step)
                    lent |= slices
    originals = iter(program.steps)

    def rewrite(step: Node) -> Node | list[Node]:
        original = next(originals)
        if original in needless:
            return step.args[0]
        if original in lent:
            return [step, call(calls.copy, (step,), step)]
        return step

    return rebuild(program, rewrite)


def carry_in_place(program: Program) -> Program:
    """The program with what loops carry written into in place, where no one else has it: a loop gets a copy of it."""

    def rewrite(step: Node) -> Node | list[Node]:
        if type(step.function) is not Loop:
            return step
        body, args = step.function.body, list(step.args)
        own = find_own(step.function)
        new = assign_in_place(body, own)
        written = {find_owner(each) for each in new.steps if each.function is calls.assign}
        copies = []
        for i, node in enumerate(body.inputs):
            if node in own and node in written:
                copies.append(Node(calls.copy, (args[i],), {}, node.spec, "copy", "call", step.errstate))
                args[i] = copies[-1]
        if new is body:
            return step
        changed = with_body(step, new)
        return [*copies, Node(changed.function, tuple(args), {}, step.spec, "loop", "call", step.errstate)]

    has_loops = any(type(step.function) is Loop for step in program.steps)
    return rebuild(program, rewrite) if has_loops else program


def find_own(loop: Loop) -> set[Node]:
    """The arrays that a loop carries and that lie in memory of which nothing is kept but the last."""
    body = loop.body
    roots = find_roots(body)
    places = [roots.get(each, frozenset()) if type(each) is Node else frozenset((each,)) for each in body.outputs]
    own = set()
    for i, node in enumerate(body.inputs[:loop.carried]):
        if not node.spec.is_array or not node.spec.is_contiguous or not places[i]:
            continue
        others = [found for k, found in enumerate(places) if k != i and (
            k < loop.carried + loop.kept or body.outputs[k] is not body.outputs[i])]
        is_fresh = all(root is node or root.kind == "call" and owns_memory(root.function) for root in places[i])
        if is_fresh and all(places[i].isdisjoint(found) and node not in found for found in others):
            own.add(node)
    return own


class Readers:
    """Which values lie in the memory of another, and when each is used for the last time."""

    def __init__(self, program: Program, roots: dict[Node, frozenset[Node]]) -> None:
        self.last: dict[Node, int] = {}
        for i, step in enumerate(program.steps):
            self.last.update(dict.fromkeys(operands(step), i))
        self.inside: dict[Node, list[Node]] = {}
        for value, found in roots.items():
            for root in found:
                self.inside.setdefault(root, []).append(value)

    def slices_used_after(self, i: int, owner: Node) -> set[Node] | None:
        """The slices of ``owner`` by way of which alone it is read after step ``i``; None if it is read otherwise."""
        slices = set()
        for value in self.inside[owner]:
            if self.last.get(value, -1) > i:
                while is_in_first(value.function) and not is_slice(value, owner):
                    value = value.args[0]
                if not is_slice(value, owner):
                    return None
                slices.add(value)
        return slices


def is_slice(step: Node, owner: Node) -> bool:
    """Whether a step reads a slice of the array that ``owner`` made."""
    return step.function is calls.getitem and calls.is_basic(step.args[1]) and find_owner(step.args[0]) is owner


def find_owner(x: Node) -> Node:
    """The step that made the array which ``x`` is, maybe after it has been written into."""
    while x.function in (calls.assign, calls.after):
        x = x.args[0]
    return x
