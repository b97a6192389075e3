"""Rules of the functions that join arrays."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.forward import defjvp
from ...core.primitives import nondifferentiable
from ...core.reverse import defvjp
from ...core.traits import declare
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define
from .making import as_array, nested_cotangents, nested_tangents

__all__ = ["with_zeros"]


def with_zeros(tangents, arrays):
    """The tangents of a sequence of arrays, with zeros where there is none."""
    return [nested_tangents(t, x) for t, x in zip(tangents, arrays, strict=True)]


def as_sequence(cotangents, arrays):
    """The cotangents of the items, as those of a list, or of one array that was taken for the sequence of its rows."""
    return cotangents if isinstance(arrays, (list, tuple)) else anp.stack(cotangents)


def shape_of(x):
    return x.shape if hasattr(x, "shape") else as_array(x).shape


# concatenate: each array gets its stretch of the cotangent; out of integers no derivative comes


def concatenate_vjp(g, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    if ans.dtype.kind not in "fc":
        g = anp.zeros_like(g)
    axis = axis if axis is None else axis % g.ndim
    cotangents = []
    start = 0
    for x in arrays:
        shape = shape_of(x)
        end = start + (math.prod(shape) if axis is None else shape[axis])
        piece = g[(slice(None),) * (axis or 0) + (slice(start, end),)]
        cotangents.append(nested_cotangents(piece if axis is not None else anp.reshape(piece, shape), x))
        start = end
    return as_sequence(cotangents, arrays)


def concatenate_jvp(t, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    if ans.dtype.kind not in "fc":
        return None
    return match_dtype(anp.concatenate(with_zeros(t, arrays), axis=axis), ans.dtype)


defvjp(anp.concatenate, concatenate_vjp)
defjvp(anp.concatenate, concatenate_jvp)


# stack: each array gets its slice


def stack_vjp(g, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    if ans.dtype.kind not in "fc":
        g = anp.zeros_like(g)
    before = (slice(None),) * (axis % g.ndim)
    return as_sequence([nested_cotangents(g[(*before, i)], x) for i, x in enumerate(arrays)], arrays)


def stack_jvp(t, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    if ans.dtype.kind not in "fc":
        return None
    return match_dtype(anp.stack(with_zeros(t, arrays), axis=axis), ans.dtype)


defvjp(anp.stack, stack_vjp)
defjvp(anp.stack, stack_jvp)

declare(
    anp.concatenate, anp.stack,
    linear_in=(0,), sequence_args=(0,), moves_elements=True, harmless=True, shows_nan=True, owns_memory=True,
)


# The others by concatenate


@define(np.append)
def append(arr, values, axis=None):
    if axis is None:
        return anp.concatenate([anp.ravel(arr), anp.ravel(values)])
    return anp.concatenate([arr, values], axis)


@define(np.block)
def block(arrays):
    depth = block_depth(arrays)
    ndim = max(depth, *[as_array(leaf).ndim for leaf in block_leaves(arrays)])
    return join_blocks(arrays, depth, ndim)


def block_depth(arrays):
    """How deep the lists are nested, which has to be the same everywhere."""
    if isinstance(arrays, tuple):
        raise TypeError("block: arrays is a tuple; only lists can be used to arrange blocks")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("block: the lists cannot be empty")
    depths = {block_depth(each) for each in arrays}
    if len(depths) > 1:
        raise ValueError("block: the lists are nested to different depths")
    return 1 + depths.pop()


def block_leaves(arrays):
    return [leaf for each in arrays for leaf in block_leaves(each)] if isinstance(arrays, list) else [arrays]


def join_blocks(arrays, depth, ndim):
    """The lists of depth 1 are joined along the last axis, those around them along the last but one, and so on."""
    if depth:
        return anp.concatenate([join_blocks(each, depth - 1, ndim) for each in arrays], -depth)
    x = as_array(arrays)
    return anp.reshape(x, (1,) * (ndim - x.ndim) + x.shape)


@define(np.column_stack)
def column_stack(tup):
    return anp.concatenate([x if x.ndim > 1 else anp.reshape(x, (-1, 1)) for x in map(as_array, tup)], 1)


@define(np.dstack)
def dstack(tup):
    return anp.concatenate([anp.atleast_3d(x) for x in tup], 2)


@define(np.hstack)
def hstack(tup, *, dtype=None, casting="same_kind"):
    arrays = [anp.atleast_1d(x) for x in tup]
    return anp.concatenate(arrays, min(arrays[0].ndim - 1, 1), dtype=dtype, casting=casting)


@define(np.vstack)
def vstack(tup, *, dtype=None, casting="same_kind"):
    return anp.concatenate([anp.atleast_2d(x) for x in tup], dtype=dtype, casting=casting)


if "row_stack" in vars(np):  # the old name of vstack
    define(vars(np)["row_stack"])(vstack)


# insert: NumPy says where the elements go by inserting numbers among numbers


@define(np.insert)
def insert(arr, obj, values, axis=None):
    arr = as_array(arr)
    if axis is None:
        arr, axis = anp.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    size = arr.shape[axis]
    values = anp.astype(anp.array(values, ndmin=arr.ndim), arr.dtype)
    count = insertion_places(size, obj, 0).shape[0] - size
    if count == 1:  # one place for any number of values
        if anp.ndim(obj) == 0 and not isinstance(obj, slice):
            values = anp.moveaxis(values, 0, axis)
        count = values.shape[axis]
        obj = np.arange(size + 1)[obj] if isinstance(obj, slice) else anp.ravel(obj)[0]
    places = insertion_places(size, obj, np.arange(size, size + count))
    before = (slice(None),) * axis
    new = anp.zeros_like(arr, shape=(*arr.shape[:axis], size + count, *arr.shape[axis + 1 :]))
    new = anp.set_item(new, (*before, places[:size]), arr)
    return anp.set_item(new, (*before, places[size:]), values)


@nondifferentiable
def insertion_places(size, obj, values):
    """Where ``size`` numbers, then ``values``, are once these have been inserted at ``obj``."""
    return np.argsort(np.insert(np.arange(size), obj, values))
