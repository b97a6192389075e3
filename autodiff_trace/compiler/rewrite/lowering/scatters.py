"""Lowering of what adds pieces up in an array of zeros: the transposes of indexing."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ....numpy.rules import scattering
from ...backends.numpy_source import calls
from ...ir.node import Node, parts_of
from ...ir.spec import spec_of
from ...ir.infer import call
from .table import lowers

MANY = 100
"""Pieces from which on they are not compared, each with each."""

SPARSE = 16
"""Elements for each piece up to which all elements are listed."""

Box = tuple[range, ...]
"""The places along each axis."""


@lowers(scattering.scatter)
def lower_scatter(step):
    """Numbers at fixed places are added up one by one; slices are written, or added where others were written."""
    pieces, indices, shape = step.args
    if len(shape) == 1 and len(pieces) * SPARSE >= shape[0] and all(type(index) is int for index in indices):
        return lower_scattered_numbers(step, pieces, indices, shape[0])
    if all(type(piece) is Node for piece in pieces) and all(map(is_placing, indices)):
        boxes = [as_box(index, shape) for index in indices]
        steps, pieces, indices, boxes = join_pieces(pieces, indices, boxes, step)
        zeros, ways = plan(indices, boxes, shape)
        return [*steps, step.with_call(calls.scatter, (pieces, indices, shape, zeros, ways))]
    return None


def is_placing(index):
    """Whether an index is no mask."""
    parts = (part for part in parts_of(index) if part is not None and part is not Ellipsis and type(part) is not slice)
    return all(index_kind(part) in "iu" for part in parts)


def index_kind(part: Any) -> str:
    """The kind of the dtype of a part of an index."""
    if type(part) is not Node:
        return np.asarray(part).dtype.kind
    return (part.spec.dtype or np.dtype(part.spec.kind)).kind


def join_pieces(pieces: list, indices: list, boxes: list, step: Node) -> tuple[list[Node], list[Node], list, list]:
    """The steps that add up pieces for the same places; what they give, and the indices and boxes of these."""
    steps: list[Node] = []
    sums: dict[Any, Node] = {}
    places: dict[Any, Any] = {}
    for i, (piece, index, box) in enumerate(zip(pieces, indices, boxes)):
        place = index if type(index) is Node else box
        key = i if place is None else (place, piece.spec.shape, piece.spec.dtype)
        if key in sums:
            piece = call(np.add, (sums[key], piece), step)
            steps.append(piece)
        sums[key] = piece
        places.setdefault(key, (index, box))
    return steps, list(sums.values()), *map(list, zip(*places.values()))


def plan(indices: list, boxes: list, shape: tuple[int, ...]) -> tuple[tuple, tuple[str, ...]]:
    """Where zeros are needed, as indices, and how each piece gets to its places, as ``calls.scatter`` takes it."""
    if len(boxes) > MANY or None in boxes:
        return ((...,),), tuple(["add" if calls.is_basic(index) else "add.at" for index in indices])
    free = [not any(overlap(box, other) for other in boxes[:i]) for i, box in enumerate(boxes)]
    ways = tuple(["write" if each else "add" for each in free])
    if sum(math.prod(map(len, box)) for box, each in zip(boxes, free) if each) == math.prod(shape):
        return (), ways
    return tuple(slabs_around(boxes[0], shape)), ways


def as_box(index: Any, shape: tuple[int, ...]) -> Box | None:
    """The places that an index of integers and slices names; None for others, and for those with gaps."""
    parts = list(parts_of(index))
    if not calls.is_basic(index) or None in parts or parts.count(...) > 1:
        return None
    if ... in parts:
        place = parts.index(...)
        parts[place:place + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    parts += [slice(None)] * (len(shape) - len(parts))
    spans = [slice(part, part + 1 or None) if type(part) is int else part for part in parts]
    box = tuple([range(size)[span] for span, size in zip(spans, shape)])
    return box if all(places.step == 1 for places in box) else None


def overlap(x: Box, y: Box) -> bool:
    return all(max(a.start, b.start) < min(a.stop, b.stop) for a, b in zip(x, y))


def slabs_around(box: Box, shape: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Indices that name all places but those in the box, once."""
    slabs = []
    for axis, (places, size) in enumerate(zip(box, shape)):
        before = [slice(each.start, each.stop) for each in box[:axis]]
        slabs += [(*before, slice(*ends)) for ends in ((0, places.start), (places.stop, size)) if ends[0] < ends[1]]
    return slabs


def lower_scattered_numbers(step, pieces, indices, size):
    zero = step.spec.dtype.type(0)
    number = spec_of(zero)
    sums: list[Any] = [zero] * size
    steps = []
    for piece, index in zip(pieces, indices):
        if type(piece) is not Node or piece.spec.dtype != step.spec.dtype:
            return None
        if sums[index] is zero:
            sums[index] = piece
        else:
            sums[index] = call(operator.add, (sums[index], piece), step, number)
            steps.append(sums[index])
    return [*steps, step.with_call(np.array, (sums,))]
