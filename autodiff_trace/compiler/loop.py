"""Loops: steps of a program that are run again and again; those of one turn are a program themselves.

The inputs of the body are, in this order, what is carried from turn to turn, what each turn has of its own (an item of
a list), and what is the same in all turns. Its outputs are what is carried on, what is kept of each turn (in a list),
and what is kept of the last turn alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..core.traits import declares
from .node import Node, Program

__all__ = ["Loop", "all_steps", "in_bodies", "read_each", "read_floats", "result", "sum_turns",
    "turn_of", "turns_of", "with_body"]


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


@declares(makes_view=True, harmless=True)
def result(loop: Any, i: int) -> Any:
    """Result ``i`` of a loop."""
    return loop[i]


@declares(makes_view=True, harmless=True)
def turn_of(values: Any, turn: int) -> Any:
    """What was kept of one turn."""
    return values[turn]


@declares(makes_view=True, harmless=True)
def turns_of(values: Any, first: int, stop: int | None, stride: int) -> Any:
    """What was kept of some turns, also in reverse."""
    return values[first:stop:stride]


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
    return Node(Loop(loop.turns, body, **numbers), step.args, {}, step.value, "loop", "call", step.errstate)


def in_bodies(program: Program, rewrite: Callable[[Program], Program]) -> Program:
    """The program with the bodies of its loops rewritten; itself if it has none."""
    new: dict[Node, Node] = {}
    steps = []
    for step in program.steps:
        moved = step.relabelled(new) if new else step
        if type(step.function) is Loop and (body := rewrite(step.function.body)) is not step.function.body:
            moved = with_body(moved, body)
        if moved is not step:
            new[step] = moved
        steps.append(moved)
    return Program(program.inputs, steps, [new.get(each, each) if type(each) is Node else each
                                           for each in program.outputs]) if new else program


def all_steps(program: Program) -> Iterator[Node]:
    """The steps, with those of the bodies of loops."""
    for step in program.steps:
        if type(step.function) is Loop:
            yield from all_steps(step.function.body)
        yield step
