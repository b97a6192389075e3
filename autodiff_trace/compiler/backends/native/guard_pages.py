"""Guard pages: memory whose end, or beginning, is where a page lies that may not be touched, for checks: native code
that reads or writes beyond it ends the process at once, and the debugger shows where."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

from ...ir.spec import Spec
from .bounds import extent
from .plain import Memory, new_array

__all__ = ["GuardedMemory", "guarded"]

PAGE = mmap.PAGESIZE
NOTHING, READING = 0, 1  # PROT_NONE, PROT_READ


def protect(address: int, size: int, how: int) -> None:
    """Let a range of pages be used in this way alone."""
    function = ctypes.CDLL(None, use_errno=True).mprotect
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    if function(address, size, how):
        raise OSError(ctypes.get_errno(), "mprotect")


def guarded(size: int, side: str = "after", content: bytes | None = None) -> np.ndarray:
    """So many bytes, right before a page that may not be touched (``side="before"``: right after one); those of
    ``content``, which may only be read."""
    inside = max(-(-size // PAGE), 1) * PAGE
    pages = np.frombuffer(mmap.mmap(-1, inside + 2 * PAGE), np.uint8)
    start = pages.ctypes.data
    block = pages[PAGE : PAGE + size] if side == "before" else pages[PAGE + inside - size : PAGE + inside]
    if content is None:
        block[:] = 0xFB  # what nobody has written shows: as float64 about -1e287
    else:
        block[:] = np.frombuffer(content, np.uint8)
        protect(start + PAGE, inside, READING)
    protect(start, PAGE, NOTHING)
    protect(start + PAGE + inside, PAGE, NOTHING)
    return block


class GuardedMemory(Memory):
    """Each array in pages of its own."""

    def __init__(self, side: str) -> None:
        self.side = side

    def enter(self, value: np.ndarray) -> np.ndarray:
        low, high = extent(value.shape, value.strides, value.itemsize)
        if not value.size:
            return value
        content = ctypes.string_at(value.__array_interface__["data"][0] + low, high - low)
        block = guarded(high - low, self.side, content)
        return np.ndarray(value.shape, value.dtype, block, -low, value.strides)

    def new(self, spec: Spec) -> np.ndarray:
        return new_array(spec, guarded(spec.nbytes, self.side))

    def leave(self, array: np.ndarray, spec: Spec) -> np.ndarray:
        copy = new_array(spec)
        copy[...] = array
        return copy
