"""Signals extended at both ends, as filters and spectra start with them."""

from __future__ import annotations

import numpy as np

from ...numpy import wrapped as anp
from ..convolving import pad_zeros, part_of

__all__ = ["extend_signal"]


def extend_signal(x, count, axis, kind):
    """``x`` with ``count`` more elements at each end: "even" or "odd" about it, "constant", "zeros"; None: none."""
    if kind is None or count < 1:
        return x
    if kind == "zeros":
        return pad_zeros(x, {axis: (count, count)})
    size = x.shape[axis]
    if count > size - 1 and kind != "constant":
        raise ValueError(f"The extension length n ({count}) is too big. It must not exceed x.shape[axis]-1, which is "
                         f"{size - 1}.")
    first, last = part_of(x, {axis: (0, 1)}), part_of(x, {axis: (size - 1, size)})
    if kind == "constant":
        ones = np.ones([count if i == axis else 1 for i in range(x.ndim)], x.dtype)
        return anp.concatenate([first * ones, x, last * ones], axis)
    left = anp.flip(part_of(x, {axis: (1, count + 1)}), axis)
    right = anp.flip(part_of(x, {axis: (size - 1 - count, size - 1)}), axis)
    if kind == "odd":
        left, right = 2 * first - left, 2 * last - right
    return anp.concatenate([left, x, right], axis)
