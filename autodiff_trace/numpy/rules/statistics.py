"""Rules of average and bincount."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.foreign import has_values
from ...core.forward import defjvp
from ...core.recording import to_recorded
from ...core.reverse import defvjp
from ...core.traits import ANSWER, declare
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..canonical import NO_VALUE, as_array
from ..definers import define


@define(np.average)
def average(a, axis, weights, returned, keepdims):
    a = as_array(a)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    if weights is None:
        ans = anp.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(ans.shape, a.size / max(ans.size, 1), ans.dtype)[()]
    else:
        weights = align_weights("average", as_array(weights), a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *([np.float64] if a.dtype.kind in "iub" else []))
        total = anp.sum(weights, axis=axis, dtype=dtype, keepdims=keepdims)
        if has_values(total) and anp.any(anp.equal(to_recorded(total), 0)):
            raise ZeroDivisionError("average: weights sum to zero, so they cannot be normalised")
        if a.dtype.kind in "iub":  # small integers overflow
            a = anp.astype(a, dtype)
        ans = anp.astype(anp.sum(a * weights, axis=axis, keepdims=keepdims) / total, dtype)
    return (ans, total) if returned else ans


def align_weights(name, weights, a, axis):
    """Weights for each element of ``a``, from those or from weights along ``axis``."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(f"{name}: weights of shape {weights.shape} for an array of shape {a.shape} need axis=")
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(f"{name}: weights of shape {weights.shape} do not lie along axis {axis} of shape {a.shape}")
    weights = anp.transpose(weights, tuple(np.argsort(axes).tolist()))
    shape = tuple(size if i in axes else 1 for i, size in enumerate(a.shape))
    return anp.broadcast_to(anp.reshape(weights, shape), a.shape)


# bincount: linear in the weights, constant in what is counted


def bincount_vjp(g, ans, x, weights=None, minlength=0):
    return match_dtype(anp.getitem(g, x), weights.dtype)


def bincount_jvp(t, ans, x, weights=None, minlength=0):
    return anp.bincount(x, t, minlength)


defvjp(anp.bincount, None, bincount_vjp, weights=bincount_vjp)
declare(anp.bincount, linear_in=(1, "weights"), unread={"weights": (ANSWER,)}, shaped_by_values=True)
defjvp(anp.bincount, None, bincount_jvp, weights=bincount_jvp)
