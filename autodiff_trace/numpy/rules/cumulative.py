"""Rules of the running sums and products along an axis."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp
from ...core.traits import ARGUMENTS, declare
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define
from ..selections import moves
from .reductions import is_inexact, reduced_shape

# cumsum: the transpose sums from the other end


@primitive
def cumsum_back(x, axis):
    """Along ``axis``, for each element the sum of itself and all that follow."""
    backwards = (slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)
    return np.cumsum(x[backwards], axis)[backwards]  # np.flip takes 1.5 µs


def cumsum_vjp(g, ans, a, axis=None, dtype=None, out=None):
    if not is_inexact(ans):
        return None
    total = cumsum_back(g, 0 if axis is None else axis)
    return match_dtype(anp.reshape(total, a.shape), a.dtype)


def cumsum_jvp(t, ans, a, axis=None, dtype=None, out=None):
    return anp.cumsum(t, axis, dtype) if is_inexact(ans) else None


defvjp(anp.cumsum, cumsum_vjp)
defjvp(anp.cumsum, cumsum_jvp)
declare(anp.cumsum, linear_in=(0,), moves_elements=True, harmless=True, shows_nan=True)
moves(cumsum_back, transpose=lambda g, ans, x, axis: anp.cumsum(g, axis))


# cumprod: with pᵢ = a₀ … aᵢ₋₁, the tangent of the answer is sᵢ = aᵢ sᵢ₋₁ + pᵢ tᵢ, so the cotangent is pᵢ hᵢ, where
# hᵢ = gᵢ + aᵢ₊₁ hᵢ₊₁. Nothing is divided, so that zeros are exact.


def cumprod_vjp(g, ans, a, axis=None, dtype=None, out=None):
    if not is_inexact(ans):
        return None
    before, rows = products_before(a, axis)
    following = anp.concatenate([rows[..., 1:], anp.ones_like(rows[..., :1])], axis=-1)
    cotangent = before * recur_back(following, along_last(g, 0 if axis is None else axis))
    return match_dtype(from_last(cotangent, a, axis), a.dtype)


def cumprod_jvp(t, ans, a, axis=None, dtype=None, out=None):
    if not is_inexact(ans):
        return None
    before, rows = products_before(a, axis)
    change = before * along_last(t, axis)
    change = recur_back(rows[..., ::-1], change[..., ::-1])[..., ::-1]
    return match_dtype(change if axis is None else anp.swapaxes(change, axis, -1), ans.dtype)


def along_last(x, axis):
    """``x`` with ``axis`` as the last one; flat where that is None."""
    return anp.reshape(x, (-1,)) if axis is None or not x.ndim else anp.swapaxes(x, axis, -1)


def from_last(x, like, axis):
    """The inverse of ``along_last``."""
    return anp.reshape(x, like.shape) if axis is None or not like.ndim else anp.swapaxes(x, axis, -1)


def products_before(a, axis):
    """For each element the product of those before it, and the elements themselves, along the last axis."""
    rows = along_last(a, axis)
    return anp.cumprod(anp.concatenate([anp.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1), axis=-1), rows


def recur_back(factors, terms):
    """h along the last axis, where hᵢ = termsᵢ + factorsᵢ hᵢ₊₁ and nothing follows the last.

    Two steps of the recurrence are one of half the length, so that log n steps of array operations do:
    hᵢ = (termsᵢ + factorsᵢ termsᵢ₊₁) + (factorsᵢ factorsᵢ₊₁) hᵢ₊₂ for even i, then hᵢ₊₁ from hᵢ₊₂.
    """
    n = terms.shape[-1]
    if n <= 1:
        return terms
    if n % 2:
        end = anp.zeros_like(terms[..., :1])
        return recur_back(anp.concatenate([factors, end], -1), anp.concatenate([terms, end], -1))[..., :n]
    factors0, factors1 = factors[..., 0::2], factors[..., 1::2]
    terms0, terms1 = terms[..., 0::2], terms[..., 1::2]
    even = recur_back(factors0 * factors1, terms0 + factors0 * terms1)
    next_even = anp.concatenate([even[..., 1:], anp.zeros_like(even[..., :1])], -1)
    odd = terms1 + factors1 * next_even
    pairs = anp.stack([even, odd], axis=-1)
    return anp.reshape(pairs, terms.shape)


defvjp(anp.cumprod, cumprod_vjp)
declare(anp.cumprod, reads=ARGUMENTS)
defjvp(anp.cumprod, cumprod_jvp)


# NumPy 2.1's names of the two, which can begin with the empty sum or product


def cumulative(name, accumulate, empty, x, axis, dtype, out, include_initial):
    x = anp.asarray(x)
    x = x if x.ndim else anp.reshape(x, (1,))
    if axis is None:
        if x.ndim > 1:
            raise ValueError(f"{name}: give axis= for an array of {x.ndim} dimensions")
        axis = 0
    ans = accumulate(x, axis=axis, dtype=dtype)
    if include_initial:
        ans = anp.concatenate([np.full(reduced_shape(ans, axis), empty, ans.dtype), ans], axis=axis)
    return anp.positive(ans, out=out) if out is not None else ans


if hasattr(np, "cumulative_sum"):

    @define(np.cumulative_sum)
    def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        return cumulative("cumulative_sum", anp.cumsum, 0, x, axis, dtype, out, include_initial)

    @define(np.cumulative_prod)
    def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        return cumulative("cumulative_prod", anp.cumprod, 1, x, axis, dtype, out, include_initial)
