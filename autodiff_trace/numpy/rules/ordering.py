"""Order along an axis: sorting, whose answer holds the elements in another order, which is piecewise constant, and the
places of elements in it."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.array_ops import array_ops
from ...core.batching import defbatch
from ...core.primitives import primitive
from .. import wrapped as anp
from ..along_axes import at_least_1d, flat, runs_along
from ..canonical import NO_VALUE, as_array, axis_of, unary_of
from ..definers import define
from ..batching import map_all
from ..selections import moves

__all__ = ["argpartition_along", "argsort_along", "permute", "sort_along"]

# Places, which have no derivative


@unary_of(np.argsort, differentiable=False, harmless=True)
def argsort_along(x, axis, kind=None, order=None, stable=None):
    if type(x) is np.ndarray and kind is order is stable is None:
        return x.argsort(axis)
    return np.argsort(x, axis, kind, order, stable=stable)


@unary_of(np.argpartition, differentiable=False)
def argpartition_along(x, axis, kth, kind, order):
    return np.argpartition(x, kth, axis, kind, order)


for prim in (argsort_along, argpartition_along):
    runs_along(prim)


@define(np.argsort)
def argsort(a, axis, kind, order, stable):
    return argsort_along(*flat(at_least_1d(a), axis), kind, order, stable)


@define(np.argpartition)
def argpartition(a, kth, axis, kind, order):
    return argpartition_along(*flat(at_least_1d(a), axis), kth, kind, order)


def define_place(function):
    """``argmax`` or ``argmin``; ``axis`` None means the flattened array."""
    method = getattr(np.ndarray, function.__name__)

    @unary_of(function, differentiable=False, harmless=True)
    def place_along(x, axis, keepdims):
        if type(x) is np.ndarray and not keepdims:
            return method(x, axis)
        return function(x, axis, keepdims=True) if keepdims else function(x, axis)

    @define(function)
    def place(a, axis, out, keepdims):
        x = as_array(a)
        if axis is not None:
            axis = axis_of(x, axis) if x.ndim else normalize_axis_index(axis, 1) or None  # 0 or -1 of a number
        return array_ops.store(out, place_along(x, axis, keepdims is not NO_VALUE and bool(keepdims)))

    def batch(batch, prim, args, kwargs):
        x, axis, keepdims = args
        if axis is not None and x.ndim > 1:
            return prim(x, axis + 1, keepdims)
        places = prim(anp.reshape(x, (batch.size, -1)), 1, False)
        return anp.reshape(places, (batch.size,) + (1,) * (x.ndim - 1)) if keepdims else places

    defbatch(batch, place_along)
    return place_along


argmax_along = define_place(np.argmax)
argmin_along = define_place(np.argmin)


# Sorting


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


def sort_along(x, axis, *how):
    """Equal elements go to places in the order in which ``argsort`` finds them."""
    return permute(x, argsort_along(x, axis, *how), axis)


@define(np.sort)
def sort(a, axis, kind, order, stable):
    return sort_along(*flat(a, axis), kind, order, stable)


@define(np.partition)
def partition(a, kth, axis, kind, order):
    x, axis = flat(a, axis)
    return permute(x, argpartition_along(x, axis, kth, kind, order), axis)


@define(np.sort_complex)
def sort_complex(a):
    x = as_array(a)
    ordered = sort_along(x, x.ndim - 1)
    if ordered.dtype.kind == "c":
        return ordered
    is_small = ordered.dtype.char in "bhBH"
    return anp.astype(ordered, np.complex64 if is_small else np.result_type(ordered.dtype, np.complex128))
