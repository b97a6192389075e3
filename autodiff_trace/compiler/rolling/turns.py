"""Turns: what the arguments of the steps in a repeated stretch are, turn by turn.

The places of the steps (and numbers below zero for other arguments) make a column for each argument of the body. Its
differences from turn to turn tell what it is: always the same, of this turn or the one before, of one turn of a loop
that stands before, also backwards, or something else for each turn.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.node import Node, is_fixed, spec_at
from ..rewrite.cse import is_pure
from ..analysis.liveness import is_in_first

__all__ = ["Column", "Places", "Stretch", "describe_turns", "is_view"]

LONGEST_LAG = 4
"""Turns after which something is carried, at most."""


class Column(NamedTuple):
    """An argument in all turns.

    Attributes:
        kind: "same", "local" (of the same turn), "carried", "each" (of turns of a loop before), "values" (fixed ones)
            or "nodes" (others).
        slot: the step of the body that makes it, if one of a loop does; ``lag``: how many turns before.
        leaves: the codes of what it is; of what is carried in the first turns alone.
        source: the stretch of an "each"; ``turns`` says of which of its turns.
    """

    kind: str
    leaves: Any = ()
    slot: int = -1
    lag: int = 0
    source: Any = None
    turns: range = range(0)


@dataclass(eq=False)
class Stretch:
    """A repeated stretch of the steps of a program: where it begins, its period, how many turns it has, and what its
    ``columns`` are, for each step of the body.

    ``hoisted``: steps that are the same in all turns, ``read``: those that read an item of something that is the same.
    ``guarded``: how many are the same, but must wait for a guard: they may fail, or warn, where it does not hold.
    ``kept``: of which steps other turns than the last are needed, ``last``: of which that is.
    """

    start: int
    period: int
    turns: int
    columns: list[list[Column]]
    hoisted: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    guarded: int = 0
    kept: dict[int, None] = field(default_factory=dict)
    last: dict[int, None] = field(default_factory=dict)

    @property
    def stop(self) -> int:
        return self.start + self.period * self.turns


class Places:
    """The numbers of what stands among the arguments: of steps their places, of others numbers below zero."""

    def __init__(self, steps: list[Node], leaves: list) -> None:
        self.steps = steps
        self.leaves = leaves
        self.places = {step: i for i, step in enumerate(steps)}
        self.known: dict[Any, int] = {}
        self.others: list = []

    def code(self, leaf: Any) -> int:
        place = self.places.get(leaf) if type(leaf) is Node else None
        return self.code_of_other(leaf) if place is None else place

    def code_of_other(self, leaf: Any) -> int:
        kind = type(leaf)
        if kind is Node or not isinstance(leaf, (int, float, complex, str, np.number, np.bool_, type(None))):
            key: Any = id(leaf)  # what the program refers to lives on
        else:  # zeros have signs, those within complex numbers, too
            key = kind, leaf, repr(leaf) if leaf == 0 or isinstance(leaf, (complex, np.complexfloating)) else ""
        code = self.known.get(key)
        if code is None:
            code = self.known[key] = -1 - len(self.others)
            self.others.append(leaf)
        return code

    def leaf(self, code: int) -> Any:
        """What has this number."""
        return self.steps[code] if code >= 0 else self.others[-1 - code]

    def matrix(self, start: int, period: int, turns: int) -> list[list[np.ndarray]]:
        """For each step of the body, and each of its leaves, the numbers in all turns."""
        code = self.code
        result = []
        for slot in range(start, start + period):
            rows = [self.leaves[place] for place in range(slot, slot + period * turns, period)]
            columns = []
            for k in range(len(rows[0])):
                columns.append(np.array([code(row[k]) for row in rows]))
            result.append(columns)
        return result


def describe_turns(
    places: Places, matrix: list, start: int, turns: int, before: Sequence[Stretch], peeled: list | None = None
) -> Stretch | None:
    """The stretch of these turns, None if they do not all do the same; ``peeled`` are the codes of the turn before."""
    stretch = Stretch(start, len(matrix), turns, [])
    made: set[int] = set()  # steps that this turn has made with the same arguments
    is_guarded = False
    for slot, codes in enumerate(matrix):
        columns = []
        step = places.steps[start + slot]
        for k, column in enumerate(codes):
            found = describe(column, stretch, before, places)
            if found is None or found.kind == "values" and not takes_values(step, k, found, places):
                return None
            columns.append(found)
        stretch.columns.append(columns)
        if is_read(step) and any(column.kind == "values" for column in columns):
            if columns[0].kind != "same" or not all(is_plain(column, places) for column in columns[1:]):
                return None
            stretch.read.add(slot)
            continue
        is_guarded = is_guarded or step.kind == "guard"
        if step.kind == "call" and is_pure(step) and all(
            column.kind == "same" or column.kind == "local" and column.slot in stretch.hoisted for column in columns
        ):
            if peeled is not None and all(
                code == (column.leaves[0] if column.kind == "same" else start - stretch.period + column.slot)
                and (column.kind == "same" or column.slot in made) for column, code in zip(columns, peeled[slot])
            ):
                made.add(slot)
            if not is_guarded or slot in made or is_view(step):
                stretch.hoisted.add(slot)
            else:
                stretch.guarded += 1
    return stretch


def describe(codes: np.ndarray, stretch: Stretch, before: Sequence[Stretch], places: Places) -> Column | None:
    first, last = int(codes[0]), int(codes[-1])
    start, period, turns = stretch.start, stretch.period, stretch.turns
    if first == last and (codes == first).all():
        return Column("same", [first]) if first < start else None
    if last >= start:
        turn, slot = divmod(last - start, period)
        lag = turns - 1 - turn
        if not 0 <= lag <= min(LONGEST_LAG, turns - 1):
            return None
        if not (codes[lag:] == np.arange(turns - lag) * period + start + slot).all():
            return None
        if lag == 0:
            return Column("local", slot=slot)
        if (codes[:lag] >= start).any():
            return None
        spec = places.steps[start + slot].spec
        inits = [places.leaf(int(code)) for code in codes[:lag]]
        if any(spec_at(init) != spec for init in inits):
            return None
        return Column("carried", codes[:lag].tolist(), slot, lag)
    if (codes >= start).any():
        return None
    if first >= 0:
        stride = int(codes[1]) - first
        if stride and (codes == first + stride * np.arange(turns)).all():
            for other in before:
                is_inside = other.start <= min(first, last) and max(first, last) < other.stop
                if is_inside and stride % other.period == 0:
                    turn, slot = divmod(first - other.start, other.period)
                    step = stride // other.period
                    return Column("each", (), slot, 0, other, range(turn, turn + step * turns, step))
    leaves = [places.leaf(int(code)) for code in codes]
    specs = {spec_at(leaf) for leaf in leaves}
    if len(specs) > 1:
        return None
    if all(type(leaf) is Node for leaf in leaves):
        return Column("nodes", codes.tolist())
    return Column("values", codes.tolist()) if all(map(is_fixed, leaves)) else None


def takes_values(step: Node, k: int, column: Column, places: Places) -> bool:
    """Whether an argument may be another number in each turn."""
    if is_read(step):
        return k > 0
    kind = spec_at(places.leaf(int(column.leaves[0]))).kind
    is_number = issubclass(kind, (int, float, complex, np.generic)) and kind is not bool
    function = getattr(step.function, "fun", step.function)
    is_known = isinstance(function, np.ufunc) or getattr(function, "__module__", "") == "_operator"
    return is_number and is_known and not step.kwargs and k < len(step.args) and step.args[k] is places.leaves[
        places.places[step]][k]


def is_plain(column: Column, places: Places) -> bool:
    """Whether an argument is none of the program's values, in each turn."""
    return column.kind in ("same", "values") and all(type(places.leaf(int(code))) is not Node for code in column.leaves)


def is_view(step: Node) -> bool:
    """Whether a step only looks at an array in another way, which cannot fail for others of its shape."""
    traits = traits_of(step.function)
    return traits.moves_elements and is_in_first(step.function) and (
        step.name != "getitem" or calls.is_basic(step.args[1])
    )


def is_read(step: Node) -> bool:
    """Whether a step reads items."""
    return getattr(step.function, "fun", step.function) is operator.getitem and len(step.args) == 2
