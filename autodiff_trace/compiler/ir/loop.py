"""Loops: steps of a program that are run again and again; those of one turn are a program themselves.

The inputs of the body are, in this order, what is carried from turn to turn, what each turn has of its own (an item of
a list), and what is the same in all turns. Its outputs are what is carried on, what is kept of each turn (in a list),
and what is kept of the last turn alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.traits import declares
from .evaluation import as_function
from .node import Node, Program, rebuild
from .spec import Spec

__all__ = [
    "Loop", "all_steps", "as_range", "copied", "in_bodies", "list_of", "read_each", "read_floats", "result", "slice_of",
    "stack_turns", "sum_turns", "turn_of", "with_body",
]


@dataclass(eq=False)
class Loop:
    """What the step of a loop calls, with the values of the inputs of its ``body``; of what each turn has of its own
    with all of them. It gives what is kept.

    ``carried`` says how many values are carried, ``own`` how many each turn has of its own, and ``kept`` of how many
    there is a list.
    """

    __name__ = "loop"

    turns: int
    body: Program
    carried: int
    own: int
    kept: int

    def __call__(self, *args: Any) -> tuple:
        """What the loop gives for these values: lists of what is kept, and what is kept of the last turn."""
        own_end = self.carried + self.own
        carried, rest = list(args[:self.carried]), args[own_end:]
        rows: list[list] = []
        run = as_function(self.body)
        for each in zip(*args[self.carried:own_end]) if self.own else [()] * self.turns:
            outputs = run(*carried, *each, *rest)
            carried = outputs[:self.carried]
            rows.append(outputs[self.carried:self.carried + self.kept])
        return (*(list(column) for column in zip(*rows)), *outputs[self.carried + self.kept:])

    def steps(self, args: Iterable) -> list[Node]:
        """The step that calls it, and those of its results."""
        specs = [node.spec for node in self.body.outputs[self.carried:]]
        specs[:self.kept] = map(list_of, specs[:self.kept])
        step = Node(self, tuple(args), {}, Spec(tuple, (), None, (), tuple(specs)), "loop")
        return [step, *(Node(result, (step, i), {}, spec, "result") for i, spec in enumerate(specs))]


def list_of(spec: Spec) -> Spec:
    """A list of values of one kind, of any length."""
    return Spec(list, (), None, (), (spec,))


@declares(makes_view=True, harmless=True)
def result(loop: Any, i: int) -> Any:
    """Result ``i`` of a loop."""
    return loop[i]


@declares(makes_view=True, harmless=True)
def turn_of(values: Any, which: int | slice) -> Any:
    """What was kept of one turn, or of some, also in reverse."""
    return values[which]


@declares(harmless=True, owns_memory=True, buffer_position=1)
def stack_turns(values: list, out: np.ndarray | None = None) -> np.ndarray:
    """What was kept of each turn, as the rows of an array."""
    if out is None:
        return np.array(values)
    if out.ndim == 1:
        out[:] = values
    else:
        np.concatenate(values, out=out.reshape(-1, *out.shape[2:]))
    return out


def as_range(numbers: list[int]) -> range | None:
    """The range of these numbers, of which there are two or more; None if they do not go up or down by equal steps."""
    step = numbers[1] - numbers[0]
    found = range(numbers[0], numbers[0] + step * len(numbers), step) if step else range(0)
    return found if numbers == list(found) else None


def slice_of(places: range) -> slice:
    """The slice of a sequence that has these places, none of them below zero."""
    return slice(places.start, places.stop if places.stop >= 0 else None, places.step)


@declares(harmless=True)
def sum_turns(values: list) -> Any:
    """The sum of what was kept."""
    rest = iter(values)
    return sum(rest, next(rest))


@declares(makes_view=True, harmless=True)
def read_each(x: Any, indices: tuple) -> list:
    """``x`` at each of these indices."""
    return [x[index] for index in indices]


@declares(harmless=True)
def read_floats(x: Any, indices: tuple) -> list:
    """:func:`read_each` of single numbers, as Python's floats."""
    return [x.item(index) for index in indices]


def with_body(step: Node, body: Program, **changes: Any) -> Node:
    """The step of a loop with another body."""
    loop = step.function
    numbers = {"carried": loop.carried, "own": loop.own, "kept": loop.kept, **changes}
    return Node(Loop(loop.turns, body, **numbers), step.args, {}, step.spec, "loop", "call", step.errstate)


def in_bodies(program: Program, rewrite: Callable[[Program], Program]) -> Program:
    """The program with the bodies of its loops rewritten; itself if none changes."""
    changed = False
    for step in program.steps:
        loop = step.function
        if type(loop) is Loop and (body := rewrite(loop.body)) is not loop.body:
            step.function = Loop(loop.turns, body, loop.carried, loop.own, loop.kept)
            changed = True
    return Program(program.inputs, program.steps, program.outputs) if changed else program


def copied(program: Program, rewrite: Callable[[Node], Any] = lambda step: step) -> Program:
    """The program in steps of its own, also in the bodies of loops, each replaced by ``rewrite(step)``: nothing that is
    done to them is done to those of ``program``."""

    def copy_step(step):
        if type(loop := step.function) is Loop:
            step.function = Loop(loop.turns, copied(loop.body, rewrite), loop.carried, loop.own, loop.kept)
        return rewrite(step)

    return rebuild(program, copy_step, copies=True)


def all_steps(program: Program) -> Iterator[Node]:
    """The steps, with those of the bodies of loops."""
    for step in program.steps:
        if type(step.function) is Loop:
            yield from all_steps(step.function.body)
        yield step
