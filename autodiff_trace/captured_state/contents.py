"""What arrays hold: a copy that is compared as a whole, so that no write goes unnoticed, or a sample."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np

__all__ = ["Contents", "sample"]

SMALL = 2**14
"""Bytes of an array that is compared as a whole (1 µs)."""


class Contents:
    """What ``array`` held, and in which form.

    All of it is compared in one pass through memory (``memcmp``): 1 KB takes 0.1 µs, 1 MB some 30, of which a checksum
    would take ten times as many.

    >>> array = np.zeros(3)
    >>> contents = Contents(array)
    >>> array[2] = 1.0
    >>> contents.hold()
    False
    """

    __slots__ = ("array", "shape", "dtype", "seen", "kept")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape = array.shape
        self.dtype = array.dtype
        self.seen = bytes_of(array)
        self.kept: Any = None
        if array.dtype.hasobject:
            self.kept = array.copy()
        else:
            self.kept = bytearray(bytes_in_order(array) if self.seen is None else self.seen)

    def hold(self) -> bool:
        """Whether the array still has that shape and dtype, and holds the same."""
        array = self.array
        if array.shape != self.shape or array.dtype is not self.dtype:
            return False
        if self.seen is not None:
            return self.kept == self.seen
        if array.dtype.hasobject:
            return all(map(is_, array.flat, self.kept.flat))
        return self.kept == bytes_in_order(array)

    def set_back(self) -> None:
        """Let the array hold what it held, if it does no longer."""
        if self.hold():
            return
        array = self.array.view(np.ndarray)
        if array.shape != self.shape or array.dtype is not self.dtype:
            array = array.view(self.dtype).reshape(self.shape)
            self.array.dtype, self.array.shape = self.dtype, self.shape
        if self.seen is not None:
            self.seen[...] = np.frombuffer(self.kept, np.uint8)
        elif array.dtype.hasobject:
            array[...] = self.kept
        else:
            array[...] = np.frombuffer(self.kept, self.dtype).reshape(self.shape)


def bytes_of(array: np.ndarray) -> np.ndarray | None:
    """The memory of the array as bytes; None where it does not lie in one piece, or holds objects."""
    plain = array.view(np.ndarray)
    plain = plain if plain.flags.c_contiguous else plain.T
    return plain.reshape(-1).view(np.uint8) if plain.flags.c_contiguous and not plain.dtype.hasobject else None


def bytes_in_order(array: np.ndarray) -> np.ndarray:
    """A copy of the elements, as bytes."""
    return np.ascontiguousarray(array).view(np.ndarray).reshape(-1).view(np.uint8)


def sample(array: np.ndarray) -> bytes:
    """The contents of an array; of a large one some of them, enough to see that it was written as a whole."""
    if array.nbytes <= SMALL:
        return array.tobytes()
    flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
    return flat[:: max(1, array.size // 512)].tobytes()
