"""Reductions and running sums that leave out NaNs, defined by those that do not. A NaN has derivative 0.

The medians and quantiles are in ``quantiles``.
"""

from __future__ import annotations

import numpy as np

from .. import wrapped as anp
from ..definers import define
from .reductions import NO_VALUE, is_given


def replace_nan(a, value):
    a = anp.asarray(a)
    return anp.where(anp.isnan(a), value, a)


def not_nan(a, where):
    """The mask of the elements that count."""
    mask = anp.logical_not(anp.isnan(a))
    return anp.logical_and(mask, where) if is_given(where) else mask


@define(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    return anp.cumprod(replace_nan(a, 1), axis=axis, dtype=dtype, out=out)


@define(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    return anp.cumsum(replace_nan(a, 0), axis=axis, dtype=dtype, out=out)


# Where all are NaN, and no initial value is given, so is the answer.


def define_extremum(function, extremum, least):
    @define(function)
    def nan_extremum(a, axis=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=NO_VALUE):
        a = anp.asarray(a)
        ans = extremum(replace_nan(a, least), axis=axis, keepdims=keepdims, initial=initial, where=where)
        if not is_given(initial):
            ans = anp.where(anp.all(anp.isnan(a), axis=axis, keepdims=keepdims), np.nan, ans)
        return anp.positive(ans, out=out)


define_extremum(np.nanmax, anp.max, -np.inf)
define_extremum(np.nanmin, anp.min, np.inf)


@define(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, *, where=NO_VALUE):
    a = anp.asarray(a)
    return anp.mean(a, axis=axis, dtype=dtype, out=out, keepdims=keepdims, where=not_nan(a, where))


@define(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=NO_VALUE):
    return anp.prod(replace_nan(a, 1), axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial, where=where)


@define(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=NO_VALUE):
    return anp.sum(replace_nan(a, 0), axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial, where=where)


# As in NumPy the variance of no more than ddof values is NaN.


def define_spread(function, spread):
    @define(function)
    def nan_spread(
        a, axis=None, dtype=None, out=None, ddof=0, keepdims=NO_VALUE, *, where=NO_VALUE, mean=NO_VALUE,
        correction=NO_VALUE,
    ):
        a = anp.asarray(a)
        mask = not_nan(a, where)
        keepdims = keepdims is not NO_VALUE and bool(keepdims)
        freedom = ddof if correction is NO_VALUE else correction
        count = anp.sum(mask, axis=axis, keepdims=keepdims)
        enough = anp.greater(count, freedom)
        given = {} if mean is NO_VALUE else {"mean": anp.astype(anp.asarray(mean), a.dtype)}
        ans = spread(a, axis=axis, dtype=dtype, ddof=freedom, keepdims=keepdims, where=mask, **given)
        return anp.positive(anp.where(enough, ans, np.nan), out=out)


define_spread(np.nanstd, anp.std)
define_spread(np.nanvar, anp.var)
