"""The extrema max, min, amax, amin, ptp: the elements that attain the answer share its derivative evenly."""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from .. import wrapped as anp
from ..along_axes import expand_reduced, reduced_shape, reduction
from ..broadcasting import match_dtype
from ..definers import define, defrules
from ..quick_forms import MANY, fold_places
from ..selections import select_by
from ..ufunc_folds import reductions
from .reductions import sum_over

__all__ = ["max_over", "min_over"]


def find_extrema(ans, x, axes):
    """Which elements attain the answer, and how many do for each element of it."""
    attains = anp.equal(x, expand_reduced(ans, x, axes))
    # None attains a NaN; its derivative is then 0.
    return attains, anp.maximum(count_true(attains, axes), 1)


def count_true(mask, axes):
    if len(axes) == mask.ndim:
        return anp.count_nonzero(mask)
    if type(mask) is ndarray and mask.size >= MANY:
        count = fold_places(np.add, mask.view(np.int8), axes)
        if count is not None:
            return count.reshape(reduced_shape(mask, axes))
    return sum_over(mask, axes, True)


def extremum_vjp(g, ans, x, axes, keepdims):
    attains, count = find_extrema(ans, x, axes)
    return select_by(attains, match_dtype(expand_reduced(g, x, axes) / count, x.dtype))


def extremum_jvp(t, ans, x, axes, keepdims):
    attains, count = find_extrema(ans, x, axes)
    dtype = np.result_type(t.dtype, np.float32)  # a sum of many ties can be too large for float16
    total = sum_over(anp.astype(anp.where(attains, t, 0), dtype), axes, keepdims)
    return match_dtype(total / anp.reshape(count, ans.shape), ans.dtype)


def extremum(*functions, ufunc, worst):
    """The primitive of a maximum or minimum, which has ``worst(dtype)`` of nothing."""
    function, ufunc_reduce = functions[0], ufunc.reduce

    def compute(x, axes, keepdims):
        if type(x) is not ndarray:
            return function(x, axis=axes, keepdims=keepdims)
        if not keepdims and x.size >= MANY and 0 < len(axes) < x.ndim and x.dtype.kind in "fiu":
            ans = fold_places(ufunc, x, axes)  # of many times few elements place by place
            if ans is not None:
                return ans
        return ufunc_reduce(x, axes, None, None, keepdims)

    reductions[ufunc] = function
    prim = reduction(compute, *functions, neutral=worst, moves_elements=True, harmless=True, shows_nan=True)
    defrules(prim, extremum_vjp, extremum_jvp)
    return prim


def least(dtype):
    return -np.inf if dtype.kind in "fc" else np.iinfo(dtype).min if dtype.kind in "iu" else False


def greatest(dtype):
    return np.inf if dtype.kind in "fc" else np.iinfo(dtype).max if dtype.kind in "iu" else True


max_over = extremum(np.max, np.amax, ufunc=np.maximum, worst=least)
min_over = extremum(np.min, np.amin, ufunc=np.minimum, worst=greatest)


@define(np.ptp)
def ptp(a, axis, out, keepdims):
    return anp.subtract(anp.max(a, axis=axis, keepdims=keepdims), anp.min(a, axis=axis, keepdims=keepdims), out=out)
