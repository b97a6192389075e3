"""Pooling: the largest element, or the mean, of windows along the last axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.tracebacks import border
from ..numpy import wrapped as anp
from ..numpy.broadcasting import cast
from ..numpy.canonical import as_array
from .spans import check_fit, numbers_of, pairs_of
from .windows import max_of_windows, sum_windows

__all__ = ["avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]


@border
def max_pool1d(x: Any, size: Any, *, stride: Any = None, padding: Any = "valid") -> Any:
    """:func:`max_pool2d` along the last axis alone.

    >>> import numpy as np
    >>> max_pool1d(np.array([1.0, 3.0, 2.0, 0.0, 5.0]), 2)
    array([3., 2.])
    """
    return max_pool("max_pool1d", 1, x, size, stride, padding)


@border
def max_pool2d(x: Any, size: Any, *, stride: Any = None, padding: Any = "valid") -> Any:
    """The largest element of each window of the last two axes; of equal ones the first has the derivative.

    Arguments:
        x: an array of shape (..., height, width).
        size: of the windows, a number or one for each axis.
        stride: how far they move, by default their size.
        padding: as in ``conv2d``, less than a window; what is put around is never the largest.

    Raises ValueError where the windows do not fit.

    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(4, 4), 2)
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return max_pool("max_pool2d", 2, x, size, stride, padding)


@border
def avg_pool1d(
    x: Any, size: Any, *, stride: Any = None, padding: Any = "valid", count_include_pad: bool = True
) -> Any:
    """:func:`avg_pool2d` along the last axis alone.

    >>> import numpy as np
    >>> avg_pool1d(np.array([1.0, 3.0, 2.0, 0.0, 5.0]), 2)
    array([2., 1.])
    """
    return avg_pool("avg_pool1d", 1, x, size, stride, padding, count_include_pad)


@border
def avg_pool2d(
    x: Any, size: Any, *, stride: Any = None, padding: Any = "valid", count_include_pad: bool = True
) -> Any:
    """The mean of each window of the last two axes.

    Arguments:
        x, size, stride, padding: as in ``max_pool2d``; zeros are put around.
        count_include_pad: divide by the size of the window; False counts the elements of ``x`` alone.

    Raises ValueError where the windows do not fit.

    >>> import numpy as np
    >>> avg_pool2d(np.arange(16.0).reshape(4, 4), 2)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return avg_pool("avg_pool2d", 2, x, size, stride, padding, count_include_pad)


def spans_of(name, ndim, x, size, stride, padding):
    """The array, the size of the windows, their strides, and the padding of all axes."""
    x, size = as_array(x), numbers_of(size, ndim, f"{name}: size")
    if x.ndim < ndim:
        raise ValueError(f"{name}: x has shape {x.shape}, but needs {ndim} axes at least ({caller_line()})")
    strides = size if stride is None else numbers_of(stride, ndim, f"{name}: stride")
    space = x.shape[x.ndim - ndim :]
    pairs = pairs_of(padding, space, size, strides, name)
    check_fit(x.shape, space, size, pairs, name)
    if any([max(pair) >= n for pair, n in zip(pairs, size)]):
        raise ValueError(f"{name}: padding {padding!r} is not less than the window of {size} ({caller_line()})")
    return x, size, strides, ((0, 0),) * (x.ndim - ndim) + pairs


def max_pool(name, ndim, x, size, stride, padding):
    x, size, strides, pairs = spans_of(name, ndim, x, size, stride, padding)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: x is complex ({caller_line()}). Write {name}(x.real, ...), or another function of it")
    if any(map(any, pairs)):
        least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min if x.dtype.kind in "iu" else False
        x = anp.pad(x, pairs, constant_values=least)
    return max_of_windows(x, size, strides)


def avg_pool(name, ndim, x, size, stride, padding, count_include_pad):
    x, size, strides, pairs = spans_of(name, ndim, x, size, stride, padding)
    kind = x.dtype if x.dtype.kind in "fc" else np.dtype(np.float64)
    x = cast(x, np.dtype(np.float32) if kind == np.float16 else kind)  # (sums are beyond the range of half precision)
    counts = math.prod(size)
    if any(map(any, pairs)):
        if not count_include_pad:
            ones = np.pad(np.ones(x.shape[x.ndim - ndim :], x.dtype), pairs[x.ndim - ndim :])
            counts = sum_windows(ones, size, strides)
        x = anp.pad(x, pairs)
    return cast(sum_windows(x, size, strides) / counts, kind)
