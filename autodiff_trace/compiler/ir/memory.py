"""Memory: which results of a program are written into buffers, that are kept between runs and used again in one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .node import Node

__all__ = ["Buffer", "Memory"]


class Buffer(NamedTuple):
    """Memory for one intermediate value at a time: an array with this shape, dtype and order of axes in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        size = self.dtype.itemsize
        for length in self.shape:
            size *= length
        return size

    def make(self) -> np.ndarray:
        """The array, uninitialised."""
        lengths = [self.shape[axis] for axis in self.axes]
        return np.empty(lengths, self.dtype).transpose(np.argsort(self.axes))


class Memory(NamedTuple):
    """The buffers of a program, and by the steps that write into one its number."""

    buffers: list[Buffer]
    numbers: dict[Node, int]

    def add(self, other: Memory) -> None:
        """Put the memory of a loop's body beside this one."""
        self.numbers.update({step: number + len(self.buffers) for step, number in other.numbers.items()})
        self.buffers.extend(other.buffers)
