"""Replay: a program that has been compiled, with the buffers that its runs write into."""

from __future__ import annotations

import itertools
import linecache
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .emit import Source

__all__ = ["Arena", "Buffer", "Replay"]

numbers = itertools.count(1)


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


class Replay:
    """A compiled program. Calls of it at the same time, in several threads, have buffers of their own."""

    def __init__(self, source: Source, buffers: list[Buffer], entry: str) -> None:
        self.source = source
        self.buffers = buffers
        self.nbytes = sum(buffer.nbytes for buffer in buffers)
        self.filename = f"<jit {entry} {next(numbers)}>"
        self.entry = entry
        self.code = compile(source.text, self.filename, "exec")
        # Tracebacks show the emitted lines. (None for the time of change: linecache.checkcache keeps the entry.)
        linecache.cache[self.filename] = len(source.text), None, source.text.splitlines(True), self.filename
        self.idle: list[Callable] = []  # instances that no call is using; append and pop are atomic
        self.held = 0
        if not buffers:
            self.idle = None  # one instance serves all
            self.instance = self.make_instance()

    def __call__(self, leaves: list) -> Any:
        """Run the program. A Miss says that it is not the one for these values."""
        if self.idle is None:
            return self.instance(*leaves)
        try:
            instance = self.idle.pop()
        except IndexError:
            instance = self.make_instance()
            keep = arena.take(self.nbytes)
            if keep:
                self.held += self.nbytes
        else:
            keep = True
        try:
            return instance(*leaves)
        finally:
            if keep:
                self.idle.append(instance)

    def make_instance(self) -> Callable:
        """The program as a function with buffers of its own."""
        names = dict(self.source.names)
        for i, buffer in enumerate(self.buffers):
            names[f"b{i}"] = buffer.make()
        exec(self.code, names)
        return names[self.entry]

    def __del__(self) -> None:
        linecache.cache.pop(self.filename, None)
        if self.held:
            arena.give_back(self.held)
