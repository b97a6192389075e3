"""Reductions and running sums that leave out NaNs, defined by those that do not. A NaN has derivative 0.

The medians and quantiles are in ``quantiles``.
"""

from __future__ import annotations

import numpy as np

from ...core.array_ops import array_ops
from .. import wrapped as anp
from ..canonical import NO_VALUE, as_array, is_given
from ..definers import define


def replace_nan(a, value):
    a = as_array(a)
    return anp.where(anp.isnan(a), value, a)


def not_nan(a, where):
    """The mask of the elements that count."""
    mask = anp.logical_not(anp.isnan(a))
    return anp.logical_and(mask, where) if is_given(where) else mask


def define_with_neutral(name, neutral):
    @define(getattr(np, f"nan{name}"))
    def nan_function(a, **given):
        return getattr(anp, name)(replace_nan(a, neutral), **given)


for _name, _neutral in {"cumprod": 1, "cumsum": 0, "prod": 1, "sum": 0}.items():
    define_with_neutral(_name, _neutral)


# Where all are NaN, and no initial value is given, so is the answer.


def define_extremum(name, least):
    @define(getattr(np, f"nan{name}"))
    def nan_extremum(a, axis, out, keepdims, initial, where):
        a = as_array(a)
        if a.dtype.kind not in "fc":  # in the dtype of -inf large integers would lose digits
            return getattr(anp, name)(a, axis, out, keepdims, initial, where)
        ans = getattr(anp, name)(replace_nan(a, least), axis, None, keepdims, initial, where)
        if not is_given(initial):
            ans = anp.where(anp.all(anp.isnan(a), axis=axis, keepdims=keepdims), np.nan, ans)
        return array_ops.store(out, ans)


define_extremum("max", -np.inf)
define_extremum("min", np.inf)


@define(np.nanmean)
def nanmean(a, axis, dtype, out, keepdims, where):
    a = as_array(a)
    return anp.mean(a, axis, dtype, out, keepdims, where=not_nan(a, where))


# As in NumPy the variance of no more than ddof values is NaN.


def define_spread(name):
    @define(getattr(np, f"nan{name}"))
    def nan_spread(a, axis, dtype, out, ddof, keepdims, where, mean, correction):
        a = as_array(a)
        mask = not_nan(a, where)
        keepdims = keepdims is not NO_VALUE and bool(keepdims)
        freedom = correction if is_given(correction) else ddof
        enough = anp.greater(anp.sum(mask, axis=axis, keepdims=keepdims), freedom)
        mean = anp.astype(as_array(mean), a.dtype) if is_given(mean) else NO_VALUE
        ans = getattr(anp, name)(a, axis, dtype, None, freedom, keepdims, where=mask, mean=mean)
        return array_ops.store(out, anp.where(enough, ans, np.nan))


define_spread("std")
define_spread("var")
