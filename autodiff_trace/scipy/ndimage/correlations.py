"""Linear filters of ndimage: all are correlations with weights, or running means, one primitive each.

The transpose in the input is a correlation with the mirrored weights, beyond the ends too, of which what lies there is
added to the elements that stood there. In the weights it is a correlation of the extended input.
"""

from __future__ import annotations

import scipy.ndimage

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.unary import unary
from ...numpy import wrapped as anp
from ...numpy.broadcasting import match_dtype
from ...numpy.definers import defrules, linear
from ..convolving import convolve_along
from .boundaries import extend, fold_along

__all__ = ["correlate_bounded", "mean_along", "widths_of"]


@primitive
def correlate_bounded(x, w, mode, cval, origins):
    """The sums Σ w[k] x[n + k − before], where ``before`` is half of the length of ``w`` along an axis, and the origin.

    ``w`` has as many axes as ``x``, and is never conjugated.
    """
    wide = [axis for axis, size in enumerate(w.shape) if size != 1]
    if w.dtype.kind == "c":
        w = w.conj()  # which SciPy takes back
    if len(wide) < 2:
        axis = wide[0] if wide else 0
        return scipy.ndimage.correlate1d(x, w.ravel(), axis, mode=mode, cval=cval, origin=origins[axis])
    return scipy.ndimage.correlate(x, w, mode=mode, cval=cval, origin=origins)


def widths_of(sizes, origins):
    """How many elements before and after each a filter of these sizes reads."""
    before = [size // 2 + origin for size, origin in zip(sizes, origins)]
    return [(first, size - 1 - first) for first, size in zip(before, sizes)]


def transposed(filter_by, g, sizes, origins, mode):
    """The transpose of a filter, where ``filter_by(g, origins)`` is the one with the mirrored weights, and zeros beyond
    the ends."""
    widths = widths_of(sizes, origins)
    mirrored = tuple([after - size // 2 for (_, after), size in zip(widths, sizes)])
    if mode == "constant" or not g.size:
        return filter_by(g, mirrored)
    g = filter_by(anp.pad(g, widths) if any(map(any, widths)) else g, mirrored)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            g = fold_along(g, before, after, axis, mode)
    return g


def transpose_x(g, ans, x, w, mode, cval, origins):
    def filter_by(g, origins):
        return correlate_bounded(g, anp.flip(w), "constant", 0.0, origins)

    return match_dtype(transposed(filter_by, g, w.shape, origins, mode), x.dtype)


def transpose_w(g, ans, x, w, mode, cval, origins):
    if not x.size:
        return anp.zeros_like(w)
    x = extend(x, widths_of(w.shape, origins), mode, cval)
    return match_dtype(convolve_along(x, anp.flip(g), "valid", "auto", None), w.dtype)


def batch_correlate(batch, prim, args, kwargs):
    x, w, mode, cval, origins = args
    if batch.mapped[1]:
        return NotImplemented
    return prim(x, w[None], mode, cval, (0, *origins))


defrules(
    correlate_bounded, (transpose_x, transpose_w),
    (
        lambda t, ans, x, w, mode, cval, origins: match_dtype(correlate_bounded(t, w, mode, 0.0, origins), ans.dtype),
        lambda t, ans, x, w, mode, cval, origins: match_dtype(correlate_bounded(x, t, mode, cval, origins), ans.dtype),
    ),
    batching=batch_correlate, owns_memory=True,
)


@unary
def mean_along(x, size, axis, mode, cval, origin):
    """The mean of ``size`` elements along ``axis``."""
    return scipy.ndimage.uniform_filter1d(x, size, axis, mode=mode, cval=cval, origin=origin)


def mean_transpose(g, ans, x, size, axis, mode, cval, origin):
    def at_axis(value, other):
        return tuple([value if i == axis else other for i in range(x.ndim)])

    def filter_by(g, origins):
        return mean_along(g, size, axis, "constant", 0.0, origins[axis])

    return match_dtype(transposed(filter_by, g, at_axis(size, 1), at_axis(origin, 0), mode), x.dtype)


def batch_mean(batch, prim, args, kwargs):
    x, size, axis, *rest = args
    return prim(x, size, axis + 1, *rest)


linear(mean_along, mean_transpose, batching=batch_mean, owns_memory=True)
# A constant beyond the ends has no part in the tangent.
defjvp(mean_along, lambda t, ans, x, size, axis, mode, cval, origin: mean_along(t, size, axis, mode, 0.0, origin))
