"""Rules of eigenvalues and singular values.

Eigenvectors are determined up to a factor: a sign, for complex matrices a phase, for equal eigenvalues a rotation. Only
functions that do not depend on that choice, as |v|² or v vᴴ, have a derivative, and of these the rules give the right
one: each takes the choice along smoothly. At equal eigenvalues a term 0/0 in the derivative of the vectors is taken as
0, any other term over 0 is infinite; the first derivative of a function of the eigenvalues alone does not see it.
"""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp
from ...core.unread import reads_answer
from .. import linalg
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, scale
from .matrices import (
    adjoint, column, diagonal, diagonal_matrix, fold_triangle, inverse_gaps, mirror_triangle, row, transposed,
)

__all__ = ["singular_value_decomposition"]


# eig: with P = V⁻¹ dA V and Fᵢⱼ = 1/(wⱼ − wᵢ), dw = diag P and dV = V C, C = F∘P on top of which each column keeps its
# length 1: Cᵢᵢ = −Re (Vᴴ V (F∘P))ᵢᵢ (Giles 2008; Boeddeker et al., "On the computation of complex-valued gradients with
# application to statistically optimum beamforming", 2017)


def eig_vjp(g, ans, a):
    w, v = ans
    gw, gv = g
    vt = transposed(v)
    gv = gv - anp.conjugate(v) * row(anp.real(anp.sum(gv * v, axis=-2)))
    gp = scale(vt @ gv, inverse_gaps(w)) + diagonal_matrix(gw)
    with np.errstate(invalid="ignore"):  # infinities of equal eigenvalues
        return match_dtype(linalg.solve(vt, gp @ vt), a.dtype)


def eig_jvp(t, ans, a):
    w, v = ans
    p = linalg.solve(v, t @ v)
    with np.errstate(invalid="ignore"):  # infinities of equal eigenvalues
        tv = v @ scale(p, inverse_gaps(w))
        tv = tv - v * row(anp.real(anp.sum(anp.conjugate(v) * tv, axis=-2)))
    return [match_dtype(diagonal(p), w.dtype), match_dtype(tv, v.dtype)]


defvjp(linalg.eig, eig_vjp)
reads_answer(linalg.eig)
defjvp(linalg.eig, eig_jvp)


@define(np.linalg.eigvals)
def eigvals(a):
    return linalg.eig(a)[0]


# eigh: as eig with V⁻¹ = Vᴴ and Cᵢᵢ = 0. The triangle that is not read has the derivative 0.


def eigh_vjp(g, ans, a, UPLO="L"):
    w, v = ans
    gw, gv = g
    gp = scale(transposed(v) @ gv, inverse_gaps(w)) + diagonal_matrix(gw)
    with np.errstate(invalid="ignore"):  # infinities of equal eigenvalues
        return fold_triangle(anp.conjugate(v) @ gp @ transposed(v), UPLO.upper() == "L")


def eigh_jvp(t, ans, a, UPLO="L"):
    w, v = ans
    p = adjoint(v) @ mirror_triangle(t, UPLO.upper() == "L") @ v
    with np.errstate(invalid="ignore"):  # infinities of equal eigenvalues
        return [anp.real(diagonal(p)), v @ scale(p, inverse_gaps(w))]


defvjp(linalg.eigh, eigh_vjp)
reads_answer(linalg.eigh)
defjvp(linalg.eigh, eigh_jvp)


@define(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return linalg.eigh(a, UPLO)[0]


# svd: with P = Uᴴ dA V, B and K its Hermitian and skew-Hermitian parts, dS = diag B and
#     dU = U (B∘E + K∘D) + (I − U Uᴴ) dA V S⁻¹      Eᵢⱼ = 1/(sⱼ − sᵢ), Eᵢᵢ = 0
#     dV = V (B∘E − K∘D) + (I − V Vᴴ) dAᴴ U S⁻¹     Dᵢⱼ = 1/(sⱼ + sᵢ)
# (Giles 2008; J. Townsend, "Differentiating the singular value decomposition", 2016; for complex matrices Wan and
# Zhang, "Automatic differentiation for complex valued SVD", 2019: there K has a diagonal). With full matrices,
# U = [U₁ U₂], the rest follows: dU₂ = −U₁ dU₁ᴴ U₂.


@primitive
def singular_value_decomposition(a, full_matrices, hermitian):
    return np.linalg.svd(a, full_matrices=full_matrices, hermitian=hermitian)


def inverse_sums(s):
    """1/(sᵢ + sⱼ), inf where both are 0."""
    sums = row(s) + column(s)
    zero = anp.equal(sums, 0)
    return anp.where(zero, np.inf, 1 / anp.where(zero, 1, sums))


def inverse_values(s):
    """1/s as a row, inf at 0."""
    zero = anp.equal(s, 0)
    return row(anp.where(zero, np.inf, 1 / anp.where(zero, 1, s)))


def svd_vjp(g, ans, a, full_matrices, hermitian):
    u, s, vh = ans
    gu, gs, gvh = g
    u, gu = fold_complement(u, gu, s.shape[-1])
    v, gv = fold_complement(adjoint(vh), adjoint(gvh), s.shape[-1])
    of_u, of_v = transposed(u) @ gu, transposed(v) @ gv
    gb = scale(of_u + of_v, inverse_gaps(s)) + diagonal_matrix(gs)
    gk = scale(of_u - of_v, inverse_sums(s))
    with np.errstate(invalid="ignore"):  # infinities of equal singular values
        gp = (gb + adjoint(gb) + gk - adjoint(gk)) / 2
        ga = anp.conjugate(u) @ gp @ transposed(v)
        if u.shape[-2] > s.shape[-1]:
            ga = ga + without_range(u, scale(gu, inverse_values(s))) @ transposed(v)
        if v.shape[-2] > s.shape[-1]:
            ga = ga + anp.conjugate(u) @ adjoint(without_range(v, scale(gv, inverse_values(s))))
        return ga


def fold_complement(u, gu, k):
    """U₁ and its cotangent, to which that of U₂ is added."""
    if u.shape[-1] == k:
        return u, gu
    u1, u2 = u[..., :k], u[..., k:]
    return u1, gu[..., :k] - adjoint(transposed(u1) @ gu[..., k:] @ transposed(u2))


def without_range(u, g):
    """(I − U Uᴴ)ᵀ g."""
    return g - anp.conjugate(u) @ (transposed(u) @ g)


def svd_jvp(t, ans, a, full_matrices, hermitian):
    u, s, vh = ans
    k = s.shape[-1]
    u1, v1 = u[..., :k], adjoint(vh)[..., :k]
    p = adjoint(u1) @ t @ v1
    b, skew = (p + adjoint(p)) / 2, (p - adjoint(p)) / 2
    with np.errstate(invalid="ignore"):  # infinities of equal singular values
        b_part, skew_part = scale(b, inverse_gaps(s)), scale(skew, inverse_sums(s))
        tu = u1 @ (b_part + skew_part)
        tv = v1 @ (b_part - skew_part)
        if u.shape[-2] > k:
            tu = tu + scale(t @ v1 - u1 @ p, inverse_values(s))
        if vh.shape[-1] > k:
            tv = tv + scale(adjoint(t) @ u1 - v1 @ adjoint(p), inverse_values(s))
        return [with_complement(tu, u, k), anp.real(diagonal(b)), adjoint(with_complement(tv, adjoint(vh), k))]


def with_complement(tu, u, k):
    """The tangent of [U₁ U₂] from that of U₁."""
    if u.shape[-1] == k:
        return tu
    u1, u2 = u[..., :k], u[..., k:]
    return anp.concatenate([tu, -(u1 @ (adjoint(tu) @ u2))], axis=-1)


defvjp(singular_value_decomposition, svd_vjp)
reads_answer(singular_value_decomposition)
defjvp(singular_value_decomposition, svd_jvp)


@define(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    a = anp.asarray(a)
    if hermitian:
        a = mirror_triangle(a)
    if compute_uv:
        return singular_value_decomposition(a, full_matrices, hermitian)
    return singular_value_decomposition(a, False, hermitian)[1]


@define(np.linalg.svdvals)
def svdvals(x, /):
    return svd(x, compute_uv=False)
