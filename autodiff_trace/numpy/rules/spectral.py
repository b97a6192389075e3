"""Rules of eigenvalues and eigenvectors.

Eigenvectors are determined up to a factor: a sign, for complex matrices a phase, for equal eigenvalues a rotation. Only
functions that do not depend on that choice, as |v|² or v vᴴ, have a derivative, and of these the rules give the right
one: each takes the choice along smoothly. What divides by the gap of equal eigenvalues is in ``repeated_values``.
"""

from __future__ import annotations

import numpy as np

from ...core.forward import Realigned
from ...core.infinitesimals import has_split
from ...core.primitives import nondifferentiable, primitive
from ...core.traits import ANSWER, declare
from .. import linalg
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, defrules
from ..batching import batch_matrix, batch_stacks
from .matrices import (
    adjoint, column, diagonal, diagonal_matrix, fold_triangle, identity, mirror_triangle, row, transposed,
)
from .repeated_values import (
    NOISE, agreed, are_unused, can_align, is_recorded, limit_quotient, magnitude, part_repeated, unless_constant,
    with_other_vectors,
)
from .tolerances import clusters, find_tolerance, largest, tolerance

__all__ = [
    "broadcast_stacks", "condition", "decompose", "eigensystem", "hermitian_eigensystem", "hermitian_rotation",
    "is_noise", "over_gaps", "rotation",
]


EigResult, EighResult = type(np.linalg.eig(np.eye(1))), type(np.linalg.eigh(np.eye(1)))


@primitive
def eigensystem(a):
    w, v = np.linalg.eig(a)
    parted = part_repeated(w, v)
    return EigResult(w, v) if parted is w else EigResult(
        parted, with_other_vectors(v, w, find_tolerance(w, v), a.dtype)
    )


eigensystem.__name__ = "eig"


@primitive
def hermitian_eigensystem(a, UPLO):
    w, v = np.linalg.eigh(a, UPLO)
    parted = part_repeated(w)
    return EighResult(w, v) if parted is w else EighResult(parted, with_other_vectors(v, w, find_tolerance(w), v.dtype))


def over_gaps(x, w, least, size, name=""):
    """xᵢⱼ / (wⱼ − wᵢ), and 0 on the diagonal. Values are equal within ``least``; ``size`` is how large the numbers are
    of which ``x`` is what is left."""
    eye = identity(x, x.shape[-1])
    return limit_quotient(x * (1 - eye), row(w) - column(w) + eye, size, least, is_recorded(), name)


def broadcast_stacks(p, w):
    """Matrices, and vectors of their size, as stacks of one length."""
    lead = np.broadcast_shapes(p.shape[:-2], w.shape[:-1])
    return np.broadcast_to(p, lead + p.shape[-2:]), np.broadcast_to(w, lead + w.shape[-1:])


def rotate(p, w, least, find):
    """The matrices, of identity but for values repeated within ``least``, that make ``p`` diagonal there."""
    p, w = broadcast_stacks(p, w)
    least = np.broadcast_to(least, (*w.shape[:-1], 1, 1))
    r = np.zeros(p.shape, p.dtype)
    r[...] = np.eye(p.shape[-1])
    for i in np.ndindex(w.shape[:-1]):
        for group in clusters(w[i], least[i]):
            block = np.ix_(group, group)
            r[i][block] = find(p[i][block])[1]
    return r


def find_real_system(block):
    """As ``np.linalg.eig``; nothing is turned where real values would part into complex ones."""
    w, v = np.linalg.eig(block)
    return (w, v) if v.dtype == block.dtype else (None, np.eye(len(block)))


condition = nondifferentiable(lambda v: np.linalg.cond(v)[..., None, None])
rotation = nondifferentiable(lambda p, w, least: rotate(p, w, least, find_real_system))
hermitian_rotation = nondifferentiable(lambda p, w, least: rotate(p, w, least, np.linalg.eigh))
declare(rotation, hermitian_rotation, batching=batch_stacks, differs_by_choice=True)
declare(condition, batching=batch_stacks)


@nondifferentiable
def is_noise(p, w, least):
    """The mask of what is 0 but for rounding between values that are equal within ``least``."""
    size = NOISE * np.finfo(p.dtype).eps * largest(np.abs(p), (-2, -1), keepdims=True)
    return (np.abs(w[..., None, :] - w[..., None]) <= least) & (np.abs(p) <= size)


declare(is_noise, batching=batch_stacks, differs_by_choice=True)


def decompose(prim, a, *params):
    """``prim(a, *params)``, split only where reverse mode follows ``a``."""
    ans = prim(a, *params)
    return type(ans)(*[unless_constant(x, a) for x in ans])


# eig: with P = V⁻¹ dA V and Fᵢⱼ = 1/(wⱼ − wᵢ), dw = diag P and dV = V C, C = F∘P on top of which each column keeps its
# length 1: Cᵢᵢ = −Re (Vᴴ V (F∘P))ᵢᵢ (Giles 2008; Boeddeker et al., "On the computation of complex-valued gradients with
# application to statistically optimum beamforming", 2017)


def eig_vjp(g, ans, a):
    w, v = ans
    gw, gv = g
    vt = transposed(v)
    gp = diagonal_matrix(gw)
    if not are_unused(g, 1):
        gv = gv - anp.conjugate(v) * row(anp.real(anp.sum(gv * v, axis=-2)))
        least = tolerance(w, v)
        gp = gp + over_gaps(vt @ gv, w, least, magnitude(gv) * condition(v), "eig")
    ga = linalg.solve(vt, gp @ vt)
    if has_split(v) and not are_unused(g, 1):
        sizes = magnitude(diagonal_matrix(gw)) * condition(v), magnitude(gv) * condition(v)
        ga = agreed(ga, linalg.inv(vt), vt, w, least, *sizes, "eig")
    return match_dtype(ga, a.dtype)


def eig_jvp(t, ans, a):
    w, v = ans
    p = linalg.solve(v, t @ v)
    least = tolerance(w, v)
    is_aligned = can_align(w, least)
    if is_aligned:
        v = v @ rotation(p, w, least)
        v = v / linalg.norm(v, axis=-2, keepdims=True)
        p = linalg.solve(v, t @ v)
    tv = v @ over_gaps(anp.where(is_noise(p, w, least), 0, p) if is_aligned else p, w, least, magnitude(p))
    tv = tv - v * row(anp.real(anp.sum(anp.conjugate(v) * tv, axis=-2)))
    tangents = [match_dtype(diagonal(p), w.dtype), match_dtype(tv, v.dtype)]
    return Realigned(tangents, type(ans)(w, v)) if is_aligned else tangents


defrules(eigensystem, eig_vjp, eig_jvp, batching=batch_matrix, reads=ANSWER, shaped_by_values=True)


@define(np.linalg.eig)
def eig(a):
    return decompose(eigensystem, anp.asarray(a))


@define(np.linalg.eigvals)
def eigvals(a):
    return linalg.eig(a)[0]


# eigh: as eig with V⁻¹ = Vᴴ and Cᵢᵢ = 0. The triangle that is not read has the derivative 0. Of F∘(Vᵀ gv) the Hermitian
# part counts: F∘(M − Mᴴ)/2.


def eigh_vjp(g, ans, a, UPLO):
    w, v = ans
    gw, gv = g
    gp = diagonal_matrix(gw)
    least = tolerance(w)
    if not are_unused(g, 1):
        m = transposed(v) @ gv
        gp = gp + over_gaps((m - adjoint(m)) / 2, w, least, magnitude(gv), "eigh")
    left, right = anp.conjugate(v), transposed(v)
    ga = left @ gp @ right
    if has_split(v) and not are_unused(g, 1):
        ga = agreed(ga, left, right, w, least, magnitude(diagonal_matrix(gw)), magnitude(gv), "eigh")
    return fold_triangle(ga, UPLO == "L")


def eigh_jvp(t, ans, a, UPLO):
    w, v = ans
    t = mirror_triangle(t, UPLO == "L")
    p = adjoint(v) @ t @ v
    least = tolerance(w)
    is_aligned = can_align(w, least)
    if is_aligned:
        v = v @ hermitian_rotation(p, w, least)
        p = adjoint(v) @ t @ v
    c = over_gaps(anp.where(is_noise(p, w, least), 0, p) if is_aligned else p, w, least, magnitude(p))
    tangents = [anp.real(diagonal(p)), v @ c]
    return Realigned(tangents, type(ans)(w, v)) if is_aligned else tangents


defrules(hermitian_eigensystem, eigh_vjp, eigh_jvp, batching=batch_matrix, reads=ANSWER)


@define(np.linalg.eigh)
def eigh(a, UPLO="L"):
    return decompose(hermitian_eigensystem, anp.asarray(a), UPLO.upper())


@define(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return linalg.eigh(a, UPLO)[0]
