"""Rules of banded matrices: solve_banded, solveh_banded, cholesky_banded, cho_solve_banded.

Their diagonals are the rows of an array: ``ab[above + i - j, j]`` is the element (i, j). So many diagonals are
``above`` the main one, and so many ``below`` it. The corners that belong to no element have the derivative 0.
"""

from __future__ import annotations

import functools

import numpy as np
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ANSWER, declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned, batch_matrix
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.definers import define, linear, multilinear
from ...numpy.rules.matrices import adjoint
from .operands import array, as_columns, masked, over_stacks

__all__ = ["dense_of_hermitian"]


def diagonals(below, above, n):
    """For each row of a band, which is a diagonal: its row i of the matrix − j, and the columns that it has."""
    for row in range(below + above + 1):
        shift = row - above
        yield row, shift, slice(max(0, -shift), min(n, n - shift))


# Three products, each of which is another's derivative: A x of a band, the band of x yᵀ, and the band of Aᵀ


@primitive
def transposed_band(ab, below, above):
    """The band of Aᵀ, which has as many diagonals above the main one as A has below."""
    ans = np.zeros_like(ab)
    for row, shift, columns in diagonals(below, above, ab.shape[-1]):
        ans[..., below + above - row, columns.start + shift : columns.stop + shift] = ab[..., row, columns]
    return ans


@primitive
def band_times(ab, x, below, above):
    """A X of the matrix that has the band ``ab``; of X the columns are vectors."""
    lead = np.broadcast_shapes(ab.shape[:-2], x.shape[:-2])
    ans = np.zeros(lead + x.shape[-2:], np.result_type(ab, x))
    for row, shift, columns in diagonals(below, above, x.shape[-2]):
        rows = slice(columns.start + shift, columns.stop + shift)
        ans[..., rows, :] += ab[..., row, columns, None] * x[..., columns, :]
    return ans


@primitive
def band_of_product(x, y, below, above):
    """The band of X Yᵀ."""
    n = x.shape[-2]
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    ans = np.zeros((*lead, below + above + 1, n), np.result_type(x, y))
    for row, shift, columns in diagonals(below, above, n):
        rows = slice(columns.start + shift, columns.stop + shift)
        np.sum(x[..., rows, :] * y[..., columns, :], axis=-1, out=ans[..., row, columns])
    return ans


def transposed_times(ab, x, below, above):
    """Aᵀ X."""
    return band_times(transposed_band(ab, below, above), x, above, below)


linear(transposed_band, lambda g, ans, ab, below, above: transposed_band(g, above, below), batching=batch_matrix)
multilinear(
    band_times, lambda g, ans, ab, x, below, above: unbroadcast(band_of_product(g, x, below, above), ab),
    lambda g, ans, ab, x, below, above: unbroadcast(transposed_times(ab, g, below, above), x), batching=batch_aligned,
)
multilinear(
    band_of_product, lambda g, ans, x, y, below, above: unbroadcast(band_times(g, y, below, above), x),
    lambda g, ans, x, y, below, above: unbroadcast(transposed_times(g, x, below, above), y), batching=batch_aligned,
)


# dX = A⁻¹ (dB − dA X), so gB = A⁻ᵀ g, and of −gB Xᵀ the band


@primitive
@over_stacks(2)
def banded_solution(ab, b, below, above):
    return scipy.linalg.solve_banded((below, above), ab, b, check_finite=False)


def solution_vjp(argnums, g, ans, args, kwargs):
    ab, b, below, above = args
    gb = banded_solution(transposed_band(ab, below, above), g, above, below)
    rules = [lambda: unbroadcast(-band_of_product(gb, ans, below, above), ab), lambda: unbroadcast(gb, b)]
    return [rules[argnum]() for argnum in argnums]


def solution_jvp(t, ans, ab, b, below, above):
    return broadcast_tangent(-banded_solution(ab, band_times(t, ans, below, above), below, above), ans)


defvjp_all(banded_solution, solution_vjp)
defjvp(
    banded_solution, solution_jvp,
    lambda t, ans, ab, b, below, above: broadcast_tangent(banded_solution(ab, t, below, above), ans),
)
declare(
    banded_solution, batching=batch_aligned, unread={0: (1,), 1: (1, ANSWER), (0, 1): (1,)}, owns_memory=True,
)


@define(scipy.linalg.solve_banded)
def solve_banded(l_and_u, ab, b, check_finite=True, **hints):
    lower, upper = map(int, l_and_u)
    ab, b = array(ab, check_finite), array(b, check_finite)
    if lower + upper + 1 != ab.shape[-2]:
        raise ValueError(
            f"invalid values for the number of lower and upper diagonals: l+u+1 ({lower + upper + 1}) does not equal "
            f"ab.shape[0] ({ab.shape[-2]})"
        )
    b, restore = as_columns(b)
    return restore(banded_solution(ab, b, lower, upper))


# Hermitian bands: of one half, which is read, both


def both_halves(half, lower):
    """The band of a Hermitian matrix of which the lower or the upper half is given."""
    width = half.shape[-2] - 1
    lower_half = half if lower else adjoint_band(half, 0, width)
    upper_half = half if not lower else adjoint_band(half, width, 0)
    middle = anp.real(half[..., [0 if lower else width], :])
    return anp.concatenate([upper_half[..., :width, :], middle, lower_half[..., 1:, :]], axis=-2)


def adjoint_band(ab, below, above):
    return transposed_band(anp.conjugate(ab) if ab.dtype.kind == "c" else ab, below, above)


@define(scipy.linalg.solveh_banded)
def solveh_banded(ab, b, lower, check_finite=True, **hints):
    ab, b = array(ab, check_finite), array(b, check_finite)
    width = ab.shape[-2] - 1
    b, restore = as_columns(b)
    return restore(banded_solution(both_halves(ab, lower), b, width, width))


@functools.lru_cache(maxsize=64)
def places(n, below, above):
    """For each element (i, j) of a matrix its row in the band, and whether it is there."""
    row = above + np.arange(n)[:, None] - np.arange(n)
    is_there = (row >= 0) & (row <= below + above)
    return np.where(is_there, row, 0), is_there


def dense(ab, below, above):
    """The matrix that has a band."""
    n = ab.shape[-1]
    rows, is_there = places(n, below, above)
    return masked(ab[..., rows, np.arange(n)], is_there)


def dense_of_hermitian(half, lower):
    """The Hermitian matrix of which one half of the band is given."""
    width = half.shape[-2] - 1
    return dense(both_halves(half, lower), width, width)


@functools.lru_cache(maxsize=64)
def rows_of_band(n, below, above):
    """For each element of a band its row in the matrix, and whether it is there."""
    i = np.arange(-above, below + 1)[:, None] + np.arange(n)
    is_there = (i >= 0) & (i < n)
    return np.where(is_there, i, 0), is_there


def band_of(a, below, above):
    """The band of a matrix."""
    n = a.shape[-1]
    rows, is_there = rows_of_band(n, below, above)
    return masked(a[..., rows, np.arange(n)], is_there)


@define(scipy.linalg.cholesky_banded)
def cholesky_banded(ab, lower, check_finite=True, **hints):
    ab = array(ab, check_finite)
    width = ab.shape[-2] - 1
    factor = np_linalg.cholesky(dense_of_hermitian(ab, lower))
    below, above = (width, 0) if lower else (0, width)
    is_corner = ~rows_of_band(ab.shape[-1], below, above)[1]
    return band_of(factor if lower else adjoint(factor), below, above) + masked(ab, is_corner)  # which SciPy leaves


@define(scipy.linalg.cho_solve_banded)
def cho_solve_banded(cb_and_lower, b, check_finite=True, **hints):
    cb, lower = cb_and_lower
    cb, b = array(cb, check_finite), array(b, check_finite)
    width = cb.shape[-2] - 1
    b, restore = as_columns(b)
    below, above = (cb, adjoint_band(cb, width, 0)) if lower else (adjoint_band(cb, 0, width), cb)
    return restore(banded_solution(above, banded_solution(below, b, width, 0), 0, width))
