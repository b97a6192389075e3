"""Sorting: the answer holds the elements of the argument in another order, which is piecewise constant."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.primitives import primitive
from .. import wrapped as anp
from ..definers import define
from ..mapped import map_all
from ..selections import moves

__all__ = ["permute", "sort"]


@primitive
def permute(x, order, axis):
    """Along ``axis`` the elements of ``x`` at the indices ``order``, which name each once."""
    return np.take_along_axis(x, order, axis)


@primitive
def unpermute(x, order, axis):
    """The inverse of ``permute``, and its transpose."""
    result = np.empty_like(x)
    np.put_along_axis(result, order, x, axis)
    return result


def batch_permute(batch, prim, args, kwargs):
    x, order, axis = args
    return prim(*map_all(batch, [x, order]), axis + 1)


moves(permute, transpose=lambda g, ans, x, order, axis: unpermute(g, order, axis), batching=batch_permute)
moves(unpermute, transpose=lambda g, ans, x, order, axis: permute(g, order, axis), batching=batch_permute)


@define(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    """Equal elements go to places in the order in which ``argsort`` finds them."""
    return rearrange(a, axis, lambda x, axis: anp.argsort(x, axis=axis, kind=kind, order=order, stable=stable))


@define(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    return rearrange(a, axis, lambda x, axis: anp.argpartition(x, kth, axis=axis, kind=kind, order=order))


def rearrange(a, axis, find_order):
    a = anp.asarray(a)
    if axis is None:
        a, axis = anp.ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    return permute(a, find_order(a, axis), axis)


@define(np.sort_complex)
def sort_complex(a):
    ordered = sort(a)
    if ordered.dtype.kind == "c":
        return ordered
    return anp.astype(ordered, np.result_type(ordered.dtype, np.complex128))
