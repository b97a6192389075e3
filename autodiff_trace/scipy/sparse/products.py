"""Products of sparse and dense matrices, each of which is another's derivative.

A sparse matrix is its numbers ``data``, which may be traced, and the places of these, as SciPy's CSR has them: the
columns ``indices``, row by row, and the ends of the rows ``indptr``.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse

from ...core.primitives import primitive
from ...numpy import wrapped as anp
from ...numpy.broadcasting import unbroadcast
from ...numpy.definers import linear, multilinear
from ...numpy.sparsity.index_sets import union

__all__ = ["add_up", "csr_of", "rows_of", "sampled", "times"]


def csr_of(data, indices, indptr, shape):
    """SciPy's matrix of these numbers at these places."""
    return scipy.sparse.csr_array((data, indices, indptr), shape=shape, copy=False)


def rows_of(indptr):
    """The row of each number."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


@primitive
def times(data, x, indices, indptr, shape, is_transposed):
    """A X, or Aᵀ X; ``x`` has columns."""
    if is_transposed:
        return scipy.sparse.csc_array((data, indices, indptr), shape=shape[::-1], copy=False) @ x
    return csr_of(data, indices, indptr, shape) @ x


@primitive
def sampled(y, x, indices, indptr):
    """The numbers of Y Xᵀ at the places of a sparse matrix."""
    rows = rows_of(indptr)
    if y.shape[-1] == 1 == x.shape[-1]:
        return y[rows, 0] * x[indices, 0]
    return np.einsum("ek,ek->e", y[rows], x[indices])


def times_data(g, ans, data, x, indices, indptr, shape, is_transposed):
    return unbroadcast(sampled(*(x, g) if is_transposed else (g, x), indices, indptr), data)


def times_x(g, ans, data, x, indices, indptr, shape, is_transposed):
    return unbroadcast(times(data, g, indices, indptr, shape, not is_transposed), x)


def batch_times(batch, prim, args, kwargs):
    """Mapped columns are more columns."""
    data, x, *places = args
    if batch.mapped[0] or any(batch.mapped[2:]):
        return NotImplemented
    size, n, k = x.shape
    ans = prim(data, anp.reshape(anp.moveaxis(x, 0, 1), (n, size * k)), *places)
    return anp.moveaxis(anp.reshape(ans, (ans.shape[0], size, k)), 1, 0)


def times_sets(nodes, ans, data, x, indices, indptr, shape, is_transposed):
    """Each number of the matrix takes one row of ``x``, and is added into one of the answer."""
    k = x.shape[1]
    sources, targets = (rows_of(indptr), indices) if is_transposed else (indices, rows_of(indptr))
    sources, targets = (np.add.outer(places * k, np.arange(k, dtype=np.int64)).ravel() for places in (
        np.asarray(sources, np.int64), np.asarray(targets, np.int64)))
    numbers = {0: np.repeat(np.arange(len(indices)), k), 1: sources}
    return union(node.gather(numbers[argument]).merge(targets, ans.size) for argument, node in nodes.items())


multilinear(times, times_data, times_x, batching=batch_times, sparsity=times_sets)


def sampled_y(g, ans, y, x, indices, indptr):
    return unbroadcast(times(g, x, indices, indptr, (y.shape[0], x.shape[0]), False), y)


def sampled_x(g, ans, y, x, indices, indptr):
    return unbroadcast(times(g, y, indices, indptr, (y.shape[0], x.shape[0]), True), x)


multilinear(sampled, sampled_y, sampled_x)


@primitive
def add_up(x, places, size):
    """A vector with each number of ``x`` added at its place."""
    if x.dtype.kind == "c":
        return add_up.fun(x.real, places, size) + 1j * add_up.fun(x.imag, places, size)
    return np.bincount(places, x, size).astype(x.dtype)


linear(
    add_up, lambda g, ans, x, places, size: anp.take(g, places), None, None,
    sparsity=lambda nodes, ans, x, places, size: nodes[0].merge(places, size),
)
