"""Rules of the functions that take or make diagonals."""

from __future__ import annotations

import numpy as np

from .. import wrapped as anp
from ..definers import define
from ..selections import moves

__all__: list[str] = []


# diagonal: the cotangent goes back onto the diagonal, which lies in the last two axes once these are moved there


def undiagonal(g, ans, a, offset=0, axis1=0, axis2=1):
    steps = np.arange(g.shape[-1])
    index = ..., steps + max(-offset, 0), steps + max(offset, 0)
    zeros = anp.moveaxis(anp.zeros_like(g, shape=a.shape), (axis1, axis2), (-2, -1))
    return anp.moveaxis(anp.set_item(zeros, index, g), (-2, -1), (axis1, axis2))


moves(
    anp.diag, makes_view=True, zeros=True,
    transpose=lambda g, ans, v, k=0: anp.diag(g, k) if v.ndim == 1 else undiagonal(g, ans, v, k)
)
moves(anp.diagflat, zeros=True, transpose=lambda g, ans, v, k=0: anp.reshape(anp.diagonal(g, k), v.shape))
moves(anp.diagonal, makes_view=True, zeros=True, transpose=undiagonal)


@define(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return anp.sum(anp.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)
