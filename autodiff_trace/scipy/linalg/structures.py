"""Systems of matrices with a structure, which says what part of a matrix is read, and what is seen there.

SciPy's solvers of symmetric matrices look at one triangle; what they do not look at has the derivative 0.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ANSWER, declare
from ...numpy.batching import batch_aligned
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.rules.matrices import adjoint, fold_triangle, halved_triangle, mirror_triangle, transposed
from .operands import as_columns, masked, over_stacks

__all__ = ["fold", "read", "solution", "solve_factored", "solve_triangle"]


def read(a, structure, lower):
    """The matrix that is seen where ``a`` is read; linear in ``a`` (of a unit triangle it leaves the ones out)."""
    if structure == "symmetric":
        half = halved_triangle(a, lower)
        return half + transposed(half)
    if structure in ("hermitian", "positive definite"):
        return mirror_triangle(a, lower)
    mask = mask_of(a.shape, structure, lower)
    return a if mask is None else masked(a, mask)


def fold(g, structure, lower):
    """The transpose of :func:`read`."""
    if structure == "symmetric":
        return halved_triangle(g + transposed(g), lower)
    if structure in ("hermitian", "positive definite"):
        return fold_triangle(g, lower)
    mask = mask_of(g.shape, structure, lower)
    return g if mask is None else masked(g, mask)


def mask_of(shape, structure, lower):
    """Which elements are read; None if it is all of them."""
    n = shape[-1]
    if structure in ("triangular", "unit triangular"):
        triangle = np.tri(n, k=-1 if structure == "unit triangular" else 0, dtype=bool)
        return triangle if lower else triangle.T
    if structure in ("diagonal", "tridiagonal"):
        width = structure == "tridiagonal"
        return np.tri(n, k=width, dtype=bool) & ~np.tri(n, k=-width - 1, dtype=bool)
    return None


# solution: M X = B, where M = read(A). dX = M⁻¹ (dB − read(dA) X), so gB = M⁻ᵀ g and gA = fold(−gB Xᵀ). That Mᵀ is what
# is read of Aᵀ in the other triangle holds for each structure.


@primitive
@over_stacks(2)
def solution(a, b, structure, lower):
    """The solution of systems whose matrices have a structure; the right-hand sides are columns."""
    if structure in ("triangular", "unit triangular"):
        return divide_by_triangle(a, b, structure == "unit triangular", lower)
    return scipy.linalg.solve(a, b, lower=lower, assume_a=SCIPY_NAMES.get(structure, structure), check_finite=False)


TRTRS = {
    "f": scipy.linalg.lapack.strtrs, "d": scipy.linalg.lapack.dtrtrs, "F": scipy.linalg.lapack.ctrtrs,
    "D": scipy.linalg.lapack.ztrtrs,
}


def divide_by_triangle(a, b, is_unit, lower):
    """What ``scipy.linalg.solve_triangular`` does, by LAPACK itself (5×5: 5 instead of 20 µs)."""
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.shape[0] != b.shape[0]:
        raise ValueError(f"solve_triangular: shapes of a {a.shape} and b {b.shape} are incompatible")
    if not b.size:
        return np.empty(b.shape, np.result_type(a, b))
    trtrs = TRTRS[np.result_type(a, b, np.float32).char]
    if a.flags.f_contiguous:
        x, info = trtrs(a, b, lower=lower, unitdiag=is_unit)
    else:
        x, info = trtrs(a.T, b, lower=not lower, trans=1, unitdiag=is_unit)
    if info > 0:
        raise np.linalg.LinAlgError(f"singular matrix: resolution failed at diagonal {info - 1}")
    return x


SCIPY_NAMES = {"symmetric": "sym", "hermitian": "her", "positive definite": "pos"}
"""The names that SciPy has always had."""


def solution_vjp(argnums, g, ans, args, kwargs):
    a, b, structure, lower = args
    gb = solution(transposed(a), g, structure, not lower)
    rules = [
        lambda: unbroadcast(fold((-gb) @ transposed(ans), structure, lower), a), lambda: unbroadcast(gb, b),
    ]
    return [rules[argnum]() for argnum in argnums]


def solution_jvp(t, ans, a, b, structure, lower):
    return broadcast_tangent(-solution(a, read(t, structure, lower) @ ans, structure, lower), ans)


defvjp_all(solution, solution_vjp)
defjvp(
    solution, solution_jvp,
    lambda t, ans, a, b, structure, lower: broadcast_tangent(solution(a, t, structure, lower), ans),
)
declare(
    solution, batching=batch_aligned, unread={0: (1,), 1: (1, ANSWER), (0, 1): (1,)}, owns_memory=True,
)


def solve_triangle(a, b, lower, unit=False, trans=0):
    """``b`` divided by triangular matrices, by their transposes (trans=1) or adjoints (trans=2)."""
    b, restore = as_columns(b)
    if trans:
        a, lower = adjoint(a) if trans == 2 else transposed(a), not lower
    return restore(solution(a, b, "unit triangular" if unit else "triangular", bool(lower)))


def solve_factored(c, b, lower):
    """``b`` divided by C Cᴴ if C is a lower triangle, by Cᴴ C if it is an upper one."""
    half = solve_triangle(c, b, lower, trans=0 if lower else 2)
    return solve_triangle(c, half, lower, trans=2 if lower else 0)
