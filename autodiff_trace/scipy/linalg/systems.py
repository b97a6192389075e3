"""Rules of linear systems: solve, solve_triangular, cho_solve, lu_solve, inv, det."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import nondifferentiable
from ...core.traits import declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.canonical import as_array
from ...numpy.definers import define
from .operands import array, as_columns, in_order, over_stacks
from .positive_systems import positive_solution
from .structures import read, solution, solve_factored, solve_triangle

__all__ = ["row_order"]

STRUCTURES = {
    None: "general", "gen": "general", "sym": "symmetric", "her": "hermitian", "pos": "positive definite",
    "upper triangular": "triangular", "lower triangular": "triangular",
    **{each: each for each in ("general", "symmetric", "hermitian", "positive definite", "diagonal", "tridiagonal",
                               "banded")},
}
"""From SciPy's ``assume_a`` to one name for each structure."""


def structure_of(assume_a, lower):
    """The name of a structure, and which triangle is read."""
    if assume_a not in STRUCTURES:
        raise ValueError(f"{assume_a} is not a recognized matrix structure")
    return STRUCTURES[assume_a], assume_a == "lower triangular" or assume_a != "upper triangular" and bool(lower)


@define(scipy.linalg.solve)
def solve(a, b, lower, assume_a, transposed, check_finite=True, **hints):
    a, b = array(a, check_finite), array(b, check_finite)
    structure, lower = structure_of(assume_a, lower)
    if transposed:
        if a.dtype.kind == "c":
            raise NotImplementedError("scipy.linalg.solve does not solve a^T x = b of complex matrices: pass a.T")
        a, lower = anp.swapaxes(a, -1, -2), not lower
    if structure == "general":
        return np_linalg.solve(a, b)
    b, restore = as_columns(b)
    if structure == "positive definite":
        return restore(positive_solution(a, b, lower))
    return restore(solution(a, b, structure, lower))


TRANSPOSED = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}
"""SciPy's ``trans``: A itself, Aᵀ or Aᴴ."""


@define(scipy.linalg.solve_triangular)
def solve_triangular(a, b, trans, lower, unit_diagonal, check_finite=True, **hints):
    a, b = array(a, check_finite), array(b, check_finite)
    if trans not in TRANSPOSED:
        raise ValueError(f"solve_triangular: trans={trans!r} is none of 0, 1, 2, 'N', 'T', 'C'")
    return solve_triangle(a, b, lower, unit_diagonal, TRANSPOSED[trans])


@define(scipy.linalg.cho_solve)
def cho_solve(c_and_lower, b, check_finite=True, **hints):
    c, lower = c_and_lower
    return solve_factored(array(c, check_finite), array(b, check_finite), bool(lower))


@nondifferentiable
@over_stacks(1, core_ndim=1)
def row_order(piv):
    """The order of rows in which exchanging row i with row piv[i], one after the other, leaves them."""
    order = np.arange(len(piv))
    for i, j in enumerate(piv):
        order[[i, j]] = order[[j, i]]
    return order


declare(row_order, batching=batch_aligned)


@define(scipy.linalg.lu_solve)
def lu_solve(lu_and_piv, b, trans, check_finite=True, **hints):
    (lu, piv), trans = lu_and_piv, TRANSPOSED[trans]
    lu, b = array(lu, check_finite), array(b, check_finite)
    order = row_order(as_array(piv))
    b, restore = as_columns(b)
    if not trans:
        return restore(solve_triangle(lu, solve_triangle(lu, in_order(b, order), True, unit=True), False))
    x = solve_triangle(lu, solve_triangle(lu, b, False, trans=trans), True, unit=True, trans=trans)
    return restore(in_order(x, anp.argsort(order, axis=-1)))


@define(scipy.linalg.inv)
def inv(a, check_finite=True, *, assume_a=None, lower=False, **hints):
    a = array(a, check_finite)
    return np_linalg.inv(read(a, *structure_of(assume_a, lower)))


@define(scipy.linalg.det)
def det(a, check_finite=True, **hints):
    a = array(a, check_finite)
    return np_linalg.det(anp.astype(a, np.result_type(a.dtype, np.float64)))  # which SciPy gives in double precision
