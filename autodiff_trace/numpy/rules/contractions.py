"""Rules of the products that sum over an axis: dot, matmul, tensordot, einsum and their kin."""

from __future__ import annotations

from ...core.forward import defjvp
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import unbroadcast

# matmul: dX = g Yᵀ, dY = Xᵀ g, on stacks of matrices; a vector is a matrix with one row (on the left) or column


def transposed(x):
    return anp.swapaxes(x, -1, -2) if x.ndim > 2 else x.T


def matmul_vjp_x(g, ans, x, y):
    if x.ndim == y.ndim == 2:
        return unbroadcast(anp.matmul(g, y.T), x)
    if y.ndim == 1:
        return unbroadcast(anp.expand_dims(g, -1) * y, x)
    if x.ndim == 1:
        return unbroadcast(anp.matmul(y, anp.expand_dims(g, -1))[..., 0], x)
    return unbroadcast(anp.matmul(g, transposed(y)), x)


def matmul_vjp_y(g, ans, x, y):
    if x.ndim == y.ndim == 2:
        return unbroadcast(anp.matmul(x.T, g), y)
    if x.ndim == 1:
        return unbroadcast((x if y.ndim == 1 else anp.expand_dims(x, -1)) * anp.expand_dims(g, -2 if y.ndim > 1 else -1), y)
    if y.ndim == 1:
        return unbroadcast(x * anp.expand_dims(g, -1), y)
    return unbroadcast(anp.matmul(transposed(x), g), y)


defvjp(anp.matmul, matmul_vjp_x, matmul_vjp_y)
defjvp(anp.matmul, lambda t, ans, x, y: anp.matmul(t, y), lambda t, ans, x, y: anp.matmul(x, t))


# dot: as matmul up to two dimensions, else a tensordot


def dot_vjp_x(g, ans, x, y):
    if x.ndim == 0 or y.ndim == 0:
        return unbroadcast(g * y, x)
    return matmul_vjp_x(g, ans, x, y)


def dot_vjp_y(g, ans, x, y):
    if x.ndim == 0 or y.ndim == 0:
        return unbroadcast(g * x, y)
    return matmul_vjp_y(g, ans, x, y)


defvjp(anp.dot, dot_vjp_x, dot_vjp_y)
defjvp(anp.dot, lambda t, ans, x, y: anp.dot(t, y), lambda t, ans, x, y: anp.dot(x, t))
