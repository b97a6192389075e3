"""Systems of positive definite matrices: one factorization serves the solution and its derivatives."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.rules.factorizations import factor_cotangent, factor_tangent
from ...numpy.rules.matrices import adjoint, fold_triangle, mirror_triangle, transposed
from ...numpy.rules.repeated_values import are_unused
from .operands import over_stacks
from .structures import solve_factored

__all__ = ["positive_solution"]


# The lower triangle is read: M = L Lᴴ. dX = M⁻¹ (dB − dM X), gB = M⁻ᵀ g and gM = −gB Xᵀ; L has the rules of cholesky.


@primitive
@over_stacks(2)
def solve_by_factor(a, b):
    """X and L."""
    factor = scipy.linalg.cholesky(a, lower=True, check_finite=False)
    x = scipy.linalg.cho_solve((factor, True), b, check_finite=False)
    return x.astype(np.result_type(a, b), copy=False), factor


def transposed_solution(factor, g):
    """M⁻ᵀ g."""
    if factor.dtype.kind != "c":
        return solve_factored(factor, g, True)
    return anp.conjugate(solve_factored(factor, anp.conjugate(g), True))


def vjp(argnums, g, ans, args, kwargs):
    (a, b), (x, factor) = args, ans
    gb = transposed_solution(factor, g[0])

    def in_a():
        ga = fold_triangle((-gb) @ transposed(x))
        return unbroadcast(ga if are_unused(g, 1) else ga + factor_cotangent(g[1], factor), a)

    rules = in_a, lambda: unbroadcast(gb, b)
    return [rules[argnum]() for argnum in argnums]


def jvp_a(t, ans, a, b):
    x, factor = ans
    change = -solve_factored(factor, mirror_triangle(t) @ x, True)
    return [broadcast_tangent(change, x), broadcast_tangent(factor_tangent(t, factor), factor)]


def jvp_b(t, ans, a, b):
    x, factor = ans
    return [broadcast_tangent(solve_factored(factor, t, True), x), None]


defvjp_all(solve_by_factor, vjp)
defjvp(solve_by_factor, jvp_a, jvp_b)
declare(solve_by_factor, batching=batch_aligned, owns_memory=True, unread={0: (0, 1), 1: (0, 1), (0, 1): (0, 1)})


def positive_solution(a, b, lower):
    """The solution of systems of which one triangle is read; right-hand sides are columns."""
    return solve_by_factor(a if lower else adjoint(a), b)[0]
