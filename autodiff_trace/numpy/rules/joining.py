"""Rules of the functions that join arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.array_ops import array_ops
from ...core.errors import caller_line
from ...core.primitives import nondifferentiable
from .. import moving
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..canonical import as_array
from ..definers import define, defrules
from ..batching import map_all
from .creation import nested_tangents

__all__ = ["with_zeros"]


def with_zeros(tangents, arrays):
    """The tangents of a sequence of arrays, with zeros where there is none."""
    return [nested_tangents(t, x) for t, x in zip(tangents, arrays, strict=True)]


def joins(prim: Callable, part: Callable) -> None:
    """Give a primitive that puts a list of arrays together along an axis its rules.

    ``part(g, start, x, axis)`` is what of ``g`` belongs to the array ``x``, and where the next array starts.
    """

    def vjp(g, ans, arrays, axis):
        cotangents = []
        start = 0
        for x in arrays:
            piece, start = part(g, start, x, axis)
            cotangents.append(match_dtype(piece, x.dtype))
        return cotangents

    def batching(batch, prim, args, kwargs):
        arrays, axis = args
        if type(batch.mapped[0]) is not list or any(batch.mapped[1:]):
            return NotImplemented
        return prim(map_all(batch._replace(mapped=batch.mapped[0]), arrays), axis + 1)

    defrules(
        prim, vjp, lambda t, ans, arrays, axis: prim(with_zeros(t, arrays), axis), linear_in=(0,), sequence_args=(0,),
        moves_elements=True, moves_from=(0,), harmless=True, shows_nan=True, owns_memory=True, batching=batching,
    )


def stretch(g, start, x, axis):
    end = start + x.shape[axis]
    return g[(slice(None),) * axis + (slice(start, end),)], end


joins(moving.concatenate, stretch)
joins(moving.stack, lambda g, i, x, axis: (g[(slice(None),) * axis + (i,)], i + 1))


def as_arrays(arrays, dtype, casting):
    """What is joined: arrays, of ``dtype`` if that is given."""
    arrays = [as_array(x) if type(x) in NO_ARRAYS else x for x in arrays]
    if dtype is None:
        return arrays
    for x in arrays:
        if not np.can_cast(x.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {x.dtype!r} to {np.dtype(dtype)!r} according to the rule {casting!r}"
            )
    return [anp.astype(x, dtype) for x in arrays]


def place_of_axis(name, axis, ndim):
    try:
        return normalize_axis_index(axis, ndim)
    except TypeError:
        if getattr(axis, "ndim", 0):
            way = f"The arrays go into one list: anp.{name}([x, y])"
            raise TypeError(f"{name}: axis is an array of shape {axis.shape} ({caller_line()}). {way}.") from None
        raise


NO_ARRAYS = frozenset([list, tuple, bool, int, float, complex])


@define(np.concatenate)
def concatenate(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = as_arrays(arrays, dtype, casting)
    if axis is None:
        arrays, axis = [anp.ravel(x) for x in arrays], 0
    return array_ops.store(out, moving.concatenate(arrays, place_of_axis("concatenate", axis, arrays[0].ndim)))


@define(np.stack)
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = as_arrays(arrays, dtype, casting)
    return array_ops.store(out, moving.stack(arrays, place_of_axis("stack", axis, arrays[0].ndim + 1)))


# The others by concatenate


@define(np.append)
def append(arr, values, axis=None):
    if axis is None:
        return anp.concatenate([anp.ravel(arr), anp.ravel(values)])
    return anp.concatenate([arr, values], axis)


@define(np.block)
def block(arrays):
    depth = block_depth(arrays)
    if not depth:
        return anp.copy(arrays)  # what is joined nowhere is a copy, too
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
