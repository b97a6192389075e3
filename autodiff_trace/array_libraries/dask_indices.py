"""Indices into Dask's arrays, in one form: for each part of an index the places that it names, axis by axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import dask.array as da
import numpy as np

__all__ = ["Group", "advanced_axis", "full_index", "groups_of", "has_lazy", "mask_axis"]


class Group(NamedTuple):
    """Part of an index: the places that it names on ``axes``, together, and the axes that it gives the answer."""

    axes: tuple[int, ...]
    places: tuple  # of ranges or of arrays of numbers, one an axis
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)


def is_array(part: Any) -> bool:
    return isinstance(part, (list, np.ndarray, da.Array))


def has_lazy(index: Any) -> bool:
    """Whether an array of Dask's is in an index."""
    return any(isinstance(part, da.Array) for part in (index if type(index) is tuple else (index,)))


def full_index(index: Any, ndim: int) -> list:
    """The parts of an index: for each axis one (masks are for several), and None for new axes."""
    parts: list = []
    for part in index if type(index) is tuple else (index,):
        part = np.asarray(part) if isinstance(part, list) else part
        if isinstance(part, np.ndarray) and part.dtype == bool:
            parts += np.nonzero(part) if part.ndim else [part]
        else:
            parts.append(part.astype(int) if isinstance(part, np.ndarray) and not part.size else part)
    used = sum(part.ndim if is_mask(part) else part is not None and part is not Ellipsis for part in parts)
    if used > ndim:
        raise IndexError(f"too many indices for array: array is {ndim}-dimensional, but {used} were indexed")
    rest = [slice(None)] * (ndim - used)
    place = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:place], *rest, *parts[place + 1 :]]


def is_mask(part: Any) -> bool:
    return isinstance(part, da.Array) and part.dtype == bool


def mask_axis(parts: Sequence) -> int | None:
    """Where the one mask of Dask's among the parts of an index stands."""
    return next((i for i, part in enumerate(parts) if is_mask(part)), None)


def advanced_axis(parts: Sequence) -> int:
    """Behind how many axes of the answer NumPy puts those of the arrays in an index: none, if these stand apart."""
    arrays = [i for i, part in enumerate(parts) if is_array(part)]
    together = [i for i, part in enumerate(parts) if is_array(part) or isinstance(part, (int, np.integer))]
    return arrays and together[0] if together == list(range(together[0], together[-1] + 1)) else 0


def groups_of(index: Any, shape: tuple[int, ...]) -> list[Group]:
    """An index whose numbers are known as groups, in the order of the axes that they give the answer."""
    parts = full_index(index, len(shape))
    groups, arrays, axis = [], [], 0
    mixes = any(map(is_array, parts))
    for part in parts:
        if part is None:
            groups.append(Group((), (), (1,)))
            continue
        size = shape[axis]
        if isinstance(part, slice):
            places = range(*part.indices(size))
            groups.append(Group((axis,), (places,), (len(places),)))
        else:
            numbers = np.asarray(part)
            if numbers.size and not (-size <= numbers.min() and numbers.max() < size):
                raise IndexError(f"index {numbers.max()} is out of bounds for axis {axis} with size {size}")
            numbers = np.where(numbers < 0, numbers + size, numbers)
            if mixes:
                arrays.append((axis, numbers))
            else:
                groups.append(Group((axis,), (range(int(numbers), int(numbers) + 1),), ()))
        axis += 1
    if arrays:
        joint = np.broadcast_arrays(*[numbers for _, numbers in arrays])
        group = Group(tuple([axis for axis, _ in arrays]), tuple([each.ravel() for each in joint]), joint[0].shape)
        groups.insert(advanced_axis(parts), group)
    return groups
