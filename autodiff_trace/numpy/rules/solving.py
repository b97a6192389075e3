"""Rules of linear systems: inv, solve, pinv, lstsq and what is made of them."""

from __future__ import annotations

import math

import numpy as np

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ANSWER, ARGUMENTS, declare
from .. import linalg
from .. import wrapped as anp
from ..broadcasting import broadcast_tangent, unbroadcast
from ..canonical import as_array
from ..definers import define, defrules
from ..batching import align, batch_matrix
from .matrices import adjoint, column, identity, inverts, mirror_triangle, transposed
from .tolerances import largest, smallest

__all__: list[str] = []

NO_VALUE = np._NoValue

inverts(linalg.inv)


# solve: dX = A⁻¹ (dB − dA X), so gB = A⁻ᵀ g and gA = −gB Xᵀ (M. Giles, "An extended collection of matrix derivative
# results", 2008). B of one dimension is a vector.


def solve_cotangents(argnums, g, ans, a, b):
    vector = anp.ndim(b) == 1
    if vector and a.ndim == 2:
        gb = linalg.solve(a.T, g)
        return [unbroadcast(gb, b) if argnum else unbroadcast(-(column(gb) * ans), a) for argnum in argnums]
    gb = linalg.solve(transposed(a), column(g) if vector else g)
    cotangents = []
    for argnum in argnums:
        if argnum == 0:
            cotangents.append(unbroadcast(-(gb @ transposed(column(ans) if vector else ans)), a))
        else:
            cotangents.append(unbroadcast(gb[..., 0] if vector else gb, b))
    return cotangents


def solve_jvp_a(t, ans, a, b):
    if anp.ndim(b) == 1:
        return broadcast_tangent(-linalg.solve(a, t @ column(ans))[..., 0], ans)
    return broadcast_tangent(-linalg.solve(a, t @ ans), ans)


def batch_solve(batch, prim, args, kwargs):
    """A right-hand side that is a vector is made a matrix first: in a stack it would be taken for one."""
    if kwargs:
        return NotImplemented
    (a, b), mapped = args, batch.mapped
    vector = np.ndim(b) - bool(mapped[1]) == 1
    x = prim(*align([a, column(b) if vector else b], mapped))
    return x[..., 0] if vector else x


defvjp_all(linalg.solve, lambda argnums, g, ans, args, kwargs: solve_cotangents(argnums, g, ans, *args, **kwargs))
declare(
    linalg.solve, batching=batch_solve, unread={0: (1,), 1: (1, ANSWER), (0, 1): (1,)}, owns_memory=True,
)
defjvp(linalg.solve, solve_jvp_a, lambda t, ans, a, b: broadcast_tangent(linalg.solve(a, t), ans))


# tensorinv, tensorsolve: inv and solve of a matrix whose rows and columns are numbered by several indices


@define(np.linalg.tensorinv)
def tensorinv(a, ind=2):
    a = anp.asarray(a)
    if ind <= 0:
        raise ValueError("tensorinv: ind must be positive")
    inverse = linalg.inv(anp.reshape(a, (math.prod(a.shape[ind:]), -1)))
    return anp.reshape(inverse, a.shape[ind:] + a.shape[:ind])


@define(np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    a, b = as_array(a), as_array(b)
    if axes is not None:
        last = [axis % a.ndim for axis in axes]
        a = anp.transpose(a, [axis for axis in range(a.ndim) if axis not in last] + last)
    shape = a.shape[b.ndim :]
    size = math.prod(shape)
    return anp.reshape(linalg.solve(anp.reshape(a, (-1, size)), anp.ravel(b)), shape)


# pinv: dX = −X dA X + X Xᴴ dAᴴ (I − A X) + (I − X A) dAᴴ Xᴴ X, where the rank of A does not change (G. Golub and
# V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems", 1973)


@primitive
def pseudoinverse(a, rcond):
    """``np.linalg.pinv``, where all singular values that are cut off are zero but for rounding."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = s > (rcond[..., None] if np.ndim(rcond) else rcond) * largest(s, -1, keepdims=True)
    least_kept = smallest(np.where(kept, s, np.inf), -1)
    largest_cut = largest(np.where(kept, 0, s), -1)
    if np.any((largest_cut > math.sqrt(np.finfo(s.dtype).eps) * least_kept) & np.isfinite(least_kept)):
        raise np.linalg.LinAlgError(
            f"the cutoff {rcond} drops singular values that are not zero: the derivative of the pseudoinverse that is "
            "implemented needs a constant rank. Lower rcond/rtol, or write the truncated inverse with anp.linalg.svd."
        )
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    return vh.swapaxes(-1, -2).conj() @ (inverse[..., None] * u.swapaxes(-1, -2).conj())


def pseudoinverse_vjp(g, ans, a, rcond):
    x, gh = ans, adjoint(g)
    left = identity(a, a.shape[-2]) - a @ x
    right = identity(a, a.shape[-1]) - x @ a
    return (
        transposed(left) @ gh @ transposed(x @ adjoint(x))
        + transposed(adjoint(x) @ x) @ gh @ transposed(right)
        - transposed(x) @ g @ transposed(x)
    )


def pseudoinverse_jvp(t, ans, a, rcond):
    x, th = ans, adjoint(t)
    left = identity(a, a.shape[-2]) - a @ x
    right = identity(a, a.shape[-1]) - x @ a
    return x @ adjoint(x) @ th @ left + right @ th @ adjoint(x) @ x - x @ t @ x


defrules(
    pseudoinverse, (pseudoinverse_vjp, None), (pseudoinverse_jvp, None), batching=batch_matrix, unread={0: (1,)},
)


@define(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=NO_VALUE):
    a = anp.asarray(a)
    if rcond is not None and rtol is not NO_VALUE:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None:
        rcond = 1e-15 if rtol is NO_VALUE else max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    return pseudoinverse(mirror_triangle(a) if hermitian else a, rcond)


# lstsq: x = A⁺ b with the derivative of constant rank; the residuals are given only where the system is overdetermined


@primitive
def residual_squares(r, rank, columns):
    """Σ |r|² of each right-hand side; empty if the solution is not unique or the system not overdetermined."""
    if not rank == columns < r.shape[0]:
        return np.empty(0, r.real.dtype)
    return np.sum((r.conj() * r).real, axis=0).reshape(-1)


def residual_vjp(g, ans, r, rank, columns):
    return 2 * anp.conjugate(r) * g if ans.size else None


def residual_jvp(t, ans, r, rank, columns):
    return anp.reshape(2 * anp.sum(anp.real(anp.conjugate(r) * t), axis=0), ans.shape) if ans.size else None


defrules(residual_squares, (residual_vjp, None), (residual_jvp, None), reads=ARGUMENTS, shaped_by_values=True)


@define(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    a, b = as_array(a), as_array(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or len(a) != len(b):
        raise np.linalg.LinAlgError(
            f"lstsq: a matrix and a vector or matrix of as many rows are needed, not arrays of {a.shape} and {b.shape}"
        )
    s = linalg.svdvals(a)
    eps = np.finfo(np.result_type(a.dtype, b.dtype)).eps
    if rcond is None:
        rcond = max(a.shape) * eps
    elif rcond == -1:
        rcond = eps
    x = pseudoinverse(a, rcond) @ b
    rank = anp.astype(linalg.matrix_rank(a, tol=rcond * anp.max(s, initial=0)), np.intc)[()]
    return x, residual_squares(b - a @ x, rank, a.shape[1]), rank, s
