"""Rules of ``np.lib.stride_tricks.sliding_window_view``."""

from __future__ import annotations

import numpy as np

from ...core.primitives import primitive
from .. import wrapped as anp
from ..definers import linear
from ..namespace import wrapped_functions

__all__ = ["sliding_window_view"]

sliding_window_view = primitive(np.lib.stride_tricks.sliding_window_view, makes_view=True)
wrapped_functions[np.lib.stride_tricks.sliding_window_view] = sliding_window_view


def add_windows(g, ans, x, window_shape, axis=None, **kwargs):
    """Each element gets the sum of what comes back to it from the windows that it is in."""
    positions = np.arange(x.size).reshape(x.shape)
    windows = np.lib.stride_tricks.sliding_window_view(positions, window_shape, axis)
    return anp.reshape(anp.add_at(anp.zeros_like(g, shape=(x.size,)), windows, g), x.shape)


linear(sliding_window_view, transpose=add_windows)
