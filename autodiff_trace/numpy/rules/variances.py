"""Rules of var and std."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.unread import ANSWER
from .. import wrapped as anp
from ..broadcasting import match_dtype, unbroadcast
from .reductions import NO_VALUE, axes_of, count_reduced, expand_reduced, is_given, masked

# var = Σ |a − mean|² / (n − ddof), dvar = Σ 2 Re(conj(a − mean) da) / (n − ddof); the mean's own change adds nothing


def deviation(a, axis, ddof, where, mean, correction):
    """conj(a − mean), and what 2 Σ is to be multiplied with."""
    # What the mask leaves out is set to 0 first: NaNs there must not reach a second derivative.
    a = masked(a, where)
    if mean is NO_VALUE:
        mean = anp.mean(a, axis=axes_of(a, axis), keepdims=True, where=where)
    n = count_reduced(a, axis, where) - (ddof if correction is NO_VALUE else correction)
    factor = 2 / anp.where(anp.greater(n, 0), n, np.nan) if is_given(where) else 2 / n if n > 0 else np.nan
    difference = masked(a - mean, where)
    return (anp.conjugate(difference) if difference.dtype.kind == "c" else difference), factor


def var_vjp(
    g, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
    correction=NO_VALUE,
):
    difference, factor = deviation(a, axis, ddof, where, mean, correction)
    return match_dtype(masked(expand_reduced(g, a, axis) * factor, where) * difference, a.dtype)


def var_jvp(
    t, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
    correction=NO_VALUE,
):
    difference, factor = deviation(a, axis, ddof, where, mean, correction)
    change = anp.sum(anp.real(difference * t), axis=axes_of(a, axis), keepdims=True) * factor
    return match_dtype(anp.reshape(change, ans.shape), ans.dtype)


def var_mean_vjp(g, ans, a, *args, mean, **kwargs):
    return unbroadcast(-var_vjp(g, ans, a, *args, mean=mean, **kwargs), mean)


def var_mean_jvp(t, ans, a, *args, **kwargs):
    return -var_jvp(t, ans, a, *args, **kwargs)


defvjp(anp.var, var_vjp, mean=var_mean_vjp)
anp.var.unread[0] = (ANSWER,)
defjvp(anp.var, var_jvp, mean=var_mean_jvp)


# std = √var, with derivative 0 where the elements are equal


def through_root(g, ans):
    zero = anp.equal(ans, 0)
    return anp.where(zero, 0, 0.5 * g / anp.where(zero, 1, ans))


defvjp(
    anp.std,
    lambda g, ans, *args, **kwargs: var_vjp(through_root(g, ans), ans, *args, **kwargs),
    mean=lambda g, ans, *args, **kwargs: var_mean_vjp(through_root(g, ans), ans, *args, **kwargs),
)
defjvp(
    anp.std,
    lambda t, ans, *args, **kwargs: through_root(var_jvp(t, ans, *args, **kwargs), ans),
    mean=lambda t, ans, *args, **kwargs: through_root(var_mean_jvp(t, ans, *args, **kwargs), ans),
)
