"""Rules of schur: A = Z T Zᴴ with T upper triangular, of distinct eigenvalues.

With M = Zᴴ dA Z and dZ = Z X it is dT = M + T X − X T. That dT is a triangle, too, determines the strict lower triangle
L of the skew-Hermitian X = L − Lᴴ: low(T L − L T) = −low(M). The vectors are determined up to a sign or a phase; the
rules take along the one that is there, as those of eigenvectors do. Where eigenvalues are equal the derivative is NaN.
Real forms with blocks of two rows, of complex eigenvalues, are refused: ``output="complex"`` has triangles.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ALL, ANSWER, declare
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned, batch_matrix
from ...numpy.broadcasting import broadcast_tangent, match_dtype, unbroadcast
from ...numpy.definers import define, defrules, linear
from ...numpy.rules.matrices import adjoint, transposed
from .operands import array, masked, over_stacks

__all__: list[str] = []


def low(x):
    """What is below the diagonal."""
    return masked(x, np.tri(x.shape[-1], k=-1, dtype=bool))


@primitive
@over_stacks(2)
def strict_solution(t, m, is_adjoint):
    """The strict lower triangle L with low(T L − L T) = low(M), or with low(Tᵀ L − L Tᵀ) = low(M): column by column a
    system with a triangle."""
    n = len(t)
    ans = np.zeros((n, n), np.result_type(t, m))
    for j in range(n - 1)[:: -1 if is_adjoint else 1]:
        rest = slice(j + 1, n)
        block = (t[rest, rest].T if is_adjoint else t[rest, rest]) - t[j, j] * np.eye(n - 1 - j, dtype=t.dtype)
        known = ans[rest, rest] @ t[j, rest] if is_adjoint else ans[rest, :j] @ t[:j, j]
        gap = np.abs(np.diag(block)).min()
        if not gap > n * np.finfo(ans.dtype).eps * np.abs(t).max():
            return np.full((n, n), np.nan, ans.dtype)
        ans[rest, j] = scipy.linalg.solve_triangular(block, m[rest, j] + known, lower=is_adjoint, check_finite=False)
    return ans


def strict_vjp(argnums, g, ans, args, kwargs):
    t, m, is_adjoint = args
    gm = strict_solution(t, g, not is_adjoint)

    def in_t():
        if is_adjoint:
            return transposed(gm) @ ans - ans @ transposed(gm)
        return transposed(ans) @ gm - gm @ transposed(ans)

    rules = [lambda: unbroadcast(in_t(), t), lambda: unbroadcast(gm, m)]
    return [rules[argnum]() for argnum in argnums]


def strict_jvp(tangent, ans, t, m, is_adjoint):
    change = transposed(tangent) if is_adjoint else tangent
    return broadcast_tangent(-strict_solution(t, change @ ans - ans @ change, is_adjoint), ans)


defvjp_all(strict_solution, strict_vjp)
defjvp(strict_solution, strict_jvp, lambda t, ans, x, m, is_adjoint: strict_solution(x, t, is_adjoint))
declare(strict_solution, batching=batch_aligned, unread={ALL: (1,)})


@primitive
def triangles(t):
    """``t`` itself; an error for real forms that are no triangles."""
    if np.any(np.tril(t, -1)):
        raise np.linalg.LinAlgError(
            'schur: a real form with complex eigenvalues has blocks of two rows, of which a rotation is a choice: take '
            'output="complex", or eigvals.'
        )
    return t


linear(triangles, lambda g, ans, t: g, batching=batch_matrix)


@primitive
@over_stacks(1)
def schur_form(a, output):
    return scipy.linalg.schur(a, output=output, check_finite=False)


def schur_vjp(g, ans, a, output):
    t, z = triangles(ans[0]), ans[1]
    gt = g[0] - low(g[0])
    k = transposed(z) @ g[1] + transposed(t) @ gt - gt @ transposed(t)
    gm = gt - low(strict_solution(t, low(k - adjoint(k)), True))
    return match_dtype(anp.conjugate(z) @ gm @ transposed(z), a.dtype)


def schur_jvp(tangent, ans, a, output):
    t, z = triangles(ans[0]), ans[1]
    m = adjoint(z) @ tangent @ z
    lower = strict_solution(t, -m, False)
    x = lower - adjoint(lower)
    change = m + t @ x - x @ t
    return [change - low(change), z @ x]


defrules(schur_form, schur_vjp, schur_jvp, batching=batch_matrix, reads=ANSWER)


@define(scipy.linalg.schur)
def schur(a, output, sort=None, check_finite=True, **hints):
    if sort is not None:
        raise ValueError("schur: sort= cannot be traced: in which order eigenvalues stand depends on their values")
    if output not in ("real", "complex", "r", "c"):
        raise ValueError("argument must be 'real', or 'complex'")
    return schur_form(array(a, check_finite), output)
