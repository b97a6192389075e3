"""``np.lib.stride_tricks.sliding_window_view``."""

from __future__ import annotations

import functools

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.primitives import primitive
from .. import moving
from .. import wrapped as anp
from ..canonical import as_array, bind
from ..definers import linear
from ..batching import first_mapped
from ..namespace import wrapped_functions
from ..parameters import whole_numbers

__all__ = ["sliding_window_view"]


@functools.partial(primitive, makes_view=True)
def windows(x, window_shape, axis, writeable):
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis, writeable=writeable)


def add_windows(g, ans, x, window_shape, axis, writeable):
    """Each element gets the sum of what comes back to it from the windows that it is in."""
    positions = windows(np.arange(x.size).reshape(x.shape), window_shape, axis, False)
    return moving.reshape(anp.add_at(anp.zeros_like(g, shape=(x.size,)), positions, g), x.shape)


def batch_windows(x, window_shape, axis, writeable):
    return windows(x, window_shape, tuple([i + 1 for i in axis]), writeable)


linear(windows, transpose=add_windows, batching=first_mapped(batch_windows), moves_from=(0,))


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
