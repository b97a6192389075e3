"""Rules of max, min, amax, amin, ptp: the elements that attain the answer share its derivative evenly."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.traits import declare
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define
from ..selections import select_by
from ..quick_forms import MANY, fold_places
from .reductions import NO_VALUE, axes_of, expand_reduced, is_given, reduced_shape


def find_extrema(ans, a, axis, initial, where):
    """Which elements attain the answer, whether the initial value does, and how many do for each element of it."""
    expanded = expand_reduced(ans, a, axis)
    attains = anp.equal(a, expanded)
    if is_given(where):
        attains = anp.logical_and(attains, where)
    count = count_true(attains, axis)
    initial_attains = anp.equal(expanded, initial) if is_given(initial) else False
    # None attains a NaN; its derivative is then 0.
    return attains, initial_attains, anp.maximum(count + initial_attains, 1)


def count_true(mask, axis):
    if axis is None:
        return anp.count_nonzero(mask)
    if type(mask) is np.ndarray and mask.size >= MANY:
        count = fold_places(np.add, mask.view(np.int8), axes_of(mask, axis))
        if count is not None:
            return count.reshape(reduced_shape(mask, axis))
    return anp.sum(mask, axis=axes_of(mask, axis), keepdims=True)


def extremum_vjp(g, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    attains, _, count = find_extrema(ans, a, axis, initial, where)
    share = match_dtype(expand_reduced(g, a, axis) / count, a.dtype)
    return select_by(attains, share)


def extremum_jvp(t, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    attains, _, count = find_extrema(ans, a, axis, initial, where)
    dtype = np.result_type(t.dtype, np.float32)  # a sum of many ties can be too large for float16
    total = anp.sum(anp.where(attains, t, 0), axis=axes_of(a, axis), dtype=dtype, keepdims=True)
    return match_dtype(anp.reshape(total / count, ans.shape), ans.dtype)


def extremum_initial_vjp(g, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    a = anp.asarray(a)
    _, attains, count = find_extrema(ans, a, axis, initial, where)
    return match_dtype(anp.sum(anp.where(attains, expand_reduced(g, a, axis) / count, 0)), initial.dtype)


def extremum_initial_jvp(t, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    _, attains, count = find_extrema(ans, anp.asarray(a), axis, initial, where)
    return match_dtype(anp.reshape(anp.where(attains, t / count, 0), ans.shape), ans.dtype)


declare(anp.amax, anp.amin, anp.max, anp.min, moves_elements=True, harmless=True, shows_nan=True)
for extremum in (anp.amax, anp.amin, anp.max, anp.min):
    defvjp(extremum, extremum_vjp)
    defjvp(extremum, extremum_jvp)
    defvjp(extremum, extremum_initial_vjp, argnums=(4,))
    defjvp(extremum, extremum_initial_jvp, argnums=(4,))


@define(np.ptp)
def ptp(a, axis=None, out=None, keepdims=NO_VALUE):
    return anp.subtract(anp.max(a, axis=axis, keepdims=keepdims), anp.min(a, axis=axis, keepdims=keepdims), out=out)
