"""The rule of interp: a line between neighbouring points, a constant beyond the ends."""

from __future__ import annotations

import numpy as np

from .. import wrapped as anp
from ..definers import define


@define(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """At a point of ``xp`` the derivative by ``x`` is the slope to its right, at the last the slope to its left."""
    x, xp, fp = (anp.asarray(each) for each in (x, xp, fp))
    x, xp = anp.astype(x, np.float64), anp.astype(xp, np.float64)
    fp = anp.astype(fp, np.complex128 if fp.dtype.kind == "c" else np.float64)
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.size:
        raise ValueError(f"interp: xp and fp are vectors of one length, not of shapes {xp.shape} and {fp.shape}")
    if period is not None:
        if period == 0:
            raise ValueError("interp: period is 0")
        x, xp, fp = unroll(x, xp, fp, anp.absolute(period))
        left = right = None
    first, last = xp[0], xp[-1]
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    below, beyond = anp.less(x, first), anp.greater(x, last)
    inside = anp.where(below, first, anp.where(beyond, last, x))
    return anp.where(below, left, anp.where(beyond, right, interpolate(inside, xp, fp)))


def unroll(x, xp, fp, period):
    """``x`` within one period, and the points in order there, with one more on either side."""
    x, xp = anp.remainder(x, period), anp.remainder(xp, period)
    order = anp.argsort(xp)
    xp, fp = anp.getitem(xp, order), anp.getitem(fp, order)
    xp = anp.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, anp.concatenate([fp[-1:], fp, fp[:1]])


def interpolate(x, xp, fp):
    if xp.size == 1:
        return fp[0] + 0 * x
    i = anp.clip(anp.searchsorted(xp, x, side="right") - 1, 0, xp.size - 2)
    x0, x1, f0, f1 = (anp.getitem(each, j) for each in (xp, fp) for j in (i, i + 1))  # i can be a box where xp is not
    width = x1 - x0
    step = anp.equal(width, 0)  # at a jump at the end
    share = anp.where(step, 1, (x - x0) / anp.where(step, 1, width))
    with np.errstate(invalid="ignore"):  # of infinite values, for which NumPy also looks from the other end
        from_left, from_right = f0 + share * (f1 - f0), f1 + (share - 1) * (f1 - f0)
    is_left = anp.logical_or(anp.equal(share, 0), anp.equal(f0, f1))
    others = anp.where(is_left, f0, anp.where(anp.equal(share, 1), f1, from_right))
    return anp.where(anp.isnan(from_left), others, from_left)
