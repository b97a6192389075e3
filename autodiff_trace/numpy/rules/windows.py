"""``np.lib.stride_tricks.sliding_window_view``."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.primitives import primitive
from ...core.unary import unary
from ..canonical import as_array, bind
from ..definers import linear
from ..batching import first_mapped
from ..namespace import wrapped_functions
from ..parameters import whole_numbers

__all__ = ["sliding_window_view"]


@functools.partial(primitive, makes_view=True)
def windows(x, window_shape, axis, writeable):
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis, writeable=writeable)


@unary
def sum_windows(g, shape, window_shape, axis):
    """Each element of an array of ``shape`` gets the sum of what comes back to it from the windows that it is in.

    The windows overlap, but the elements at one place of all of them do not, nor do those of one window: whichever are
    fewer are added slice by slice (a quarter of the time of ``add.at``, which needs a number for each element besides).
    """
    total = np.zeros(shape, g.dtype)
    target = np.lib.stride_tricks.sliding_window_view(total, window_shape, axis, writeable=True)
    counts = [target.shape[i] for i in axis]
    if math.prod(window_shape) <= math.prod(counts) or len({*axis}) < len(axis):
        indices = [(..., *place) for place in np.ndindex(*window_shape)]
    else:
        starts = [dict(zip(axis, start)) for start in np.ndindex(*counts)]
        indices = [tuple([start.get(i, slice(None)) for i in range(len(shape))]) for start in starts]
    for index in indices:
        target[index] += g[index]
    return total


def batch_windows(x, window_shape, axis, writeable):
    return windows(x, window_shape, tuple([i + 1 for i in axis]), writeable)


def batch_sums(g, shape, window_shape, axis):
    return sum_windows(g, (g.shape[0], *shape), window_shape, tuple([i + 1 for i in axis]))


linear(
    windows, lambda g, ans, x, window_shape, axis, writeable: sum_windows(g, x.shape, window_shape, axis),
    batching=first_mapped(batch_windows), moves_from=(0,),
)
linear(
    sum_windows, lambda h, ans, g, shape, window_shape, axis: windows(h, window_shape, axis, False),
    batching=first_mapped(batch_sums), moves_elements=True, harmless=True, owns_memory=True, shows_nan=True,
)


def view_windows(x, window_shape, axis, subok, writeable):
    x, window_shape = as_array(x), whole_numbers(window_shape)
    window_shape = (window_shape,) if type(window_shape) is int else window_shape
    if axis is not None:
        axis = normalize_axis_tuple(whole_numbers(axis), x.ndim, allow_duplicate=True)
    elif len(window_shape) == x.ndim:  # else NumPy raises its error
        axis = tuple(range(x.ndim))
    return windows(x, window_shape, axis, writeable)


sliding_window_view = bind(np.lib.stride_tricks.sliding_window_view, view_windows)
wrapped_functions[np.lib.stride_tricks.sliding_window_view] = sliding_window_view
