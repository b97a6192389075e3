"""Running sums and products along an axis."""

from __future__ import annotations

import numpy as np

from ...core.array_ops import array_ops
from ...core.traits import ARGUMENTS
from .. import wrapped as anp
from ..along_axes import at_least_1d, flat, reduced_shape, runs_along
from ..broadcasting import cast, match_dtype
from ..canonical import unary_of
from ..definers import define, defrules
from ..selections import moves

# cumsum: the transpose sums from the other end


@unary_of(np.cumsum)
def cumsum_along(x, axis):
    return x.cumsum(axis)


def backwards(x, axis):
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def cumsum_transpose(g, ans, x, axis):
    return match_dtype(backwards(cumsum_along(backwards(g, axis), axis), axis), x.dtype)


moves(cumsum_along, transpose=cumsum_transpose)


# cumprod: with pᵢ = a₀ … aᵢ₋₁, the tangent of the answer is sᵢ = aᵢ sᵢ₋₁ + pᵢ tᵢ, so the cotangent is pᵢ hᵢ, where
# hᵢ = gᵢ + aᵢ₊₁ hᵢ₊₁. Nothing is divided, so that zeros are exact.


@unary_of(np.cumprod)
def cumprod_along(x, axis):
    return x.cumprod(axis)


def cumprod_vjp(g, ans, x, axis):
    before, rows = products_before(x, axis)
    following = anp.concatenate([rows[..., 1:], anp.ones_like(rows[..., :1])], axis=-1)
    cotangent = before * recur_back(following, anp.swapaxes(g, axis, -1))
    return match_dtype(anp.swapaxes(cotangent, axis, -1), x.dtype)


def cumprod_jvp(t, ans, x, axis):
    before, rows = products_before(x, axis)
    change = before * anp.swapaxes(t, axis, -1)
    change = recur_back(rows[..., ::-1], change[..., ::-1])[..., ::-1]
    return match_dtype(anp.swapaxes(change, axis, -1), ans.dtype)


def products_before(x, axis):
    """For each element the product of those before it, and the elements themselves, along the last axis."""
    rows = anp.swapaxes(x, axis, -1)
    shifted = anp.concatenate([anp.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1)
    return cumprod_along(shifted, rows.ndim - 1), rows


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


defrules(cumprod_along, cumprod_vjp, cumprod_jvp, reads=ARGUMENTS)

for prim in (cumsum_along, cumprod_along):
    runs_along(prim)


# The public forms: ``axis`` None means the flattened array


def define_running(function, prim):
    @define(function)
    def accumulate(a, axis, dtype, out):
        x, axis = flat(at_least_1d(a), axis)
        if dtype is None is out:
            return prim(x, axis)
        return array_ops.store(out, cast(prim(cast(x, dtype), axis), dtype))


define_running(np.cumsum, cumsum_along)
define_running(np.cumprod, cumprod_along)


# NumPy 2.1's names of the two, which can begin with the empty sum or product


def define_cumulative(name, accumulate, empty):
    @define(getattr(np, name))
    def cumulative(x, axis, dtype, out, include_initial):
        x = at_least_1d(x)
        if axis is None and x.ndim > 1:
            raise ValueError(f"{name}: give axis= for an array of {x.ndim} dimensions")
        x, axis = flat(x, axis)
        ans = cast(accumulate(cast(x, dtype), axis), dtype)
        if include_initial:
            ans = anp.concatenate([np.full(reduced_shape(ans, axis), empty, ans.dtype), ans], axis=axis)
        return array_ops.store(out, ans)


if hasattr(np, "cumulative_sum"):
    define_cumulative("cumulative_sum", cumsum_along, 0)
    define_cumulative("cumulative_prod", cumprod_along, 1)
