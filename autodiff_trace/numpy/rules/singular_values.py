"""Rules of singular values and singular vectors.

They are determined as eigenvectors are: see ``spectral``.
"""

from __future__ import annotations

import numpy as np

from ...core.choices import with_other
from ...core.forward import Realigned
from ...core.infinitesimals import has_split
from ...core.primitives import nondifferentiable, primitive
from ...core.traits import ANSWER, declare
from .. import wrapped as anp
from ..definers import define, defrules
from ..batching import batch_matrix, batch_stacks
from .matrices import adjoint, column, diagonal, diagonal_matrix, mirror_triangle, row, transposed
from .repeated_values import (
    agreed, are_unused, can_align, is_recorded, limit_quotient, magnitude, other_basis, part_repeated,
)
from .spectral import broadcast_stacks, decompose, is_noise, over_gaps
from .tolerances import clusters, find_tolerance, tolerance

__all__ = ["pair_rotation", "singular_value_decomposition"]

# svd: with P = Uᴴ dA V, B and K its Hermitian and skew-Hermitian parts, dS = diag B and
#     dU = U (B∘E + K∘D) + (I − U Uᴴ) dA V S⁻¹      Eᵢⱼ = 1/(sⱼ − sᵢ), Eᵢᵢ = 0
#     dV = V (B∘E − K∘D) + (I − V Vᴴ) dAᴴ U S⁻¹     Dᵢⱼ = 1/(sⱼ + sᵢ)
# (Giles 2008; J. Townsend, "Differentiating the singular value decomposition", 2016; for complex matrices Wan and
# Zhang, "Automatic differentiation for complex valued SVD", 2019: there K has a diagonal). With full matrices,
# U = [U₁ U₂], the rest follows: dU₂ = −U₁ dU₁ᴴ U₂.


SVDResult = type(np.linalg.svd(np.eye(1)))


@primitive
def singular_value_decomposition(a, full_matrices, hermitian):
    keywords = {"hermitian": True} if hermitian and type(a) is np.ndarray else {}  # other libraries know no other way
    u, s, vh = np.linalg.svd(a, full_matrices=full_matrices, **keywords)
    parted = part_repeated(s, with_zero=True)
    if parted is s:
        return SVDResult(u, s, vh)
    other_u, other_v = other_vectors(u, s, False), other_vectors(adjoint(vh), s, True)
    return SVDResult(with_other(u, other_u), parted, with_other(vh, adjoint(other_v)))


def other_vectors(u, s, is_right):
    """``u`` with other vectors of repeated values. Those of 0 turn by themselves on each side, in all the space that is
    left by the others, and are mirrored on one of them: there the sign of a pair is a choice, too."""
    other = u.copy()
    least = find_tolerance(s)
    for i in np.ndindex(s.shape[:-1]):
        null = [j for j in range(u.shape[-1]) if j >= s.shape[-1] or s[i][j] <= least[i].item()]
        for group in clusters(s[i], least[i]):
            if group[0] not in null:
                other[i][:, group] = u[i][:, group] @ other_basis(len(group), u.dtype)
        if null and null[0] < s.shape[-1]:
            missing = np.linalg.svd(u[i])[0][:, u.shape[-1] :]
            rest = np.concatenate([u[i][:, null], missing], axis=-1)
            basis = other_basis(rest.shape[-1], u.dtype, 1 + is_right)[:, : len(null)]
            other[i][:, null] = rest @ basis * np.where(np.arange(len(null)) < is_right, -1, 1)
    return other


def over_sums(x, s, size, name=""):
    """xᵢⱼ / (sᵢ + sⱼ)."""
    return limit_quotient(x, row(s) + column(s), size, tolerance(s), is_recorded(), name)


def over_values(x, s, size, name=""):
    """xᵢⱼ / sⱼ."""
    return limit_quotient(x, row(s) + anp.zeros_like(anp.real(x)), size, tolerance(s), is_recorded(), name)


def svd_vjp(g, ans, a, full_matrices, hermitian):
    u, s, vh = ans
    gu, gs, gvh = g
    gp = diagonal_matrix(gs)
    if are_unused(g, 0, 2):
        k = s.shape[-1]
        return anp.conjugate(u[..., :k]) @ gp @ transposed(adjoint(vh[..., :k, :]))
    u, gu = fold_complement(u, gu, s.shape[-1])
    v, gv = fold_complement(adjoint(vh), adjoint(gvh), s.shape[-1])
    size = anp.maximum(magnitude(gu), magnitude(gv))
    of_u, of_v = transposed(u) @ gu, transposed(v) @ gv
    both, skew = of_u + of_v, of_u - of_v
    least = tolerance(s)
    gp = gp + over_gaps((both - adjoint(both)) / 2, s, least, size, "svd")
    gp = gp + over_sums((skew - adjoint(skew)) / 2, s, size, "svd")
    left, right = anp.conjugate(u), transposed(v)
    ga = left @ gp @ right
    if u.shape[-2] > s.shape[-1]:
        ga = ga + over_values(without_range(u, gu), s, size, "svd") @ right
    if v.shape[-2] > s.shape[-1]:
        ga = ga + left @ adjoint(over_values(without_range(v, gv), s, size, "svd"))
    return ga if not has_split(u) else agreed(ga, left, right, s, least, magnitude(diagonal_matrix(gs)), size, "svd")


def fold_complement(u, gu, k):
    """U₁ and its cotangent, to which that of U₂ is added."""
    if u.shape[-1] == k:
        return u, gu
    u1, u2 = u[..., :k], u[..., k:]
    return u1, gu[..., :k] - adjoint(transposed(u1) @ gu[..., k:] @ transposed(u2))


def without_range(u, g):
    """(I − U Uᴴ)ᵀ g."""
    return g - anp.conjugate(u) @ (transposed(u) @ g)


def rotate_pairs(p, s):
    """What makes ``p`` diagonal where singular values are repeated, of U and of V; they turn together unless s = 0."""
    p, s = broadcast_stacks(p, s)
    ru, rv = np.zeros((2, *p.shape), p.dtype)
    ru[...] = rv[...] = np.eye(p.shape[-1])
    least = tolerance(s)
    for i in np.ndindex(s.shape[:-1]):
        for group in clusters(s[i], least[i]):
            block = np.ix_(group, group)
            part = p[i][block]
            if s[i][group].max() <= least[i].item():
                x, _, yh = np.linalg.svd(part)
                ru[i][block], rv[i][block] = x, yh.conj().T
            else:
                ru[i][block] = rv[i][block] = np.linalg.eigh((part + part.conj().T) / 2)[1]
    return ru, rv


pair_rotation = nondifferentiable(rotate_pairs)
declare(pair_rotation, batching=batch_stacks, differs_by_choice=True)


def svd_jvp(t, ans, a, full_matrices, hermitian):
    u, s, vh = ans
    k = s.shape[-1]
    u1, v1 = u[..., :k], adjoint(vh)[..., :k]
    p = adjoint(u1) @ t @ v1
    least = tolerance(s)
    is_aligned = can_align(s, least)
    if is_aligned:
        ru, rv = pair_rotation(p, s)
        u1, v1 = u1 @ ru, v1 @ rv
        u = anp.concatenate([u1, u[..., k:]], axis=-1)
        vh = anp.concatenate([adjoint(v1), vh[..., k:, :]], axis=-2)
        p = adjoint(u1) @ t @ v1
    b, skew, size = (p + adjoint(p)) / 2, (p - adjoint(p)) / 2, magnitude(p)
    b_part = over_gaps(anp.where(is_noise(b, s, least), 0, b) if is_aligned else b, s, least, size)
    if is_aligned:  # where both values are 0 what is left is noise
        skew = anp.where(anp.greater(row(s) + column(s), least), skew, 0)
    skew_part = over_sums(skew, s, size)
    tu = u1 @ (b_part + skew_part)
    tv = v1 @ (b_part - skew_part)
    if u.shape[-2] > k:
        tu = tu + over_values(t @ v1 - u1 @ p, s, magnitude(t))
    if vh.shape[-1] > k:
        tv = tv + over_values(adjoint(t) @ u1 - v1 @ adjoint(p), s, magnitude(t))
    tangents = [with_complement(tu, u, k), anp.real(diagonal(p)), adjoint(with_complement(tv, adjoint(vh), k))]
    return Realigned(tangents, type(ans)(u, s, vh)) if is_aligned else tangents


def with_complement(tu, u, k):
    """The tangent of [U₁ U₂] from that of U₁."""
    if u.shape[-1] == k:
        return tu
    u1, u2 = u[..., :k], u[..., k:]
    return anp.concatenate([tu, -(u1 @ (adjoint(tu) @ u2))], axis=-1)


defrules(singular_value_decomposition, svd_vjp, svd_jvp, batching=batch_matrix, reads=ANSWER)


@define(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    a = anp.asarray(a)
    if hermitian:
        a = mirror_triangle(a)
    if compute_uv:
        return decompose(singular_value_decomposition, a, full_matrices, hermitian)
    return decompose(singular_value_decomposition, a, False, hermitian)[1]


@define(np.linalg.svdvals)
def svdvals(x, /):
    return svd(x, compute_uv=False)
