"""The primitives that put elements in other places, each called in one form: arrays, then its parameters by position.

Axes are whole numbers from 0 on, shapes tuples without -1. What users call, in all of NumPy's spellings, brings calls
into that form (``rules/shapes``, ``rules/rearranging``, ``rules/joining``), so that no rule looks at spellings.
"""

from __future__ import annotations

from .wrapped import (
    broadcast_to, concatenate, copy, diag, diagonal, repeat, reshape, roll, stack, tile, transpose, tril, triu,
)

__all__ = [
    "broadcast_to", "concatenate", "copy", "diag", "diagonal", "repeat", "reshape", "roll", "stack", "tile",
    "transpose", "tril", "triu",
]
