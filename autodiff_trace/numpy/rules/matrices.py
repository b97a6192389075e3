"""Small functions of (stacks of) matrices, with which the rules of linear algebra are written."""

from __future__ import annotations

import numpy as np

from ...core.traits import ANSWER
from .. import wrapped as anp
from ..batching import batch_matrix
from ..definers import defrules

__all__ = [
    "adjoint", "column", "diagonal", "diagonal_matrix", "fold_triangle", "halved_triangle", "identity", "inverts",
    "mirror_triangle", "row", "transposed",
]


def transposed(x):
    """Aᵀ."""
    return anp.swapaxes(x, -1, -2)


def adjoint(x):
    """Aᴴ, the conjugate transpose."""
    return transposed(anp.conjugate(x) if x.dtype.kind == "c" else x)


def column(x):
    """Vectors as matrices with one column."""
    return anp.expand_dims(x, -1)


def row(x):
    """Vectors as matrices with one row."""
    return anp.expand_dims(x, -2)


def identity(x, size):
    """The identity matrix, real, in the precision of ``x``."""
    return np.eye(size, dtype=np.finfo(x.dtype).dtype)


def diagonal(x):
    """The diagonal of square matrices."""
    return anp.sum(anp.where(np.eye(x.shape[-1], dtype=bool), x, 0), axis=-1)


def diagonal_matrix(x):
    """Square matrices with the vectors ``x`` on their diagonal."""
    return anp.where(np.eye(x.shape[-1], dtype=bool), column(x), 0)


def inverts(prim):
    """The rules of X = A⁻¹: dX = −X dA X, so gA = −Xᵀ g Xᵀ."""
    defrules(
        prim, lambda g, ans, a: -(transposed(ans) @ g @ transposed(ans)), lambda t, ans, a: -(ans @ t @ ans),
        batching=batch_matrix, reads=ANSWER, owns_memory=True,
    )


def halved_triangle(x, lower=True):
    """One triangle of square matrices, with half of their diagonal; the other triangle is 0."""
    n = x.shape[-1]
    factors = np.tri(n, dtype=np.finfo(x.dtype).dtype)
    factors.flat[:: n + 1] = 0.5
    return x * (factors if lower else factors.T)


def mirror_triangle(x, lower=True):
    """The Hermitian matrices that NumPy sees where it reads one triangle only."""
    half = halved_triangle(x, lower)
    return half + adjoint(half)


def fold_triangle(x, lower=True):
    """The transpose of :func:`mirror_triangle`: as cotangent it leaves 0 in the triangle that was not read."""
    return halved_triangle(x + adjoint(x), lower)
