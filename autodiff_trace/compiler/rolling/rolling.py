"""Rolling: a recorded loop becomes one step, whose body is the program of one turn.

What follows, the passes and Python's compiler, then takes the time of one turn, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..ir.loop import slice_of, turn_of
from ..ir.node import Node, Program, operands, relabel
from .hoisting import keep_apart
from .loop_bodies import Body
from .pieces import Run, find_runs, is_scatter
from .repeats import find_repeats, list_calls
from .turns import Places, Stretch, describe_turns
from .wide_calls import has_wide_calls

__all__ = ["NATIVE_LOOPS", "PYTHON_LOOPS", "Limits", "roll"]

FEWEST_TURNS = 8


class Limits(NamedTuple):
    """From what size on rolling pays.

    Attributes:
        fewest: steps of a program, and of all turns of a loop.
        short: steps of a body that is so short that several turns are made one: a turn takes some time of its own.
        batches: whether calls that can be made together for all turns had better be.
    """

    fewest: int
    short: int
    batches: bool


PYTHON_LOOPS = Limits(1000, 48, batches=True)
NATIVE_LOOPS = Limits(100, 1, batches=False)
"""Loops of native code: turns take next to no time, and what is compiled takes more."""

PEELED = 2
"""Turns at either end that may differ from the others."""


def roll(program: Program, limits: Limits | None = None) -> Program:
    """The program with its loops as steps; itself if there are none. Loops are for Python unless ``limits`` differ."""
    limits = limits or PYTHON_LOOPS
    if len(program.steps) < limits.fewest:
        return program
    numbers, leaves = list_calls(program)
    places = None
    stretches: list[Stretch] = []
    repeats = [
        (start, period, turns) for start, period, turns in find_repeats(numbers)
        if turns >= FEWEST_TURNS and period * turns >= limits.fewest
    ]
    several = turns_in_one(repeats, limits)
    for start, period, turns in repeats:
        period, turns = period * several, turns // several
        if turns >= FEWEST_TURNS:
            places = places or Places(program.steps, leaves)
            stretch = find_stretch(places, start, period, turns, stretches, limits)
            if stretch is not None:
                stretches.append(stretch)
    if not stretches:
        return program
    return Rolling(program, places, stretches).run()


def turns_in_one(repeats: list[tuple[int, int, int]], limits: Limits) -> int:
    """How many turns are made one: as many in all loops, since one reads what was kept of another's."""
    least = FEWEST_TURNS + 2 * PEELED
    return max(1, min([min(limits.short // period, turns // least) for _, period, turns in repeats],
                      default=1))


def find_stretch(
    places: Places, start: int, period: int, turns: int, before: list[Stretch], limits: Limits,
) -> Stretch | None:
    """The turns that do the same, as many as possible; None if they are few, or had better stay as they are."""
    few = min(FEWEST_TURNS, turns - 2 * PEELED)
    inner = start + (PEELED - 1) * period
    some = describe_part(places, places.matrix(inner, period, few + 1), 1, few, inner, before)
    if some is None or limits.batches and has_wide_calls(some, places, period * turns):
        return None  # as a rule: so it would be of all turns, which take long to look at
    matrix = places.matrix(start, period, turns)
    best, least = None, np.inf
    for head, tail in sorted(np.ndindex(PEELED + 1, PEELED + 1), key=sum):
        left = turns - head - tail
        if left < FEWEST_TURNS or (head + tail) * period >= least:
            continue
        stretch = describe_part(places, matrix, head, left, start, before)
        if stretch is not None:
            columns = [column for columns in stretch.columns for column in columns]
            lists = {tuple(column.leaves) for column in columns if column.kind == "nodes"}
            picked = sum([4 if any(code >= 0 for code in each) else 1 for each in lists])  # of loops, turn by turn
            cost = (head + tail) * period + (picked + stretch.guarded) * left
            if cost < least:
                best, least = stretch, cost
    if best is None or best.period * best.turns < limits.fewest or least > 0.5 * period * turns:
        return None
    return None if limits.batches and has_wide_calls(best, places, best.period * best.turns) else best


def describe_part(
    places: Places, matrix: list, head: int, turns: int, start: int, before: list[Stretch]
) -> Stretch | None:
    """The stretch of so many of the turns of a matrix, after the first ``head``."""
    part = [[column[head:head + turns] for column in columns] for columns in matrix]
    peeled = [[column[head - 1] for column in columns] for columns in matrix] if head else None
    return describe_turns(places, part, start + head * len(matrix), turns, before, peeled)


class Rolling:
    """Makes the new program."""

    def __init__(self, program: Program, places: Places, stretches: list[Stretch]) -> None:
        self.program = program
        self.places = places
        self.stretches = stretches
        self.steps: list[Node] = []
        self.new: dict[Node, Node] = {}
        self.lists: dict[tuple[Stretch, int], Node] = {}
        self.runs: dict[Node, tuple[list[Run], list[int]]] = {}

    def run(self) -> Program:
        self.note_needs()
        keep_apart(self.stretches, self.program.steps, self.needed)
        place = 0
        for stretch in self.stretches:
            self.copy(place, stretch.start)
            Body(self, stretch).make()
            place = stretch.stop
        self.copy(place, len(self.program.steps))
        return Program(self.program.inputs, self.steps, relabel(self.program.outputs, self.new))

    def copy(self, start: int, stop: int) -> None:
        for step in self.program.steps[start:stop]:
            moved = (self.with_runs(step) if step in self.runs else step).relabelled(self.new)
            if moved is not step:
                self.new[step] = moved
            self.steps.append(moved)

    def note_needs(self) -> None:
        """Note which values of loops are needed outside them."""
        self.needed: dict[Stretch, dict[int, None]] = {stretch: {} for stretch in self.stretches}
        place = 0
        for stretch in self.stretches:
            self.need_of_steps(self.program.steps[place:stretch.start])
            place = stretch.stop
            for columns in stretch.columns:
                for column in columns:
                    if column.kind == "each":
                        column.source.kept[column.slot] = None
                    else:
                        self.need(column.leaves)
        self.need_of_steps(self.program.steps[place:])
        self.need(self.places.places.get(each) for each in self.program.outputs if type(each) is Node)

    def need_of_steps(self, steps: list[Node]) -> None:
        for step in steps:
            needed = operands(step)
            if is_scatter(step):
                runs, rest = find_runs(step, self.places.places, self.stretches)
                if runs:
                    self.runs[step] = runs, rest
                    for run in runs:
                        run.stretch.kept[run.slot] = None
                    needed = [step.args[0][i] for i in rest if type(step.args[0][i]) is Node]
            self.need(map(self.places.places.get, needed))

    def with_runs(self, step: Node) -> Node:
        """A scatter of pieces with one for each run of them."""
        runs, rest = self.runs[step]
        pieces, indices, *others = step.args
        pieces, indices = [pieces[i] for i in rest], [indices[i] for i in rest]
        for run in runs:
            piece, index = run.join(self.turns(run.stretch, run.slot, run.turns), self.add)
            pieces.append(piece)
            indices.append(index)
        kinds = map(type, step.args[:2])
        joined = [kind(each) for kind, each in zip(kinds, (pieces, indices))]
        return Node(step.function, (*joined, *others), step.kwargs, step.spec, step.name, "call", step.errstate)

    def turns(self, stretch: Stretch, slot: int, turns: range) -> Node:
        """The list of what was kept of these turns."""
        values = self.lists[stretch, slot]
        if turns == range(stretch.turns):
            return values
        return self.add(turn_of, (values, slice_of(turns)), values.spec)

    def need(self, codes: Iterable) -> None:
        for code in codes:
            if code is None or code < 0:
                continue
            stretch = self.stretch_at(code)
            if stretch is not None:
                self.needed[stretch][code] = None
                slot = (code - stretch.start) % stretch.period
                is_last = code >= stretch.stop - stretch.period
                (stretch.last if is_last else stretch.kept)[slot] = None

    def stretch_at(self, place: int) -> Stretch | None:
        for stretch in self.stretches:
            if stretch.start <= place < stretch.stop:
                return stretch
        return None

    def outside(self, code: int) -> Any:
        """What has this number, in the new program."""
        leaf = self.places.leaf(code)
        return self.new.get(leaf, leaf) if type(leaf) is Node else leaf

    def add(self, function: Any, args: tuple, spec: Any) -> Node:
        step = Node(function, args, {}, spec, function.__name__)
        self.steps.append(step)
        return step

