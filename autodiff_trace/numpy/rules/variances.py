"""Rules of var and std."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.traits import ANSWER, declare
from .. import wrapped as anp
from ..broadcasting import match_dtype, unbroadcast
from .lengths import euclidean_norm, unit
from .reductions import NO_VALUE, axes_of, count_reduced, expand_reduced, is_given, masked, selected

# var = Σ |a − mean|² / (n − ddof), dvar = Σ 2 Re(conj(a − mean) da) / (n − ddof); the mean's own change adds nothing


def deviation(a, axis, ddof, where, mean, correction):
    """conj(a − mean), and n − ddof, which is NaN where it is not positive."""
    # What the mask leaves out is set to 0 first: NaNs there must not reach a second derivative.
    a = masked(a, where)
    if mean is NO_VALUE:
        mean = anp.mean(a, axis=axes_of(a, axis), keepdims=True, where=where)
    n = count_reduced(a, axis, where) - (ddof if correction is NO_VALUE else correction)
    n = anp.where(anp.greater(n, 0), n, np.nan) if is_given(where) else n if n > 0 else np.nan
    difference = masked(a - mean, where)
    return (anp.conjugate(difference) if difference.dtype.kind == "c" else difference), n


def var_slope(a, axis, ddof, where, mean, correction):
    difference, n = deviation(a, axis, ddof, where, mean, correction)
    return difference * (2 / n)


# std = |a − mean| / √(n − ddof), dstd = Re(u da) / √(n − ddof) with the direction u of conj(a − mean); 0 where the
# elements are equal. The length is not taken from the answer: that is 0 or inf where the squares under- or overflow.


def std_slope(a, axis, ddof, where, mean, correction):
    difference, n = deviation(a, axis, ddof, where, mean, correction)
    length = euclidean_norm(difference, axes_of(difference, axis) or None, True)
    return unit(difference, length) * (1 / anp.sqrt(n))


def define_rules(prim, slope):
    """The rules of a function of the deviations from the mean, from its slope by each element."""

    def pull(
        g, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
        correction=NO_VALUE,
    ):
        change = expand_reduced(g, a, axis) * slope(a, axis, ddof, where, mean, correction)
        return match_dtype(masked(change, where), a.dtype)

    def vjp(g, ans, a, *args, where=True, **kwargs):
        return selected(pull(g, ans, a, *args, where=where, **kwargs), where)

    def jvp(
        t, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
        correction=NO_VALUE,
    ):
        change = masked(anp.real(slope(a, axis, ddof, where, mean, correction) * t), where)
        return match_dtype(anp.reshape(anp.sum(change, axis=axes_of(a, axis)), ans.shape), ans.dtype)

    def mean_vjp(g, ans, a, *args, mean, **kwargs):
        return unbroadcast(-pull(g, ans, a, *args, mean=mean, **kwargs), mean)

    def mean_jvp(t, ans, a, *args, **kwargs):
        return -jvp(t, ans, a, *args, **kwargs)

    defvjp(prim, vjp, mean=mean_vjp)
    defjvp(prim, jvp, mean=mean_jvp)


define_rules(anp.var, var_slope)
define_rules(anp.std, std_slope)
declare(anp.var, anp.std, unread={0: (ANSWER,)}, needs_axis=True)
