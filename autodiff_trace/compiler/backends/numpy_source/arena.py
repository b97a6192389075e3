"""The memory of compiled programs: buffers for intermediate values, and how much of it is held between runs."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from ...ir.node import Node

__all__ = ["Arena", "Buffer", "Memory", "arena"]


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
    """Where the steps of a program write: its buffers, and for those that write into one its number."""

    buffers: list[Buffer]
    numbers: dict[Node, int]

    def add(self, other: Memory) -> None:
        """Put the memory of a loop's body beside this one."""
        self.numbers.update({step: number + len(self.buffers) for step, number in other.numbers.items()})
        self.buffers.extend(other.buffers)


class Arena:
    """The memory that the compiled programs hold on to between runs, all together."""

    LIMIT = 512 * 2**20
    """Bytes; what goes beyond is allocated for each run and let go."""

    def __init__(self) -> None:
        self.held = 0
        self.lock = threading.Lock()

    def take(self, nbytes: int) -> bool:
        """Whether so many bytes more may be held; if so they are counted."""
        with self.lock:
            if self.held + nbytes > self.LIMIT:
                return False
            self.held += nbytes
            return True

    def give_back(self, nbytes: int) -> None:
        with self.lock:
            self.held -= nbytes


arena = Arena()
