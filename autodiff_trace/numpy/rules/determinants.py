"""Rules of det and slogdet."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ...core.forward import defjvp_all
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ARGUMENTS, declare
from .. import lapack, linalg
from .. import wrapped as anp
from ..definers import defrules
from ..error_states import quiet
from ..batching import batch_aligned, batch_matrix
from .matrices import inverts, transposed

__all__ = ["inverse"]

# det: the gradient is the matrix of cofactors (Jacobi). It is a polynomial in A, as is each further derivative: the
# derivatives at singular matrices are exact, which det(A) A⁻ᵀ is not.


@primitive
def minors(a, *directions):
    """The gradient in X of the derivative of det at A in the directions H₁ … Hₖ and X; for k = 0 the cofactors of A.

    With A = U S Vᴴ it is det(U) det(Vᴴ) times that at S of the directions Uᴴ H V, where (Leibniz' formula)
    Dᵏ⁺¹ det(S)(H₀, …, Hₖ) = Σ over permutations σ of 0 … k and distinct rows i₀ … iₖ of
    sgn σ · (the product of the other singular values) · H₀[i₀, i_σ₀] ⋯ Hₖ[iₖ, i_σₖ]. The derivative of minors in any
    of its arguments is again one of minors.
    """
    if not directions and (cofactors := regular_cofactors(a)) is not None:
        return cofactors
    unknown = ~np.isfinite(a).all(axis=(-1, -2), keepdims=True)
    if unknown.any():  # which have no singular values
        return np.where(unknown, np.nan, minors.fun(np.where(unknown, 1, a), *directions))
    u, s, vh = np.linalg.svd(a)
    v = vh.swapaxes(-1, -2).conj()
    rotated = [u.swapaxes(-1, -2).conj() @ h @ v for h in directions]
    n = s.shape[-1]
    between = products_between(s)
    count = len(rotated) + 1
    total = 0
    for order in itertools.permutations(range(count)):
        # Label m stands for row iₘ, label `count` for the column of H₀ in the result, which row i_σ₀ names.
        operands = [np.eye(n, dtype=s.dtype), [order[0], count], others(between, count), [..., *range(count)]]
        for m, h in enumerate(rotated, start=1):
            operands += [h, [..., m, order[m]]]
        total = total + sign_of(order) * np.einsum(*operands, [..., 0, count], optimize=True)
    factor = np.linalg.det(u) * np.linalg.det(vh)
    return factor[..., None, None] * (u.conj() @ total @ vh.conj())


def regular_cofactors(a):
    """det(A) A⁻ᵀ, which takes a third of the time; None if the condition would cost more than a third of the digits."""
    try:
        x = lapack.inv(a)
    except np.linalg.LinAlgError:
        return None
    squares = [np.sum((y.conj() * y).real, axis=(-1, -2)) for y in (a, x)]
    if not np.all(squares[0] * squares[1] < np.finfo(a.dtype).eps ** (-2 / 3)):
        return None
    return np.linalg.det(a)[..., None, None] * x.swapaxes(-1, -2)


def products_between(s):
    """Of s₁ … sₙ the products of those strictly between positions i < j of 0 … n + 1; 0 where i ≥ j."""
    n = s.shape[-1]
    after = np.arange(n) >= np.arange(n + 1)[:, None]
    table = np.zeros((*s.shape[:-1], n + 2, n + 2), s.dtype)
    table[..., :-1, 1] = 1
    table[..., :-1, 2:] = np.cumprod(np.where(after, s[..., None, :], 1), axis=-1)
    return np.triu(table, 1)


def others(between, count):
    """For each choice of ``count`` distinct rows the product of the other singular values; 0 if two are the same."""
    n = between.shape[-1] - 2
    rows = np.sort(np.indices((n,) * count) + 1, axis=0)
    first, last = np.zeros_like(rows[0]), np.full_like(rows[0], n + 1)
    steps = [first, *rows, last]
    return math.prod(between[..., i, j] for i, j in zip(steps, steps[1:]))


def sign_of(order):
    """The sign of a permutation."""
    return math.prod(1 if i < j else -1 for i, j in itertools.combinations(order, 2))


def minors_vjp(argnums, g, ans, args, kwargs):
    a, *directions = args
    return [minors(a, *without(directions, argnum - 1), g) for argnum in argnums]


def minors_jvp(argnums, tangents, ans, args, kwargs):
    a, *directions = args
    return sum(minors(a, *without(directions, argnum - 1), t) for argnum, t in zip(argnums, tangents))


def without(directions, i):
    """The directions but number i; all of them for i = −1, which is the matrix itself."""
    return [h for j, h in enumerate(directions) if j != i]


defvjp_all(minors, minors_vjp)
defjvp_all(minors, minors_jvp)
declare(minors, batching=batch_aligned)
defrules(
    linalg.det, lambda g, ans, a: anp.expand_dims(g, (-1, -2)) * minors(a),
    lambda t, ans, a: anp.sum(t * minors(a), axis=(-1, -2)), reads=ARGUMENTS,
)


# slogdet: with τ = tr(A⁻¹ dA), d log|det| = Re τ and dsign = i sign Im τ (Giles 2008, for complex A the same way)


@primitive
def inverse(a):
    """A⁻¹, and infinities where A is singular: the slope of log|det| there."""
    try:
        return lapack.inv(a)
    except np.linalg.LinAlgError:
        singular = (np.linalg.slogdet(a)[0] == 0)[..., None, None]
        return np.where(singular, np.inf, np.linalg.inv(np.where(singular, np.eye(a.shape[-1], dtype=a.dtype), a)))


inverts(inverse)


@quiet  # infinities of singular matrices
def slogdet_vjp(g, ans, a):
    g_sign, g_log = g
    if a.dtype.kind == "c":
        g_log = g_log + anp.imag(g_sign * ans[0]) * 1j
    return anp.expand_dims(g_log, (-1, -2)) * transposed(inverse(a))


@quiet
def slogdet_jvp(t, ans, a):
    trace = anp.sum(t * transposed(inverse(a)), axis=(-1, -2))
    if a.dtype.kind != "c":
        return [None, trace]
    return [ans[0] * anp.imag(trace) * 1j, anp.real(trace)]


defrules(linalg.slogdet, slogdet_vjp, slogdet_jvp)
declare(inverse, linalg.det, linalg.slogdet, batching=batch_matrix, by_matrix=True, owns_memory=True)
declare(linalg.det, linalg.slogdet, harmless=True)
