"""Linear systems whose matrix has few diagonals, of which splines are made."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.broadcasting import match_dtype

__all__ = ["solve_bands"]


@primitive
def solve_bands(bands, b, lower, upper):
    """The solution x of A x = b, of which ``bands[upper + i − j, j]`` is the element A[i, j]."""
    flat = np.reshape(b, (b.shape[0], -1))
    return scipy.linalg.solve_banded((lower, upper), bands, flat, check_finite=False).reshape(b.shape)


def shifted(row, steps):
    """``row[j + steps]`` at j, zero where there is none."""
    size = row.shape[0]
    if abs(steps) >= size:
        return 0 * row
    zeros = np.zeros((abs(steps), *row.shape[1:]), row.dtype)
    return anp.concatenate([row[steps:], zeros] if steps >= 0 else [zeros, row[:steps]])


def transposed(bands, lower, upper):
    """The bands of Aᵀ, which has ``upper`` diagonals below its own and ``lower`` above."""
    return anp.stack([shifted(bands[upper - d], d) for d in range(-lower, upper + 1)])


# A x = b: b̄ = λ = A⁻ᵀ g and Ā = −λ xᵀ, of which the diagonals are taken


def cotangents(argnums, g, ans, args, kwargs):
    bands, b, lower, upper = args
    adjoint = solve_bands(transposed(bands, lower, upper), g, upper, lower)
    answers = []
    for argnum in argnums:
        if argnum:
            answers.append(match_dtype(adjoint, b.dtype))
            continue
        rows = [shifted(adjoint, d) * ans for d in range(-upper, lower + 1)]
        rows = [anp.sum(row, tuple(range(1, row.ndim))) if row.ndim > 1 else row for row in rows]
        answers.append(match_dtype(-anp.stack(rows), bands.dtype))
    return answers


defvjp_all(solve_bands, cotangents)


def batch_solve(batch, prim, args, kwargs):
    bands, b, lower, upper = args
    if batch.mapped[0]:
        return NotImplemented
    return anp.moveaxis(prim(bands, anp.moveaxis(b, 0, -1), lower, upper), -1, 0)


declare(solve_bands, batching=batch_solve)
