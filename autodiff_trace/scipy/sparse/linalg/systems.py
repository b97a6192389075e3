"""Rules of sparse systems: spsolve, splu, factorized, spsolve_triangular.

A matrix is factored once for a solution, its derivative and its transpose.
"""

from __future__ import annotations

import functools
import threading
import warnings

import numpy as np
import scipy.sparse.linalg

from ....core.errors import TracedValueError, caller_line
from ....core.forward import defjvp
from ....core.primitives import primitive
from ....core.reverse import defvjp_all
from ....core.traits import ANSWER, declare
from ....numpy import wrapped as anp
from ....numpy.broadcasting import broadcast_tangent, unbroadcast
from ....numpy.canonical import as_array
from ....numpy.namespace import replace_wrapped
from ....numpy.rules.matrices import column
from ..arrays import as_sparse, is_sparse
from ..formats import define_sparse, is_traced
from ..formats import tril as lower_part
from ..formats import triu as upper_part
from ..products import csr_of, sampled, times

__all__ = ["sparse_solution"]

KEPT = 2
"""Factors that are kept: those of the matrices that were factored last."""

factors: list[tuple] = []
lock = threading.Lock()


def factor_of(data, indices, indptr, shape):
    """The factors of a matrix; None of a singular one. Of the same matrix as a moment ago they are there."""
    places = data, indices, indptr
    with lock:
        for i, (known, factor) in enumerate(factors):
            if all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(known, places)):
                factors.append(factors.pop(i))
                return factor
    matrix = scipy.sparse.csc_array(csr_of(data, indices, indptr, shape))
    if matrix.dtype.char not in "fdFD":
        matrix = matrix.astype(np.float64)
    try:
        factor = scipy.sparse.linalg.splu(matrix)
    except RuntimeError as error:
        if "singular" not in str(error):
            raise
        factor = None
    with lock:
        factors.append((tuple([each.copy() for each in places]), factor))
        del factors[:-KEPT]
    return factor


# X = A⁻¹ B, or A⁻ᵀ B: dX = A⁻¹ (dB − dA X), so gB = A⁻ᵀ g, and of −gB Xᵀ what is at the places of A


@primitive
def sparse_solution(data, b, indices, indptr, shape, is_transposed):
    """The solution of a sparse system, or of that with the transpose; right-hand sides are columns."""
    factor = factor_of(data, indices, indptr, shape)
    dtype = np.result_type(data, b, np.float32)
    if factor is None:
        warnings.warn("Matrix is exactly singular", scipy.sparse.linalg.MatrixRankWarning, stacklevel=2)
        return np.full(b.shape, np.nan, dtype)
    trans = "T" if is_transposed else "N"
    kind = factor.L.dtype
    if b.dtype.kind == "c" and kind.kind != "c":
        parts = [factor.solve(np.ascontiguousarray(each.astype(kind)), trans) for each in (b.real, b.imag)]
        return (parts[0] + 1j * parts[1]).astype(dtype)
    return factor.solve(np.ascontiguousarray(b.astype(kind)), trans).astype(dtype, copy=False)


def solution_vjp(argnums, g, ans, args, kwargs):
    data, b, indices, indptr, shape, is_transposed = args
    gb = sparse_solution(data, g, indices, indptr, shape, not is_transposed)
    pair = (ans, gb) if is_transposed else (gb, ans)
    rules = [lambda: unbroadcast(-sampled(*pair, indices, indptr), data), lambda: unbroadcast(gb, b)]
    return [rules[argnum]() for argnum in argnums]


def solution_jvp(t, ans, data, b, *places):
    return broadcast_tangent(-sparse_solution(data, times(t, ans, *places), *places), ans)


defvjp_all(sparse_solution, solution_vjp)
defjvp(
    sparse_solution, solution_jvp,
    lambda t, ans, data, b, *places: broadcast_tangent(sparse_solution(data, t, *places), ans),
)


def batch_columns(batch, prim, args, kwargs):
    """Mapped columns are more columns."""
    data, b, *places = args
    if batch.mapped[0] or any(batch.mapped[2:]):
        return NotImplemented
    size, n, k = b.shape
    x = prim(data, anp.reshape(anp.moveaxis(b, 0, 1), (n, size * k)), *places)
    return anp.moveaxis(anp.reshape(x, (n, size, k)), 1, 0)


declare(
    sparse_solution, batching=batch_columns, unread={0: (1,), 1: (1, ANSWER), (0, 1): (1,)}, owns_memory=True,
)


def solve_system(name, a, b, is_transposed=False):
    """Where ``a`` and ``b`` are what SciPy takes."""
    a = as_sparse(a)
    if is_sparse(b):
        raise TracedValueError(
            f"{name}: a sparse right-hand side cannot be traced ({caller_line()}): its solution is dense as a rule. "
            "Pass b.toarray()."
        )
    b = as_array(b)
    b = b if b.dtype.kind in "fc" else anp.astype(b, np.float64)
    if a.shape[0] != a.shape[1]:
        raise ValueError(f"{name}: matrix must be square (has shape {a.shape})")
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[0]:
        raise ValueError(f"{name}: matrix and right-hand side of shapes {a.shape} and {b.shape} do not fit")
    x = sparse_solution(a.values, column(b) if b.ndim == 1 else b, *a.places, is_transposed)
    return x[:, 0] if b.ndim == 1 or b.ndim == 2 and b.shape[1] == 1 and name == "spsolve" else x


@define_sparse(scipy.sparse.linalg.spsolve)
def spsolve(A, b, permc_spec=None, use_umfpack=True):
    return solve_system("spsolve", A, b)


class Factorization:
    """What ``splu`` gives: a matrix that is factored where it first solves a system, for traced right-hand sides, too.

    ``factor`` is SciPy's of a plain matrix, whose attributes it has.
    """

    def __init__(self, a, factor=None) -> None:
        self.a = as_sparse(a)
        self.factor = factor
        self.shape = self.a.shape

    def solve(self, rhs, trans="N"):
        """The solution of A x = rhs, of Aᵀ x = rhs for trans="T", of Aᴴ x = rhs for trans="H"."""
        if self.factor is not None and isinstance(rhs, np.ndarray):
            return self.factor.solve(rhs, trans)
        if trans not in ("N", "T", "H"):
            raise ValueError("trans must be N, T, or H")
        if trans != "H":
            return solve_system("splu(A).solve", self.a, rhs, trans == "T")
        return anp.conjugate(solve_system("splu(A).solve", self.a, anp.conjugate(rhs), True))

    def __getattr__(self, name):
        if self.factor is None:
            raise AttributeError(
                f"splu: {name} of a matrix of traced numbers is not there: factors depend on an order that is a choice"
            )
        return getattr(self.factor, name)


def replace(function):
    """Decorate what takes the place of a function of SciPy's, for plain arguments, too."""
    return lambda new: replace_wrapped(function, functools.wraps(function)(new))


@replace(scipy.sparse.linalg.splu)
def splu(A, *args, **options):
    return Factorization(A, None if is_traced(A) else scipy.sparse.linalg.splu(A, *args, **options))


@replace(scipy.sparse.linalg.factorized)
def factorized(A):
    return splu(A if is_traced(A) else scipy.sparse.csc_array(A)).solve


@define_sparse(scipy.sparse.linalg.spsolve_triangular)
def spsolve_triangular(A, b, lower=True, overwrite_A=False, overwrite_b=False, unit_diagonal=False):
    a = as_sparse(A)
    part = lower_part if lower else upper_part
    if unit_diagonal:
        a = part(a, -1 if lower else 1) + scipy.sparse.eye_array(a.shape[0], dtype=a.dtype)
    return solve_system("spsolve_triangular", part(a), b)
