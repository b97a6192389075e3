"""Rules of triangular factorizations: cholesky, cho_factor, lu, lu_factor, ldl."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import nondifferentiable, primitive
from ...core.traits import ANSWER, declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned, batch_matrix
from ...numpy.definers import define, defrules
from ...numpy.rules.matrices import adjoint, identity, transposed
from .operands import array, in_columns, in_order, masked, over_stacks
from .structures import fold, read, solve_triangle
from .systems import row_order

__all__: list[str] = []


def triangle(x, lower, k=0):
    """One triangle of matrices: with the diagonal for k = 0, without it for k = 1."""
    ones = np.ones(x.shape[-2:], bool)
    return masked(x, np.tril(ones, -k) if lower else np.triu(ones, k))


# cholesky: the rules of NumPy's. The triangle that is not read has the derivative 0.


@define(scipy.linalg.cholesky)
def cholesky(a, lower, check_finite=True, **hints):
    return factor_of(array(a, check_finite), lower)


def factor_of(a, lower):
    return np_linalg.cholesky(a) if lower else adjoint(np_linalg.cholesky(adjoint(a)))


@define(scipy.linalg.cho_factor)
def cho_factor(a, lower, check_finite=True, **hints):
    a, lower = array(a, check_finite), bool(lower)
    return factor_of(a, lower) + triangle(a, not lower, 1), lower  # the other triangle is what it was, as in SciPy


# lu: A = P L U, where P does not change. With L and U completed to square matrices by ones on the diagonal,
# X = L⁻¹ Pᵀ dA U⁻¹, dL = L strict(X) and dU = upper(X) U: strict() takes what is below the diagonal, upper() the rest.


@primitive
@over_stacks(1)
def packed_lu(a):
    """L below the diagonal and U above, as LAPACK has them, and how rows were exchanged."""
    return scipy.linalg.lu_factor(a, check_finite=False)


def unpacked(lu):
    """L and U, completed to square matrices."""
    m, n = lu.shape[-2:]
    k = min(m, n)
    lower, upper = triangle(lu, True, 1), triangle(lu, False)
    if m > n:
        lower = anp.concatenate([lower, np.zeros((*lu.shape[:-2], m, m - k), lu.dtype)], axis=-1)
    elif m < n:
        rest = anp.broadcast_to(identity(lu, n)[k:], (*lu.shape[:-2], n - k, n))
        upper = anp.concatenate([upper, rest], axis=-2)
    return lower[..., :m] + identity(lu, m), upper[..., :n, :]


def packed_lu_vjp(g, ans, a):
    (lu, piv), (g, _) = ans, g
    m, n = lu.shape[-2:]
    k = min(m, n)
    lower, upper = unpacked(lu)
    x = triangle(transposed(lower) @ cut(triangle(g, True, 1), m, k, m, n), True, 1)
    x = x + triangle(cut(triangle(g, False), k, n, m, n) @ transposed(upper), False)
    x = solve_triangle(lower, x, True, unit=True, trans=1)
    x = transposed(solve_triangle(upper, transposed(x), False))
    return in_order(x, anp.argsort(full_order(piv, m), axis=-1))


def cut(x, rows, columns, m, n):
    """The first rows and columns of ``x``, with zeros in the place of the others."""
    mask = np.zeros((m, n), bool)
    mask[:rows, :columns] = True
    return masked(x, mask)


def packed_lu_jvp(t, ans, a):
    lu, piv = ans
    m, n = lu.shape[-2:]
    lower, upper = unpacked(lu)
    x = solve_triangle(lower, in_order(t, full_order(piv, m)), True, unit=True)
    x = transposed(solve_triangle(upper, transposed(x), False, trans=1))
    return [triangle(lower @ triangle(x, True, 1), True, 1) + triangle(triangle(x, False) @ upper, False), None]


@nondifferentiable
@over_stacks(1, core_ndim=1)
def completed(piv, m):
    return np.concatenate([piv, np.arange(len(piv), m, dtype=piv.dtype)])


def full_order(piv, m):
    """The order of all ``m`` rows."""
    return row_order(completed(piv, m))


defrules(packed_lu, packed_lu_vjp, packed_lu_jvp, batching=batch_matrix, reads=ANSWER)
declare(completed, batching=batch_aligned)


@define(scipy.linalg.lu_factor)
def lu_factor(a, check_finite=True, **hints):
    return packed_lu(array(a, check_finite))


@define(scipy.linalg.lu)
def lu(a, permute_l, check_finite=True, p_indices=False, **hints):
    packed, piv = packed_lu(array(a, check_finite))
    m, n = packed.shape[-2:]
    k = min(m, n)
    lower = triangle(packed, True, 1)[..., :, :k] + np.eye(m, k, dtype=np.finfo(packed.dtype).dtype)
    upper = triangle(packed, False)[..., :k, :]
    places = anp.argsort(full_order(piv, m), axis=-1)
    if permute_l:
        return in_order(lower, places), upper
    if p_indices:
        return anp.astype(places, np.int32), lower, upper
    return in_order(anp.broadcast_to(identity(packed, m), (*packed.shape[:-2], m, m)), places), lower, upper


# ldl: A = L D Lᴴ (or Lᵀ) with blocks of one or two rows in D. With X = L⁻¹ dA L⁻ᴴ it is dD = block(X) and
# dL = L strict(X) D⁻¹, where block() takes what is in blocks of the diagonal and strict() what is below them.


@primitive
@over_stacks(1)
def ldl_parts(a, lower, hermitian):
    """L with its rows in the order in which it is a triangle, D, and this order."""
    if hermitian:  # of a complex diagonal SciPy warns that it reads the real part
        a = np.where(np.eye(len(a), dtype=bool), a.real, a)
    outer, d, order = scipy.linalg.ldl(a, lower=lower, hermitian=hermitian, check_finite=False)
    return outer[order], d, order


@nondifferentiable
def block_masks(d, lower):
    """Where the blocks of the diagonal are, and what is beside them on the side of L."""
    n = d.shape[-1]
    blocks = (d != 0) | np.eye(n, dtype=bool)
    blocks = blocks | blocks.swapaxes(-1, -2)
    strict = np.tri(n, k=-1, dtype=bool)
    return blocks, (strict if lower else strict.T) & ~blocks


declare(block_masks, batching=batch_matrix)


def flipped(x, hermitian):
    return adjoint(x) if hermitian else transposed(x)


def inverse_parts(ans, lower):
    factor, d, order = ans
    return solve_triangle(factor, anp.broadcast_to(identity(factor, factor.shape[-1]), factor.shape), lower, unit=True)


def ldl_jvp(t, ans, a, lower, hermitian):
    factor, d, order = ans
    blocks, strict = block_masks(d, lower)
    inverse = inverse_parts(ans, lower)
    t = read(t, "hermitian" if hermitian else "symmetric", lower)
    x = inverse @ in_columns(in_order(t, order), order) @ flipped(inverse, hermitian)
    return [factor @ transposed(np_linalg.solve(transposed(d), transposed(masked(x, strict)))), masked(x, blocks), None]


def ldl_vjp(g, ans, a, lower, hermitian):
    factor, d, order = ans
    blocks, strict = block_masks(d, lower)
    inverse = inverse_parts(ans, lower)
    gx = masked(transposed(np_linalg.solve(d, transposed(transposed(factor) @ g[0]))), strict) + masked(g[1], blocks)
    x = transposed(inverse) @ gx @ transposed(flipped(inverse, hermitian))
    places = anp.argsort(order, axis=-1)
    return fold(in_columns(in_order(x, places), places), "hermitian" if hermitian else "symmetric", lower)


defrules(ldl_parts, (ldl_vjp, None, None), (ldl_jvp, None, None), batching=batch_matrix, reads=ANSWER)


@define(scipy.linalg.ldl)
def ldl(A, lower, hermitian, check_finite=True, **hints):
    a = array(A, check_finite)
    factor, d, order = ldl_parts(a, bool(lower), bool(hermitian) and a.dtype.kind == "c")
    return in_order(factor, anp.argsort(order, axis=-1)), d, order
