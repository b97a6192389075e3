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

    PATIENCE = 3
    """Failures of Python's floats after which they are not tried again."""

    def __init__(self, source: Source, buffers: list[Buffer], entry: str, exact: Replay | None = None) -> None:
        self.source = source
        self.exact = exact  # the same program without Python's floats, where this one has some
        self.failures = 0
        self.buffers = buffers
        self.nbytes = sum(buffer.nbytes for buffer in buffers)
        self.filename = f"<jit {entry} {next(numbers)}>"
        self.entry = entry
        self.code = None
        self.idle: list[Callable] = []  # instances that no call is using; append and pop are atomic
        self.held = 0

    def __call__(self, leaves: list) -> Any:
        """Run the program. A Miss says that it is not the one for these values."""
        if self.exact is None:
            return self.run(leaves)
        if self.failures < self.PATIENCE:
            try:
                return self.run(leaves)
            except (ArithmeticError, ValueError):  # of math.log(0), 1.0 / 0.0, or of the last check
                self.failures += 1
        return self.exact(leaves)

    def run(self, leaves: list) -> Any:
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
        if self.code is None:
            text = self.source.text
            # Tracebacks show the emitted lines. (None for the time of change: linecache.checkcache keeps the entry.)
            linecache.cache[self.filename] = len(text), None, text.splitlines(True), self.filename
            self.code = compile(text, self.filename, "exec")
        names = dict(self.source.names)
        for i, buffer in enumerate(self.buffers):
            names[f"b{i}"] = buffer.make()
        exec(self.code, names)
        return names[self.entry]

    def __del__(self) -> None:
        linecache.cache.pop(self.filename, None)
        if self.held:
            arena.give_back(self.held)
