"""Rules of average, bincount and the histograms."""

from __future__ import annotations


import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.tracer import to_value
from ...core.unread import ANSWER
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define
from .reductions import NO_VALUE, axes_of


@define(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=NO_VALUE):
    a = anp.asarray(a)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    if weights is None:
        ans = anp.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(ans.shape, a.size / max(ans.size, 1), ans.dtype)[()]
    else:
        weights = align_weights(anp.asarray(weights), a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *([np.float64] if a.dtype.kind in "iub" else []))
        total = anp.sum(weights, axis=axis, dtype=dtype, keepdims=keepdims)
        if np.any(to_value(total) == 0):
            raise ZeroDivisionError("average: weights sum to zero, so they cannot be normalised")
        ans = anp.astype(anp.sum(a * weights, axis=axis, keepdims=keepdims) / total, dtype)
    return (ans, total) if returned else ans


def align_weights(weights, a, axis):
    """Weights for each element of ``a``, from those or from weights along ``axis``."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(f"average: weights of shape {weights.shape} for an array of shape {a.shape} need axis=")
    axes = axes_of(a, axis)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(f"average: weights of shape {weights.shape} do not lie along axis {axis} of shape {a.shape}")
    weights = anp.transpose(weights, tuple(np.argsort(axes).tolist()))
    shape = tuple(size if i in axes else 1 for i, size in enumerate(a.shape))
    return anp.broadcast_to(anp.reshape(weights, shape), a.shape)


# bincount: linear in the weights, constant in what is counted


def bincount_vjp(g, ans, x, weights=None, minlength=0):
    return match_dtype(anp.getitem(g, x), weights.dtype)


def bincount_jvp(t, ans, x, weights=None, minlength=0):
    return anp.bincount(x, t, minlength)


defvjp(anp.bincount, None, bincount_vjp, weights=bincount_vjp)
anp.bincount.unread.update({1: (1, ANSWER), "weights": (ANSWER,)})
defjvp(anp.bincount, None, bincount_jvp, weights=bincount_jvp)


# The counts are piecewise constant, but the edges move with the least and the greatest element, and weights count
# linearly.


@define(np.histogram)
def histogram(a, bins=10, range=None, density=None, weights=None):
    a = anp.ravel(anp.asarray(a))
    edges = histogram_bin_edges(a, bins, range)
    n = edges.size - 1
    # Each bin holds its left edge, the last one its right edge too.
    place = anp.searchsorted(edges, a, side="right") - anp.equal(a, edges[-1])
    counts = anp.bincount(place, None if weights is None else anp.ravel(anp.asarray(weights)), n + 2)[1 : n + 1]
    if density:
        counts = counts / anp.diff(edges) / anp.sum(counts)
    return counts, edges


@define(np.histogram_bin_edges)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    if isinstance(bins, str):
        raise TracedValueError(
            f"histogram: bins={bins!r} cannot be traced ({caller_line()}). Give the number of bins or their edges, or "
            "take the plain values with to_numpy(x)."
        )
    if np.ndim(bins):
        return anp.asarray(bins)
    a = anp.asarray(a)
    least, greatest = (anp.min(a), anp.max(a)) if range is None and a.size else (0.0, 1.0) if range is None else range
    dtype = np.result_type(anp.result_type(least, greatest, a), np.float16)
    margin = anp.where(anp.equal(least, greatest), 0.5, 0)
    least, greatest = least - margin, greatest + margin
    return anp.astype(anp.linspace(least, greatest, bins + 1), dtype)


def define_refusal(function):
    """Let ``function`` refuse traced values: it would drop what its edges and its weights depend on."""

    @define(function)
    def refuse(*args, **kwargs):
        raise TracedValueError(
            f"numpy.{function.__name__} cannot be traced ({caller_line()}). Take the plain values with to_numpy(x), or "
            "count with bincount, which follows its weights."
        )


define_refusal(np.histogram2d)
define_refusal(np.histogramdd)
