"""Selections: which elements of an array an index of slices, numbers and arrays of numbers names, as places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...ir.node import Node, parts_of, spec_at
from ...ir.spec import Spec
from .places import Place

__all__ = ["Numbers", "Selection", "is_selection", "select"]


class Numbers(NamedTuple):
    """An array of numbers in an index, or one: ``arg``, for the axis ``axis`` of length ``length``, whose elements are
    ``stride`` bytes from one another."""

    arg: Any
    axis: int
    length: int
    stride: int


class Selection(NamedTuple):
    """Elements of an array: those at ``place``, which has the shape of what is selected, for numbers that are all 0;
    for others so many strides further. ``axes`` are those of the numbers in that shape."""

    place: Place
    numbers: tuple[Numbers, ...]
    axes: tuple[int, ...]

    def numbers_place(self, place: Place) -> Place:
        """The place of numbers of an index, with the shape of what is selected."""
        for _ in range(len(self.axes) - len(place.shape)):
            place = place.insert(0)
        strides = dict(zip(self.axes, place.broadcast([self.place.shape[axis] for axis in self.axes]).strides))
        shape = self.place.shape
        return place._replace(shape=shape, strides=tuple([strides.get(axis, 0) for axis in range(len(shape))]))


def is_number(spec: Spec) -> bool:
    """Whether an argument is a number of a kind that counts elements, or an array of such."""
    if spec.dtype is None:
        return spec.kind is int
    return spec.dtype.char in "bBhHiIlq" and spec.dtype.isnative


def is_selection(spec: Spec, index: Any) -> bool:
    """Whether :func:`select` takes an index of such an array."""
    if not spec.is_array or not spec.size:
        return False
    parts = parts_of(index)
    used, given, arrays = 0, False, []
    for part in parts:
        if part is None or part is Ellipsis:
            given = given or part is Ellipsis
        elif type(part) in (int, slice):
            used += 1
        elif type(part) in (Node, np.ndarray) and not spec_at(part).items and is_number(spec_at(part)):
            used += 1
            arrays.append(spec_at(part))
        else:
            return False
    if not arrays or used > spec.ndim or sum(part is ... for part in parts) > 1:
        return False
    if given and used == spec.ndim and not (parts[0] is ... or parts[-1] is ...):
        return False  # it is not clear whether an Ellipsis for no axis stands between others
    # Equal numbers: the last one counts, in the order of C.
    return all(each.size > 0 and (each.is_contiguous or each.ndim < 2) for each in arrays)


def select(place: Place, index: Any) -> Selection:
    """The elements of an array at this place."""
    parts = list(parts_of(index))
    used = sum(part is not None and part is not ... for part in parts)
    at = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    parts[at:at + 1] = [slice(None)] * (len(place.shape) - used)
    is_array = [type(part) not in (int, slice) and part is not None for part in parts]
    has_arrays = any(each and spec_at(part).is_array for each, part in zip(is_array, parts))
    shapes = [spec_at(part).shape for each, part in zip(is_array, parts) if each]
    common = np.broadcast_shapes(*shapes)
    # Numbers beside arrays count as arrays: where what they are for stands together, its axes take its place.
    counts = [each or has_arrays and type(part) is int for each, part in zip(is_array, parts)]
    numbers = [i for i, each in enumerate(counts) if each]
    together = numbers[-1] - numbers[0] + 1 == len(numbers)
    shape: list[int] = []
    strides: list[int] = []
    found: list[Numbers] = []
    offset = axis = 0
    first = None

    for i, part in enumerate(parts):
        if i == numbers[0] and together:
            first = len(shape)
        if part is None:
            shape.append(1)
            strides.append(0)
            continue
        length, stride = place.shape[axis], place.strides[axis]
        if type(part) is slice:
            places = range(length)[part]
            offset += places.start * stride if places else 0
            shape.append(len(places))
            strides.append(stride * places.step)
        elif type(part) is int:
            offset += range(length)[part] * stride
        else:
            found.append(Numbers(part, axis, length, stride))
        axis += 1
    first = first or 0
    shape[first:first] = common
    strides[first:first] = (0,) * len(common)
    elements = place._replace(shape=tuple(shape), strides=tuple(strides)).moved(offset)
    return Selection(elements, tuple(found), tuple(range(first, first + len(common))))
