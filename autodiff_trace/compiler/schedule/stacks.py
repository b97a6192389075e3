"""Stacks: the same function of many small arrays is called once, for all of them in one piece of memory.

The slopes of a chain of functions are such: ``cos(u)`` for each layer, when the backward pass begins. A call takes
0.2 µs and more, however small its array is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, relabel
from .batches import FEWEST, LARGEST
from ..rewrite.cse import identify

__all__ = ["make_stack", "stack_calls", "write_row"]


class Candidate(NamedTuple):
    """A step and its place, and the place of the step that makes its operand."""

    step: Node
    place: int
    operand: Node
    made: int


def stack_calls(program: Program) -> Program:
    """The program with one call for each group of calls that can be made at the same time."""
    small = {step for step in program.steps if is_small_ufunc(step)}
    if len(small) < FEWEST:
        return program
    places, kept = program.numbers, program.kept
    groups: dict[Any, list[Candidate]] = {}
    guards = 0
    for i, step in enumerate(program.steps):
        guards += step.kind != "call"  # nothing is computed before a guard that stood before it
        operand = operand_of(step, small) if step in small and step not in kept else None
        if operand is not None and operand not in kept:
            found = groups.setdefault((guards, key_of(step, operand)), [])
            found.append(Candidate(step, i, operand, places[operand]))
    taken: set[Node] = set()
    chosen = []
    for found in groups.values():
        members = choose(found, taken)
        if len(members) >= FEWEST:
            for each in members:
                taken.update((each.step, each.operand))  # what is a row of one result cannot be written into a stack
            chosen.append(members)
    return Rewriting(program, chosen).run() if chosen else program


def choose(found: list[Candidate], taken: set[Node]) -> list[Candidate]:
    """Of calls of one kind those whose operands are there when the first is made."""
    members: dict[Node, Candidate] = {}
    first = None
    for each in found:
        if not taken.isdisjoint((each.step, each.operand)) or each.operand in members:
            continue
        if first is None or each.made < first.place:
            members[each.operand] = each
            first = first or each
    return sorted(members.values(), key=lambda each: each.made)  # as in other stacks, of which rows can meet these


def operand_of(step: Node, small: set[Node]) -> Node | None:
    """The one operand of an elementwise step, if the others are the same in each run, and it is like that one."""
    operand = None
    for arg in step.args:
        if arg is not operand and not is_fixed(arg):
            if operand is not None:
                return None
            operand = arg
    if operand not in small or operand.errstate != step.errstate:
        return None
    return operand if operand.value.shape == step.value.shape else None


def is_small_ufunc(step: Node) -> bool:
    return (
        step.kind == "call"
        and calls.is_elementwise_ufunc(step.function)
        and not step.kwargs
        and len(step.args) == step.function.nin
        and type(step.value) is np.ndarray
        and 0 < step.value.size <= LARGEST
        and step.value.flags.c_contiguous
    )


def key_of(step: Node, operand: Node) -> Any:
    """What calls that can be made together have in common. (Fixed operands have to broadcast along the stack.)"""
    fixed = tuple(["operand" if arg is operand else identify(arg) for arg in step.args])
    state = tuple(step.errstate.items()) if step.errstate else None
    return step.function, fixed, step.value.shape, step.value.dtype, operand.value.dtype, state


def make_stack(count: int, value: np.ndarray) -> Node:
    """The step that makes a stack of so many arrays like ``value``."""
    shape = (count, *value.shape)
    return Node(calls.empty, (shape, value.dtype, tuple(range(len(shape)))), {}, np.empty(shape, value.dtype), "stack")


def write_row(step: Node, stack: Node, i: int) -> list[Node]:
    """The steps by which ``step`` writes its result into row ``i`` of a stack; the last stands for it."""
    row = Node(calls.getitem, (stack, i), {}, step.value, "row", "call", step.errstate)
    filled = Node(step.function, (*step.args, row), {}, step.value, step.name, "call", step.errstate)
    return [row, filled, Node(calls.after, (row, filled), {}, step.value, step.name, "call", step.errstate)]


class Rewriting:
    """Puts stacks into a program: where they are made, filled and computed with."""

    def __init__(self, program: Program, groups: list[list[Candidate]]) -> None:
        self.program = program
        self.rows: dict[Node, tuple[Node, int]] = {}  # operand → its stack, and its place there
        self.firsts: dict[Node, tuple[list[Candidate], Node]] = {}
        self.members: set[Node] = set()
        self.stacks = []
        for group in groups:
            stack = make_stack(len(group), group[0].operand.value)
            self.stacks.append(stack)
            self.firsts[min(group, key=lambda each: each.place).step] = group, stack
            self.members.update(each.step for each in group)
            self.rows.update({each.operand: (stack, i) for i, each in enumerate(group)})

    def run(self) -> Program:
        new: dict[Node, Node] = {}
        steps = list(self.stacks)
        for step in self.program.steps:
            if step in self.firsts:
                self.compute(*self.firsts[step], new, steps)
            if step in self.members:
                continue
            moved = step.rewire(new)
            if step in self.rows:
                *before, moved = write_row(moved, *self.rows[step])
                steps += before
            if moved is not step:
                new[step] = moved
            steps.append(moved)
        return Program(self.program.inputs, steps, relabel(self.program.outputs, new))

    def compute(self, group: list[Candidate], stack: Node, new: dict[Node, Node], steps: list[Node]) -> None:
        """Call the function of a group on its stack; the members are rows of what it gives."""
        first = group[0].step
        filled = Node(calls.after, (stack, *[new[each.operand] for each in group]), {}, stack.value, "stack", "call",
                      first.errstate)
        steps.append(filled)
        args = tuple([filled if arg is group[0].operand else arg for arg in first.args])
        value = np.empty((len(group), *first.value.shape), first.value.dtype)
        together = Node(first.function, args, {}, value, first.name, "call", first.errstate)
        steps.append(together)
        for i, each in enumerate(group):
            new[each.step] = Node(calls.getitem, (together, i), {}, each.step.value, "row", "call", first.errstate)
            steps.append(new[each.step])
