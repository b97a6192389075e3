"""Rules of factorizations with orthogonal (unitary) factors: qr, qr_multiply, rq, polar, orthogonal_procrustes."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import nondifferentiable, primitive
from ...core.traits import declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_matrix
from ...numpy.definers import define, defrules
from ...numpy.rules.matrices import adjoint, transposed
from .matrix_equations import hermitian_part, sylvester
from .operands import array, in_columns, over_stacks

__all__: list[str] = []


# qr: the rules of NumPy's, whose signs are the same. The order of columns does not change with their values.


@nondifferentiable
@over_stacks(1)
def column_order(a):
    """The columns in the order in which LAPACK takes them when it chooses the largest that is left."""
    return scipy.linalg.qr(a, mode="r", pivoting=True, check_finite=False)[1]


declare(column_order, batching=batch_matrix)

MODES = {"full": "complete", "qr": "complete", "economic": "reduced", "r": "r"}


@define(scipy.linalg.qr)
def qr(a, mode, pivoting, check_finite=True, **hints):
    a = array(a, check_finite)
    if mode not in MODES:
        raise ValueError(f"qr: mode={mode!r} cannot be traced; 'full', 'economic' and 'r' can")
    order = ()
    if pivoting:
        order = (column_order(a),)
        a = in_columns(a, order[0])
    if mode == "r":
        return (with_all_rows(np_linalg.qr(a, "r"), a), *order)
    return (*np_linalg.qr(a, MODES[mode]), *order)


def with_all_rows(r, a):
    """R with the rows of zeros that NumPy leaves away."""
    missing = a.shape[-2] - r.shape[-2]
    if not missing:
        return r
    return anp.concatenate([r, np.zeros((*r.shape[:-2], missing, r.shape[-1]), r.dtype)], axis=-2)


@define(scipy.linalg.qr_multiply)
def qr_multiply(a, c, mode, pivoting, conjugate, check_finite=True, **hints):
    c = array(c, check_finite)
    q, r, *order = qr(a, mode="economic", pivoting=pivoting)
    q = anp.conjugate(q) if conjugate else q
    if mode not in ("left", "right"):
        raise ValueError(f"qr_multiply: mode can only be 'left' or 'right' but not {mode!r}")
    return (q @ c if mode == "left" else c @ q, r, *order)


# rq: with J, which turns the order of rows, (J A J)ᴴ = Q̃ R̃ gives A = (J R̃ᴴ J) (J Q̃ᴴ J), with LAPACK's signs


@define(scipy.linalg.rq)
def rq(a, mode, check_finite=True, **hints):
    a = array(a, check_finite)
    if mode not in ("full", "r", "economic"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic']")
    m, n = a.shape[-2:]
    if m > n:  # the rows above those of the square matrix follow from these
        r, q = rq(a[..., m - n :, :])
        r = anp.concatenate([a[..., : m - n, :] @ adjoint(q), r], axis=-2)
    else:
        q, r = np_linalg.qr(adjoint(a[..., ::-1, ::-1]), MODES[mode] if mode == "economic" else "complete")
        q, r = adjoint(q)[..., ::-1, ::-1], adjoint(r)[..., ::-1, ::-1]
    return r if mode == "r" else (r, q)


# polar: A = U P with P = Uᴴ A Hermitian. Where A has full rank, and no fewer rows than columns, dU = U Ω + (I − U Uᴴ)
# dA P⁻¹, where P Ω + Ω P = Uᴴ dA − dAᴴ U (N. Higham, "Functions of Matrices", 2008, section 8.2 ff.). As a real-linear
# map of dA this is its own transpose, but for conjugation. No derivative is infinite for equal singular values.


@primitive
@over_stacks(1)
def unitary_factor(a):
    """U of tall matrices, by the singular values."""
    w, _, vh = scipy.linalg.svd(a, full_matrices=False, check_finite=False)
    return w @ vh


@nondifferentiable
def where_of_full_rank(a):
    """1, and NaN for matrices of less than full rank, whose U is a choice."""
    s = np.linalg.svd(a, compute_uv=False)
    least = s.shape[-1] * np.finfo(s.dtype).eps * np.max(s, axis=-1, initial=0)
    return np.where(np.min(s, axis=-1, initial=np.inf) > least, 1, np.nan).astype(s.dtype)[..., None, None]


declare(where_of_full_rank, batching=batch_matrix)


def factor_change(u, a, t):
    p = hermitian_part(adjoint(u) @ a)
    turn = adjoint(u) @ t
    change = u @ sylvester(p, p, turn - adjoint(turn), True) * where_of_full_rank(a)
    if a.shape[-2] > a.shape[-1]:
        change = change + adjoint(np_linalg.solve(p, adjoint(t - u @ turn)))
    return change


defrules(
    unitary_factor, lambda g, ans, a: anp.conjugate(factor_change(ans, a, anp.conjugate(g))),
    lambda t, ans, a: factor_change(ans, a, t), batching=batch_matrix,
)


def polar_factor(a):
    return unitary_factor(a) if a.shape[-2] >= a.shape[-1] else adjoint(unitary_factor(adjoint(a)))


@define(scipy.linalg.polar)
def polar(a, side):
    a = array(a)
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    u = polar_factor(a)
    return u, hermitian_part(adjoint(u) @ a if side == "right" else a @ adjoint(u))


@define(scipy.linalg.orthogonal_procrustes)
def orthogonal_procrustes(A, B, check_finite=True):
    a = transposed(transposed(array(B, check_finite)) @ anp.conjugate(array(A, check_finite)))
    u = polar_factor(a)
    return u, anp.real(anp.sum(anp.conjugate(u) * a, axis=(-2, -1)))


declare(unitary_factor, owns_memory=True)
