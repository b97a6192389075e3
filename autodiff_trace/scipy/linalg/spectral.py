"""Rules of singular values, and eigenvalues of Hermitian matrices. SciPy computes; the rules are NumPy's."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.choices import with_other
from ...core.errors import TracedValueError, caller_line
from ...core.primitives import primitive
from ...core.traits import ANSWER
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_matrix
from ...numpy.definers import define, defrules
from ...numpy.rules.matrices import adjoint, diagonal_matrix, mirror_triangle
from ...numpy.rules.repeated_values import part_repeated, with_other_vectors
from ...numpy.rules.singular_values import other_vectors, svd_jvp, svd_vjp
from ...numpy.rules.spectral import decompose, eigh_jvp, eigh_vjp
from ...numpy.rules.tolerances import find_tolerance
from .operands import array, over_stacks, phases
from .structures import solve_triangle

__all__ = ["hermitian_system", "refuse"]

EighResult, SVDResult = type(np.linalg.eigh(np.eye(1))), type(np.linalg.svd(np.eye(1)))
"""What rules build their answers of."""


# eigh


@over_stacks(1)
def system_of(a, lower, driver):
    if isinstance(driver, tuple):
        return system_by_other(a, *driver)
    return scipy.linalg.eigh(a, lower=lower, driver=driver, check_finite=False)


def system_by_other(a, solve, options):
    """The system of a whole matrix, with the signs that another of SciPy's functions gives vectors."""
    w, v = scipy.linalg.eigh(a, driver="evd", check_finite=False)
    options = dict(options)
    wanted = solve(a, **options)
    first, last = options["select_range"] or (0, len(w) - 1)
    v[:, first : last + 1] *= phases(v[:, first : last + 1], wanted)
    return w, v


@primitive
def hermitian_system(a, lower, driver):
    w, v = system_of(a, lower, driver)
    parted = part_repeated(w)
    return EighResult(parted, v if parted is w else with_other_vectors(v, w, find_tolerance(w), v.dtype))


hermitian_system.__name__ = "eigh"
UPLO = {True: "L", False: "U"}


def hermitian_vjp(g, ans, a, lower, driver):
    return eigh_vjp(g, ans, a, UPLO[lower])


def hermitian_jvp(t, ans, a, lower, driver):
    return eigh_jvp(t, ans, a, UPLO[lower])


defrules(hermitian_system, hermitian_vjp, hermitian_jvp, batching=batch_matrix, reads=ANSWER)


def refuse(name, argument, instead):
    """Raise for what cannot be had of traced values."""
    raise TracedValueError(f"{name}: {argument} is not there for traced values ({caller_line()}): {instead}.")


def eigenpairs(a, b, lower, type, subset_by_index, subset_by_value, driver):
    """w and V. With B = L Lᴴ, problem 1 is that of L⁻¹ A L⁻ᴴ, problems 2 and 3 that of Lᴴ A L, as in LAPACK."""
    if subset_by_value is not None:
        refuse("eigh", "subset_by_value", "how many values there are depends on them; take subset_by_index")
    lower = bool(lower)
    if b is None:
        w, v = decompose(hermitian_system, a, lower, driver if subset_by_index is None else None)
    else:
        factor = np_linalg.cholesky(b if lower else adjoint(b))
        a = mirror_triangle(a, lower)
        if type == 1:
            half = solve_triangle(factor, a, True)
            a = adjoint(solve_triangle(factor, adjoint(half), True))
        else:
            a = adjoint(factor) @ a @ factor
        w, v = decompose(hermitian_system, a, lower, "evd")
        v = factor @ v if type == 3 else solve_triangle(factor, v, True, trans=2)
    if subset_by_index is not None:
        first, last = map(int, subset_by_index)
        if not 0 <= first <= last < w.shape[-1]:
            raise ValueError(f"Requested eigenvalue indices are not valid. Valid range is [0, {w.shape[-1] - 1}]")
        w, v = w[..., first : last + 1], v[..., first : last + 1]
    return w, v


@define(scipy.linalg.eigh)
def eigh(
    a, b, lower, eigvals_only, type, check_finite=True, subset_by_index=None, subset_by_value=None, driver=None, **hints
):
    a, b = array(a, check_finite), None if b is None else array(b, check_finite)
    w, v = eigenpairs(a, b, lower, type, subset_by_index, subset_by_value, driver)
    return w if eigvals_only else (w, v)


@define(scipy.linalg.eigvalsh)
def eigvalsh(
    a, b, lower, type, check_finite=True, subset_by_index=None, subset_by_value=None, driver=None, **hints
):
    a, b = array(a, check_finite), None if b is None else array(b, check_finite)
    return eigenpairs(a, b, lower, type, subset_by_index, subset_by_value, driver)[0]


# svd


@over_stacks(1)
def singular_system(a, full_matrices, driver):
    return scipy.linalg.svd(a, full_matrices=full_matrices, lapack_driver=driver, check_finite=False)


@primitive
def singular_values(a, full_matrices, driver):
    u, s, vh = singular_system(a, full_matrices, driver)
    parted = part_repeated(s, with_zero=True)
    if parted is s:
        return SVDResult(u, s, vh)
    other_u, other_v = other_vectors(u, s, False), other_vectors(adjoint(vh), s, True)
    return SVDResult(with_other(u, other_u), parted, with_other(vh, adjoint(other_v)))


singular_values.__name__ = "svd"
defrules(
    singular_values, lambda g, ans, a, full_matrices, driver: svd_vjp(g, ans, a, full_matrices, False),
    lambda t, ans, a, full_matrices, driver: svd_jvp(t, ans, a, full_matrices, False), batching=batch_matrix,
    reads=ANSWER,
)


@define(scipy.linalg.svd)
def svd(a, full_matrices, compute_uv, check_finite=True, lapack_driver="gesdd", **hints):
    a = array(a, check_finite)
    u, s, vh = decompose(singular_values, a, bool(full_matrices) and bool(compute_uv), lapack_driver)
    return (u, s, vh) if compute_uv else s


@define(scipy.linalg.svdvals)
def svdvals(a, check_finite=True, **hints):
    return decompose(singular_values, array(a, check_finite), False, "gesdd")[1]


@define(scipy.linalg.diagsvd)
def diagsvd(s, M, N):
    s = array(s)
    m, n, k = int(M), int(N), s.shape[-1]
    if k not in (m, n):
        raise ValueError("Length of s must be M or N.")
    square = diagonal_matrix(s)
    if m == n:
        return square
    shape = (*s.shape[:-1], m - k, k) if m > n else (*s.shape[:-1], k, n - k)
    return anp.concatenate([square, np.zeros(shape, s.dtype)], axis=-2 if m > n else -1)
