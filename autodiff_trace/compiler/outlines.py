"""Outlines: what the nodes of a recording keep of large arrays, shape, dtype and strides."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LARGE", "Outlines"]

LARGE = 2**16
"""Bytes. Of larger values nodes keep the outline, which takes no memory."""


class Outlines:
    """Makes the outlines of one recording. Their elements are zeros, which all of them share and none may write.

    Nodes would otherwise keep all arrays of a run alive at a time. (Zeros of their own would be arrays again: what
    ``np.zeros`` gets is memory that was let go, as a rule, which it has to clear.)
    """

    def __init__(self) -> None:
        self.zeros = np.zeros(0, np.uint8)

    def of(self, value: Any) -> Any:
        """``value`` itself, or the outline of a large array."""
        if type(value) is not np.ndarray or value.nbytes < LARGE or value.dtype.hasobject or min(value.strides) < 0:
            return value
        span = value.itemsize + sum((length - 1) * stride for length, stride in zip(value.shape, value.strides))
        if span > self.zeros.size:
            self.zeros = np.zeros(span, np.uint8)
            self.zeros.flags.writeable = False
        return np.ndarray(value.shape, value.dtype, self.zeros, strides=value.strides)
