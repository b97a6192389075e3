"""Rules of the reductions: sum, mean, prod, max, min, var, std."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, scale

__all__ = ["axes_of", "count_reduced", "expand_reduced"]

NO_VALUE = np._NoValue


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes that ``axis`` (None, an int or a tuple) means, as nonnegative numbers."""
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(i % x.ndim if x.ndim else i for i in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def expand_reduced(g: Any, x: Any, axis: Any) -> Any:
    """``g`` with the reduced axes back, at size 1, so that it broadcasts against ``x``."""
    axes = axes_of(x, axis)
    shape = tuple(1 if i in axes else size for i, size in enumerate(x.shape))
    return g if g.shape == shape else anp.reshape(g, shape)


def count_reduced(x: Any, axis: Any, where: Any) -> Any:
    """How many elements go into each element of the answer, shaped to broadcast against ``x``."""
    if is_given(where):
        return anp.sum(anp.broadcast_to(where, x.shape), axis=axes_of(x, axis), keepdims=True)
    return math.prod(x.shape[i] for i in axes_of(x, axis))


def is_given(keyword: Any) -> bool:
    """Whether ``where`` or ``initial`` was passed: neither NumPy's mark of absence nor the neutral ``where=True``."""
    return keyword is not None and keyword is not NO_VALUE and keyword is not True


def masked(x: Any, where: Any) -> Any:
    """``x``, with zeros where the mask is false."""
    return anp.where(where, x, 0) if is_given(where) else x


def spread(g: Any, x: Any, axis: Any, where: Any) -> Any:
    """The cotangent ``g`` of a sum, given to each element that went into it."""
    return match_dtype(masked(anp.broadcast_to(expand_reduced(g, x, axis), x.shape), where), x.dtype)


# sum: linear in the array and in the initial value


def sum_vjp(g, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return spread(g, a, axis, where)


def sum_jvp(t, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return anp.sum(t, axis=axis, dtype=dtype, keepdims=keepdims, where=where)


def initial_vjp(g, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return match_dtype(anp.sum(g), initial.dtype)


def initial_jvp(t, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return match_dtype(anp.broadcast_to(t, ans.shape), ans.dtype)


defvjp(anp.sum, sum_vjp)
defjvp(anp.sum, sum_jvp)
defvjp(anp.sum, initial_vjp, argnums=(5,))
defjvp(anp.sum, initial_jvp, argnums=(5,))


# mean = sum / count


def mean_vjp(g, ans, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    return match_dtype(spread(g, a, axis, where) / count_reduced(a, axis, where), a.dtype)


def mean_jvp(t, ans, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    return anp.mean(t, axis=axis, dtype=dtype, keepdims=keepdims, where=where)


defvjp(anp.mean, mean_vjp)
defjvp(anp.mean, mean_jvp)


# var = Σ |a - mean|² / (n - ddof), dvar = Σ 2 Re(conj(a - mean) da) / (n - ddof)


def var_slope(a, axis, ddof, where, mean, correction):
    ddof = correction if correction is not NO_VALUE else ddof
    if mean is NO_VALUE:
        mean = anp.mean(a, axis=axis, keepdims=True, where=where)
    count = count_reduced(a, axis, where) - ddof
    return masked(2 * anp.conj(a - mean) / count, where)


def var_vjp(
    g, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
    correction=NO_VALUE,
):
    slope = var_slope(a, axis, ddof, where, mean, correction)
    return match_dtype(expand_reduced(g, a, axis) * slope, a.dtype)


def var_jvp(
    t, ans, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=NO_VALUE,
    correction=NO_VALUE,
):
    slope = var_slope(a, axis, ddof, where, mean, correction)
    return match_dtype(anp.reshape(anp.sum(anp.real(slope * t), axis=axis), ans.shape), ans.dtype)


defvjp(anp.var, var_vjp)
defjvp(anp.var, var_jvp)


# std = √var, with derivative 0 where the elements are equal


@define(np.std)
def std(*args, **kwargs):
    out = kwargs.pop("out", None)
    variance = anp.var(*args, **kwargs)
    zero = variance == 0
    return anp.positive(anp.where(zero, 0, anp.sqrt(anp.where(zero, 1, variance))), out=out)


# prod: ∂/∂aᵢ is the product of the others, formed without dividing, so that zeros are exact


def prod_slope(a, axis, where, initial):
    """For each element the product of the other elements that are multiplied with it, times the initial value."""
    a = anp.where(where, a, 1) if is_given(where) else a
    axes = axes_of(a, axis)
    kept = tuple(i for i in range(a.ndim) if i not in axes)
    rows = anp.reshape(anp.transpose(a, kept + axes), (*(a.shape[i] for i in kept), -1))
    others = exclusive_products(rows)
    if is_given(initial):
        others = others * initial
    shape = tuple(a.shape[i] for i in kept + axes)
    return masked(anp.transpose(anp.reshape(others, shape), np.argsort(kept + axes)), where)


def exclusive_products(rows):
    """Along the last axis, for each element the product of all others, in log n steps of array operations.

    Pairs are multiplied up a tree; on the way down each node hands its children the product of all that is outside
    them. (Prefix times suffix products cost n steps: a cumulative product is itself no elementary operation.)
    """
    n = rows.shape[-1]
    if n <= 1:
        return anp.ones_like(rows)
    if n % 2:
        rows = anp.concatenate([rows, anp.ones_like(rows[..., :1])], axis=-1)
    left, right = rows[..., 0::2], rows[..., 1::2]
    outside = exclusive_products(left * right)
    pairs = anp.stack([outside * right, outside * left], axis=-1)
    return anp.reshape(pairs, (*pairs.shape[:-2], -1))[..., :n]


def prod_vjp(g, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return match_dtype(expand_reduced(g, a, axis) * prod_slope(a, axis, where, initial), a.dtype)


def prod_jvp(t, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    slope = prod_slope(a, axis, where, initial)
    return match_dtype(anp.sum(t * slope, axis=axis, keepdims=keepdims is True), ans.dtype)


def prod_initial_vjp(g, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    product = anp.prod(a, axis=axis, keepdims=keepdims, where=where)
    return match_dtype(anp.sum(g * product), initial.dtype)


def prod_initial_jvp(t, ans, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return match_dtype(t * anp.prod(a, axis=axis, keepdims=keepdims, where=where), ans.dtype)


defvjp(anp.prod, prod_vjp)
defjvp(anp.prod, prod_jvp)
defvjp(anp.prod, prod_initial_vjp, argnums=(5,))
defjvp(anp.prod, prod_initial_jvp, argnums=(5,))


# max, min: the elements that attain the answer, and the initial value if it does, share the derivative evenly


def extremum_share(ans, a, axis, initial, where):
    """The share of each element in the answer, and that of the initial value."""
    expanded = expand_reduced(ans, a, axis)
    attains = anp.equal(a, expanded)
    if is_given(where):
        attains = anp.logical_and(attains, where)
    axes = axes_of(a, axis)
    count = anp.sum(attains, axis=axes, keepdims=True)
    initial_attains = anp.equal(expanded, initial) if is_given(initial) else False
    count = anp.maximum(count + initial_attains, 1)
    return attains / count, initial_attains / count


def extremum_vjp(g, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    share, _ = extremum_share(ans, a, axis, initial, where)
    return match_dtype(scale(share, expand_reduced(g, a, axis)), a.dtype)


def extremum_jvp(t, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    share, _ = extremum_share(ans, a, axis, initial, where)
    return match_dtype(anp.sum(scale(share, t), axis=axis, keepdims=keepdims is True), ans.dtype)


def extremum_initial_vjp(g, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    _, share = extremum_share(ans, a, axis, initial, where)
    return match_dtype(anp.sum(share * expand_reduced(g, a, axis)), initial.dtype)


def extremum_initial_jvp(t, ans, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    _, share = extremum_share(ans, a, axis, initial, where)
    return match_dtype(anp.reshape(share * t, ans.shape), ans.dtype)


for extremum in (anp.max, anp.min, anp.amax, anp.amin):
    defvjp(extremum, extremum_vjp)
    defjvp(extremum, extremum_jvp)
    defvjp(extremum, extremum_initial_vjp, argnums=(4,))
    defjvp(extremum, extremum_initial_jvp, argnums=(4,))
