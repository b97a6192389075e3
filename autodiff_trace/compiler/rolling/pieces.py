"""Pieces: what each turn of a loop adds to an array of zeros is summed up, or put in a row, at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...numpy.rules import scattering
from ..ir.loop import as_range, slice_of, sum_turns
from ..ir.node import Node, nodes_in
from ..ir.spec import Spec
from .turns import Stretch

__all__ = ["Run", "find_runs", "is_scatter"]

FEWEST = 8
"""Pieces that are worth a step of their own."""


class Run(NamedTuple):
    """What a step of a loop gave in some turns, pieces of a scatter: all for the same ``index``, or, where that is a
    range, for these items of the first axis, one each."""

    stretch: Stretch
    slot: int
    turns: range
    index: Any
    spec: Spec

    def join(self, values: Node, add: Callable) -> tuple[Node, Any]:
        """One piece for all, with its index. ``values`` are theirs; ``add`` makes a step."""
        if type(self.index) is not range:
            return add(sum_turns, (values,), self.spec), self.index
        spec = self.spec.with_shape((len(self.turns), *self.spec.shape))
        return add(np.array, (values,), spec), slice_of(self.index)


def is_scatter(step: Node) -> bool:
    return step.function is scattering.scatter and not step.kwargs and len(step.args[0]) >= FEWEST


def find_runs(step: Node, places: dict[Node, int], stretches: list[Stretch]) -> tuple[list[Run], list[int]]:
    """The runs among the pieces of a scatter, and the numbers of the other pieces."""
    pieces, indices, shape = step.args
    groups: dict[tuple[Stretch, int], list[int]] = {}
    turns = {}
    rest = []
    for i, piece in enumerate(pieces):
        place = places.get(piece) if type(piece) is Node else None
        found = [each for each in stretches if place is not None and each.start <= place < each.stop]
        if not found or piece.spec.dtype != step.spec.dtype or nodes_in((indices[i],)):
            rest.append(i)
            continue
        turns[i], slot = divmod(place - found[0].start, found[0].period)
        groups.setdefault((found[0], slot), []).append(i)
    runs = []
    for (stretch, slot), members in groups.items():
        run = find_run(stretch, slot, [turns[i] for i in members], [indices[i] for i in members], shape)
        if run is None or slot in stretch.hoisted:
            rest += members
        else:
            runs.append(Run(*run, pieces[members[0]].spec))
    return runs, sorted(rest)


def find_run(stretch: Stretch, slot: int, turns: list[int], indices: list, shape: tuple) -> tuple | None:
    """A run of these turns, without the value; None if there is none."""
    if len(turns) < FEWEST or (found := as_range(turns)) is None:
        return None
    index = indices[0]
    if all(type(each) is type(index) and each == index for each in indices) and is_plain(index):
        return stretch, slot, found, index
    if any(type(each) is not int for each in indices):
        return None
    places = as_range([each % shape[0] for each in indices])
    return None if places is None else (stretch, slot, found, places)


def is_plain(index: Any) -> bool:
    """Whether an index can be compared, since it is made of integers and slices."""
    if type(index) is tuple:
        return all(map(is_plain, index))
    return index is None or index is Ellipsis or type(index) in (int, slice)
