"""Broadcasting: sum a cotangent back to the shape that was broadcast, and give it the dtype of its argument."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy import float64, ndarray

from ..core.array_ops import LARGE, large_types
from ..core.fast.ownership import overwrites
from ..core.primitives import primitive
from ..core.tracer import box_classes, to_value
from ..core.unknown_sizes import has_unknown
from . import wrapped as anp
from .row_sums import sum_axes

__all__ = ["broadcast_tangent", "cast", "drop_leading", "indexed_ndim", "match_dtype", "sum_to", "unbroadcast"]


class ShapeOnly:
    """What a node keeps of a large array whose values its rule does not read."""

    __slots__ = ("shape", "dtype", "ndim", "size")

    def __init__(self, x: Any) -> None:
        self.shape = x.shape
        self.dtype = x.dtype
        self.ndim = x.ndim
        self.size = x.size

    def expand(self, shape: tuple[int, ...]) -> ShapeOnly:
        """What stands for the array broadcast to ``shape``."""
        stand_in = object.__new__(ShapeOnly)
        stand_in.shape, stand_in.dtype = shape, self.dtype
        stand_in.ndim, stand_in.size = len(shape), math.prod(shape)
        return stand_in

    def __iter__(self):
        row = ShapeOnly(np.broadcast_to(np.zeros((), self.dtype), self.shape[1:]))
        return itertools.repeat(row, self.shape[0])

    def __array_function__(self, function, types, args, kwargs):
        if function in (np.shape, np.ndim, np.size):
            return function(np.broadcast_to(np.zeros((), self.dtype), self.shape))
        if function in (np.zeros_like, np.ones_like) and len(args) == 1:
            return (np.zeros if function is np.zeros_like else np.ones)(self.shape, self.dtype)
        if function is np.expand_dims:
            return ShapeOnly(np.expand_dims(np.broadcast_to(np.zeros((), self.dtype), self.shape), *args[1:], **kwargs))
        raise TypeError(f"a rule calls {function.__name__} on an argument of which it may read shape and dtype alone")


latest = ShapeOnly(np.empty(0))


def outline(x: Any) -> Any:
    """What stands for ``x`` of whatever size, so that who writes into it may own its memory."""
    global latest
    if type(x) is ndarray:
        # As a rule the same as last time: a loop reads and writes one array (0.05 instead of 0.3 µs).
        if x.shape != latest.shape or x.dtype is not latest.dtype:
            latest = stand_in = ShapeOnly(x)
            return stand_in
        return latest
    return ShapeOnly(x) if type(x) in box_classes and overwrites(x._trace) else shape_only(x)


def shape_only(x: Any) -> Any:
    """``x``, or what stands for it if it is a large array, or keeps one alive as a view."""
    kind = type(x)
    if kind is ndarray:
        return outline(x) if x.nbytes > LARGE or x.base is not None and getattr(x.base, "nbytes", 0) > LARGE else x
    if kind in large_types:
        return large_types[kind](x) if x.nbytes > LARGE else x
    if kind in box_classes and overwrites(x._trace) and shape_only(memory := to_value(x)) is not memory:
        return ShapeOnly(x)
    return x


MANY = 1024
"""Elements from which on it pays to look how they are best added."""


@primitive
def sum_to(x, shape):
    """Sum ``x`` over the axes along which an array of ``shape`` was broadcast to its shape."""
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 and x.shape[lead + i] != 1))
    if axes and type(x) is ndarray and (x.size > MANY or x.dtype.char == "e"):
        return sum_axes(x, axes).reshape(shape)[()]
    return np.add.reduce(x, axis=axes, keepdims=True).reshape(shape)[()]


@primitive
def match_dtype(x, dtype):
    """Cast a cotangent or tangent to ``dtype``; where a complex one meets a real value its real part is left. The
    cotangents of integers, which a user's primitive may give with a rule, stay floating-point numbers."""
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = x.real
    return x.astype(dtype, copy=False) if dtype.kind in "fc" else x


def cast(x: Any, dtype: Any) -> Any:
    """``x`` in ``dtype``, if that is given."""
    return x if dtype is None or x.dtype == dtype else anp.astype(x, np.dtype(dtype))


def unbroadcast(g: Any, x: Any) -> Any:
    """The cotangent ``g`` of a broadcast ``x``, with the shape and the dtype of ``x``.

    >>> unbroadcast(np.ones((2, 3)), np.zeros((2, 1), np.float32))
    array([[3.],
           [3.]], dtype=float32)
    """
    if type(g) is float64 and type(x) is float64:  # the commonest scalars: 0.03 instead of 0.15 µs
        return g
    if g.shape != x.shape:
        g = sum_to(g, x.shape)
    if g.dtype is not x.dtype and g.dtype != x.dtype:  # NumPy's own dtypes are one object each
        g = match_dtype(g, x.dtype)
    return g


def broadcast_tangent(t: Any, ans: Any) -> Any:
    """The tangent ``t`` broadcast to the shape of ``ans``, with its dtype."""
    if type(ans) is complex:  # what Python makes of 1j * float64(1.0)
        ans = np.complex128(ans)
    if t.shape != ans.shape:
        t = t + anp.zeros_like(ans, dtype=t.dtype) if has_unknown(ans.shape) else anp.broadcast_to(t, ans.shape)
    if t.dtype != ans.dtype:
        t = match_dtype(t, ans.dtype)
    return t


# What is written may have more axes of length one in front than the place that it is written to.


def indexed_ndim(shape: tuple[int, ...], index: Any) -> int:
    """How many axes an array of ``shape`` has once it is indexed; an index may itself be traced."""
    return np.broadcast_to(np.False_, shape)[plain_index(index)].ndim


def plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(plain_index, index))
    if type(index) is list:
        return list(map(plain_index, index))
    if type(index) not in box_classes:
        return index
    return np.zeros(index.shape, index.dtype)


def drop_leading(x: Any, ndim: int) -> Any:
    """``x`` without the axes of length one in front that are more than ``ndim`` in all."""
    excess = x.ndim - ndim
    return anp.reshape(x, x.shape[excess:]) if excess > 0 and x.shape[:excess] == (1,) * excess else x
