"""Arrays in memory that processes share: pickled as the name of their block. Knows no process."""

from __future__ import annotations

import io
import pickle
import weakref
from collections.abc import Iterable
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

__all__ = ["LARGE", "Blocks", "attach", "detach", "dumps"]

LARGE = 2**16
"""Bytes above which an array is shared; smaller ones travel with the message."""


class Blocks:
    """Blocks of shared memory, which this process owns: the arrays of one call, or those that a pool keeps."""

    def __init__(self) -> None:
        self.held: list[SharedMemory] = []
        self.close = weakref.finalize(self, free, self.held)

    def copy(self, array: np.ndarray) -> tuple[np.ndarray, tuple]:
        """A copy of ``array`` in a block of its own, and what :func:`attach` finds it by."""
        block = SharedMemory(create=True, size=max(array.nbytes, 1))
        self.held.append(block)
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        copied = array_in(block, array.shape, array.dtype, order)
        copied[...] = array
        return copied, (block.name, array.shape, array.dtype, order)


def array_in(block: SharedMemory, shape: tuple, dtype: np.dtype, order: str) -> np.ndarray:
    """The array in a block, which holds the memory (that of ``np.ndarray(…, buffer=block.buf)`` may be gone)."""
    size = int(np.prod(shape)) * dtype.itemsize
    return np.asarray(block.buf)[:size].view(dtype).reshape(shape, order=order)


def free(blocks: list[SharedMemory]) -> None:
    """Give blocks back to the system. Arrays in them that are still held keep their memory."""
    while blocks:
        block = blocks.pop()
        block.unlink()
        close(block)


def close(block: SharedMemory) -> None:
    try:
        block.close()
    except BufferError:  # somebody holds an array in it, with which its memory goes
        block._mmap = None  # type: ignore[attr-defined]
        block.close()  # its file


class SharingPickler(pickle.Pickler):
    """Pickles, and puts large arrays into blocks: those of ``kept``, by the ids of their arrays, are there already."""

    def __init__(self, file: io.BytesIO, blocks: Blocks, kept: dict[int, tuple]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.blocks = blocks
        self.known = dict(kept)
        self.seen: list[np.ndarray] = []

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not np.ndarray or obj.nbytes < LARGE or obj.dtype.hasobject:
            return NotImplemented
        if id(obj) not in self.known:
            self.seen.append(obj)  # so that its id is not given again
            self.known[id(obj)] = self.blocks.copy(obj)[1]
        return attach, self.known[id(obj)]


def dumps(obj: Any, blocks: Blocks, kept: dict[int, tuple]) -> bytes:
    """``obj``, pickled, with large arrays in ``blocks``."""
    file = io.BytesIO()
    SharingPickler(file, blocks, kept).dump(obj)
    return file.getvalue()


attached: dict[str, SharedMemory] = {}
"""In a process that works: the blocks of others that it has open."""


def attach(name: str, shape: tuple, dtype: np.dtype, order: str) -> np.ndarray:
    """The array of another process in the block ``name``, which cannot be written to."""
    if name not in attached:
        attached[name] = SharedMemory(name)
    array = array_in(attached[name], shape, dtype, order)
    array.flags.writeable = False
    return array


def detach(but: Iterable[str]) -> None:
    """Close the blocks of others, ``but`` some."""
    for name in attached.keys() - set(but):
        close(attached.pop(name))
