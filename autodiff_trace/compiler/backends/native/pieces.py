"""Pieces: arrays that are put together from others, or from sums of some, along one axis: each element is written once.

What a nest computes only as a piece is written at once where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...ir.node import Node, spec_at
from ..numpy_source import calls
from .operations import find_operation
from .places import Place
from .registers import Lanes, Value
from .scheduling import ALONE

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["Interval", "add_intervals", "find_home", "intervals", "joined", "target_of"]

MOST = 12
"""Intervals of an axis: each is a loop of its own."""


class Interval(NamedTuple):
    """Elements from ``start`` to ``stop`` of an axis, which are sums of those of pieces: ``parts`` has the number of
    each, and where it begins. ``has_zero``: beginning with 0."""

    start: int
    stop: int
    has_zero: bool
    parts: tuple[tuple[int, int], ...]


def joined(step: Node) -> Iterator[tuple[Any, tuple]]:
    """The pieces of a concatenation, or of a stack, and the index of each."""
    if step.function is np.concatenate:
        axis, start = (step.args[1] if len(step.args) > 1 else 0) % step.spec.ndim, 0
        for each in step.args[0]:
            stop = start + spec_at(each).shape[axis]
            yield each, (slice(None),) * axis + (slice(start, stop),)
            start = stop
    else:
        axis = step.args[1] % step.spec.ndim if step.function is np.stack and len(step.args) > 1 else 0
        for i, each in enumerate(step.args[0]):
            yield each, (slice(None),) * axis + (i,)


def intervals(step: Node) -> tuple[int, list[Interval]] | None:
    """The axis along which a scatter puts pieces, and its intervals; None if there are several such axes."""
    pieces, indices, shape, zeros, ways = step.args
    found = [ranges(index, shape) for index in (*zeros, *indices)]
    if None in found or "add.at" in ways:
        return None
    axes = {axis for each in found for axis, (own, n) in enumerate(zip(each, shape)) if own != range(n)}
    if len(axes) != 1:
        return None
    axis = axes.pop()
    spans = [each[axis] for each in found]
    ends = sorted({0, shape[axis], *[end for span in spans for end in (span.start, span.stop)]})
    result = []
    for start, stop in zip(ends, ends[1:]):
        has_zero, parts = False, []
        for i, span in enumerate(spans, -len(zeros)):
            if span.start <= start and stop <= span.stop:
                if i < 0 or ways[i] == "write":
                    has_zero, parts = i < 0, []
                if i >= 0:
                    parts.append((i, span.start))
        result.append(Interval(start, stop, has_zero, tuple(parts)))
    return (axis, result) if len(result) <= MOST and all(each.has_zero or each.parts for each in result) else None


def ranges(index: Any, shape: tuple[int, ...]) -> list[range] | None:
    """The elements of each axis that an index of slices names; None for other indices."""
    parts = index if type(index) is tuple else (index,)
    if len(parts) > len(shape) or any(type(part) is not slice for part in parts):
        return None
    found = [range(n)[part] for part, n in zip((*parts, *[slice(None)] * len(shape)), shape)]
    return found if all(each.step == 1 for each in found) else None


def add_intervals(translator: Translator, step: Node, axis: int, found: list[Interval]) -> None:
    """The records of such a scatter."""
    target = target_of(translator, step)
    pieces = list(map(translator.place, step.args[0]))
    before, char = (slice(None),) * axis, target.dtype.char
    add = find_operation(np.add, char * 2)
    for start, stop, has_zero, parts in found:
        to = target.index((*before, slice(start, stop)))
        sources = [pieces[i].index((*before, slice(start - first, stop - first))) for i, first in parts]
        if sources == [to] and not has_zero:
            continue

        def total(lanes: Lanes, *values: Value, has_zero: bool = has_zero) -> Value:
            return reduce(lambda x, y: add(lanes, x, y), [lanes.const(0, char)] * has_zero + list(values))

        if sources:
            translator.move(total, sources, to)
        else:
            translator.copy(translator.constant(np.zeros((), to.dtype)).broadcast(to.shape), to)


def target_of(translator: Translator, step: Node) -> Place:
    """The memory of an array that is put together: pieces may have been written there already."""
    return translator.places.get(step) or translator.allocate(step)


def find_home(translator: Translator, node: Node) -> Place | None:
    """Where a value that is nothing but a piece is in the array that it is a piece of."""
    users = translator.program.users.get(node, ())
    if len(users) != 1 or node in translator.program.kept or translator.kinds.key(users[0]) != ALONE:
        return None
    user = users[0]
    if user.function in (np.concatenate, np.stack, np.array):
        pairs = list(joined(user)) if type(user.args[0]) in (list, tuple) else []
    elif user.function is calls.scatter and user not in translator.places and intervals(user) is not None:
        pairs = list(zip(user.args[0], user.args[1]))  # one alone: others may overlap it
    else:
        return None
    own = [index for each, index in pairs if each is node]
    if len(own) != 1 or user.spec.dtype != node.spec.dtype:
        return None
    target = target_of(translator, user)
    place = target.index(own[0])
    if place.shape != node.spec.shape:
        return None
    translator.places[node] = place
    return place
