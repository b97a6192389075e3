"""Outlines: what the nodes of a recording keep of large arrays, shape, dtype and strides."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LARGE", "Outlines", "is_outline"]

LARGE = 2**16
"""Bytes. Of larger values nodes keep the outline, which takes no memory."""

SMALL, ENOUGH = 2**9, 2**24
"""Bytes. When so much (the second) has been kept, of arrays larger than the first too: long recordings take bounded
memory beside their steps."""


class Outlines:
    """Makes the outlines of one recording. Their elements are zeros, which all of them share and none may write.

    Nodes would otherwise keep all arrays of a run alive at a time. (Zeros of their own would be arrays again: what
    ``np.zeros`` gets is memory that was let go, as a rule, which it has to clear.)
    """

    def __init__(self, least: int = LARGE) -> None:
        self.zeros = np.zeros(0, np.uint8)
        self.least = least
        self.kept = 0

    def of(self, value: Any) -> Any:
        """``value`` itself, or the outline of a large array."""
        if type(value) is not np.ndarray:
            return value
        if value.nbytes < self.least or value.dtype.hasobject or min(value.strides) < 0:
            self.kept += value.nbytes
            if self.kept > ENOUGH:
                self.least = SMALL
            return value
        span = value.itemsize + sum((length - 1) * stride for length, stride in zip(value.shape, value.strides))
        if span > self.zeros.size:
            self.zeros = np.zeros(span, np.uint8)
            self.zeros.flags.writeable = False
        return np.ndarray(value.shape, value.dtype, self.zeros, strides=value.strides)


def is_outline(value: Any) -> bool:
    """Whether the elements of a value may be those of an outline."""
    if type(value) is not np.ndarray or value.flags.writeable:
        return False
    return type(value.base) is np.ndarray and value.base.dtype == np.uint8
