"""Rules of cholesky and qr."""

from __future__ import annotations

import warnings

import numpy as np

from ...core.errors import caller_line
from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ANSWER, declare
from .. import lapack, linalg
from .. import wrapped as anp
from ..definers import define, defrules, linear
from ..recursive_linalg import invert_triangle, pull_back_factor
from ..batching import batch_aligned, batch_matrix
from .matrices import adjoint, fold_triangle, halved_triangle, identity, inverts, mirror_triangle, transposed
from .tolerances import ROUNDING, largest, smallest

__all__ = ["factor_cotangent"]

# cholesky: dL = L Φ(L⁻¹ dA L⁻ᴴ), Φ the lower triangle with half of the diagonal (I. Murray, "Differentiation of the
# Cholesky decomposition", 2016). The triangle that is not read has the derivative 0.


@primitive
def lower_inverse(x):
    """The inverse of lower triangular matrices."""
    return invert_triangle(x)


inverts(lower_inverse)


@primitive
def lower_factor(a):
    return lapack.cholesky(a)


@primitive
def factor_cotangent(g, factor):
    """The cotangent Ā of A, in its lower triangle, from the cotangent g of its factor L: the folded L⁻ᵀ Φ(Lᵀ g) L̄⁻¹."""
    ans = np.zeros(np.broadcast(g, factor).shape, np.result_type(g, factor))
    if ans.dtype.kind != "c":
        pull_back_factor(g, factor, None, ans)
        return ans
    pull_back_factor(g.conj(), factor, None, ans)
    return ans.conj()


def factor_tangent(t, factor):
    return factor @ halved_triangle(whitened(t, lower_inverse(factor)))


def whitened(a, inverse):
    """L⁻¹ A L⁻ᴴ, of A whose lower triangle alone is read."""
    return inverse @ mirror_triangle(a) @ adjoint(inverse)


defrules(
    lower_factor, lambda g, ans, a: factor_cotangent(g, ans), lambda t, ans, a: factor_tangent(t, ans),
    batching=batch_matrix, reads=ANSWER, owns_memory=True,
)
declare(factor_cotangent, batching=batch_aligned, owns_memory=True)


# factor_cotangent: with H the cotangent of Ā, V = Ā + Āᴴ, N = L⁻¹ H L⁻ᴴ and P = Φ(N), that of g is L P, as dL is of dA,
# and that of L is g Pᵀ − V conj(L N). The tangents are those of the folded product.


def factor_cotangent_vjp(argnums, h, ans, args, kwargs):
    g, factor = args
    n = whitened(h, lower_inverse(factor))
    p = halved_triangle(n)
    rules = [lambda: factor @ p, lambda: g @ transposed(p) - (ans + adjoint(ans)) @ anp.conjugate(factor @ n)]
    return [rules[argnum]() for argnum in argnums]


def factor_cotangent_jvp(t, ans, g, factor):
    inverse = lower_inverse(factor)
    x = transposed(inverse) @ halved_triangle(transposed(t) @ g) - (ans + adjoint(ans)) @ anp.conjugate(t)
    return fold_triangle(x @ anp.conjugate(inverse))


defvjp_all(factor_cotangent, factor_cotangent_vjp)
defjvp(factor_cotangent, lambda t, ans, g, factor: factor_cotangent(t, factor), factor_cotangent_jvp)


@define(np.linalg.cholesky)
def cholesky(a, /, *, upper=False):
    a = anp.asarray(a)
    return adjoint(lower_factor(adjoint(a))) if upper else lower_factor(a)


# qr of a matrix with at least as many rows as columns: with Y = dA R⁻¹ and Z the upper triangle of Qᴴ Y + (Qᴴ Y)ᴴ, its
# diagonal halved, dQ = Y − Q Z and dR = Z R (S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra
# functions with application in optimum experimental design", 2010). LAPACK makes the diagonal of R real also for
# complex matrices, so no phase is left to choose. The columns must be independent: of others the derivative is NaN.


QRResult = type(np.linalg.qr(np.eye(1)))


@primitive
def tall_qr(a):
    return QRResult(*np.linalg.qr(a))


@primitive
def independent(r):
    """``r`` itself; NaN, with a warning, for matrices whose columns depend on each other, but for rounding."""
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    least = ROUNDING * r.shape[-1] * np.finfo(r.dtype).eps * largest(diagonal, -1)
    is_dependent = smallest(diagonal, -1) <= least
    if not np.any(is_dependent):
        return r
    warnings.warn(
        f"qr: columns depend on each other: the derivative is NaN ({caller_line()}).", RuntimeWarning, stacklevel=2
    )
    return np.where(is_dependent[..., None, None], np.nan, r)


linear(independent, lambda g, ans, r: g, batching=batch_matrix)


def qr_vjp(g, ans, a):
    q, r = ans
    gq, gr = g
    gx = mirror_triangle(gr @ transposed(r) - transposed(q) @ gq, lower=False)
    gy = gq + anp.conjugate(q) @ gx
    return transposed(linalg.solve(independent(r), transposed(gy)))


def qr_jvp(t, ans, a):
    q, r = ans
    y = transposed(linalg.solve(transposed(independent(r)), transposed(t)))
    z = fold_triangle(adjoint(q) @ y, lower=False)
    return [y - q @ z, z @ r]


defrules(tall_qr, qr_vjp, qr_jvp, batching=batch_matrix, reads=ANSWER)


@define(np.linalg.qr)
def qr(a, mode="reduced"):
    a = anp.asarray(a)
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode={mode!r} cannot be traced; 'reduced', 'complete' and 'r' can")
    rows, columns = a.shape[-2:]
    result = tall_qr(a[..., :rows])
    q, r = result
    if columns > rows:
        r = anp.concatenate([r, adjoint(q) @ a[..., rows:]], axis=-1)
    elif rows > columns and mode == "complete":
        q = anp.concatenate([q, complement(q)], axis=-1)
        r = anp.concatenate([r, np.zeros((*r.shape[:-2], rows - columns, columns), r.dtype)], axis=-2)
    return r if mode == "r" else type(result)(q, r)


def complement(q):
    """The columns that LAPACK adds to Q₁. A product of n reflections is [Q₁ Q₂] = I − Y T Yᴴ with some Y and T, so
    W = Q₁ − I = −Y T Y₁ᴴ has the upper and lower parts W₁ = −Y₁ T Y₁ᴴ and W₂ = −Y₂ T Y₁ᴴ, and Q₂ = I + W (W₂ W₁⁻¹)ᴴ
    (after G. Ballard et al., "Reconstructing Householder vectors from tall-skinny QR", 2014)."""
    rows, columns = q.shape[-2:]
    eye = identity(q, rows)
    w = q - eye[:, :columns]
    upper, lower = w[..., :columns, :], w[..., columns:, :]
    try:
        return eye[:, columns:] + w @ linalg.solve(adjoint(upper), adjoint(lower))
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            "qr: a column is zero below the diagonal, where Q jumps: mode='complete' has no derivative, 'reduced' has"
        ) from error
