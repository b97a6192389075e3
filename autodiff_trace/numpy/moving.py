"""The primitives that put elements in other places, each called in one form: arrays, then its parameters by position.

Axes are whole numbers from 0 on, shapes tuples without -1. What users call, in all of NumPy's spellings, brings calls
into that form (``rules/shapes``, ``rules/rearranging``, ``rules/joining``), so that no rule looks at spellings.
"""

from __future__ import annotations

import numpy as np

from ..core.traits import declare, traits_of
from ..core.unary import wrap_list, wrap_unary
from .wrapped import repeat, roll, tril, triu

__all__ = [
    "broadcast_to", "concatenate", "copy", "diag", "diagonal", "repeat", "reshape", "roll", "stack", "tile",
    "transpose", "tril", "triu",
]

declare(np.reshape, fast_fun=lambda x, shape: x.reshape(shape))
declare(np.transpose, fast_fun=lambda x, axes: x.transpose(axes))
broadcast_to, copy, diag, diagonal, reshape, tile, transpose = (
    wrap_unary(function, traits_of(function), params) for function, *params in (
        (np.broadcast_to, "shape"), (np.copy, "order"), (np.diag, "k"), (np.diagonal, "offset", "axis1", "axis2"),
        (np.reshape, "shape"), (np.tile, "reps"), (np.transpose, "axes"),
    )
)
concatenate, stack = (wrap_list(function, traits_of(function)) for function in (np.concatenate, np.stack))
