"""Places: where in memory the elements of arrays are, as bases, offsets and strides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ir.layout import indexed
from ...ir.spec import Spec, c_strides
from .code import At
from .operands import dtype_of

__all__ = ["Place", "collapse", "place_of"]


class Place(NamedTuple):
    """Elements in memory: the address of the first one, and how many bytes there are from one to the next."""

    at: At
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def moved(self, offset: int) -> Place:
        """The same elements, so many bytes further."""
        return self._replace(at=At(self.at.base, self.at.offset + offset))

    def broadcast(self, shape: tuple[int, ...]) -> Place:
        """The same elements seen with this shape, as NumPy broadcasts."""
        lead = len(shape) - len(self.shape)
        strides = [0 if old != new else stride for old, new, stride in zip(self.shape, shape[lead:], self.strides)]
        return self._replace(shape=tuple(shape), strides=(0,) * lead + tuple(strides))

    def along(self, axes: Sequence[int]) -> Place:
        """These axes alone, at the beginning of the others."""
        return self._replace(
            shape=tuple([self.shape[axis] for axis in axes]), strides=tuple([self.strides[axis] for axis in axes]))

    def insert(self, axis: int, length: int = 1, stride: int = 0) -> Place:
        shape, strides = list(self.shape), list(self.strides)
        shape.insert(axis, length)
        strides.insert(axis, stride)
        return self._replace(shape=tuple(shape), strides=tuple(strides))

    def index(self, index: Any) -> Place:
        """The elements that an index of integers and slices reads."""
        shape, strides, offset = indexed(self.shape, self.strides, index)
        return self._replace(shape=shape, strides=strides).moved(offset)

    def is_contiguous(self) -> bool:
        natural = c_strides(self.shape, self.dtype.itemsize)
        return all(n == 1 or stride == each for n, stride, each in zip(self.shape, self.strides, natural))

    def is_dense(self) -> bool:
        """Whether the elements are next to one another from the first on, in any order of axes."""
        end = self.dtype.itemsize
        for stride, length in sorted(zip(self.strides, self.shape)):
            if length != 1:
                if stride != end:
                    return False
                end *= length
        return True

    def elements(self) -> list[int]:
        """The offsets of all elements, in the order of C."""
        offsets = [0]
        for length, stride in zip(self.shape, self.strides):
            offsets = [offset + i * stride for offset in offsets for i in range(length)]
        return offsets


def place_of(spec: Spec, at: At) -> Place:
    """The place of a value with this spec; a number of Python's is held as its dtype."""
    dtype = dtype_of(spec)
    return Place(at, spec.shape, spec.strides or c_strides(spec.shape, dtype.itemsize), dtype)


def collapse(shape: Sequence[int], strides: Iterable[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The fewest axes with which all of some operands can be walked in the same order: neighbours along which each
    operand moves on evenly are one. ``strides`` has those of each operand.

    >>> collapse((2, 3), [(24, 8), (0, 0)])
    ([6], [[8], [0]])
    """
    columns = [(n, each) for n, each in zip(shape, zip(*strides)) if n != 1]
    merged: list[tuple[int, tuple[int, ...]]] = []
    for n, steps in columns:
        if merged:
            length, outer = merged[-1]
            if all(a == b * n for a, b in zip(outer, steps)):
                merged[-1] = length * n, steps
                continue
        merged.append((n, steps))
    lengths = [n for n, _ in merged]
    return lengths, [list(each) for each in zip(*[steps for _, steps in merged])] if merged else []
