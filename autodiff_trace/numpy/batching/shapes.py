"""Batching of the functions that arrange elements in another shape, and of joining."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.batching import defbatch
from .. import wrapped as anp
from ..broadcasting import sum_to
from ..rules.windows import sliding_window_view
from .axes import shift_axes
from ..mapped import map_all


def only_first(batch):
    """Whether only the first argument is mapped: shapes and axes are the same for all elements."""
    return bool(batch.mapped[0]) and not any(batch.mapped[1:]) and not any(batch.mapped_keywords.values())


def batch_broadcast_to(batch, prim, args, kwargs):
    x, shape = args[:2]
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    lead = len(shape) - (x.ndim - 1)
    return anp.broadcast_to(anp.reshape(x, (batch.size,) + (1,) * lead + x.shape[1:]), (batch.size, *shape))


def batch_expand_dims(batch, prim, args, kwargs):
    x, axis = args[0], args[1] if len(args) > 1 else kwargs["axis"]
    axes = np.ravel(axis).tolist()
    return anp.expand_dims(x, shift_axes(axes, x.ndim - 1 + len(axes)))


def batch_diagonal(batch, prim, args, kwargs):
    x, offset, axis1, axis2 = (*args, *(0, 0, 1)[len(args) - 1 :])
    offset, axis1, axis2 = (kwargs.get(*each) for each in (("offset", offset), ("axis1", axis1), ("axis2", axis2)))
    return prim(x, offset, shift_axes(axis1, x.ndim - 1), shift_axes(axis2, x.ndim - 1))


def batch_flip(batch, prim, args, kwargs):
    axis = args[1] if len(args) > 1 else kwargs.get("axis")
    return prim(args[0], shift_axes(axis, args[0].ndim - 1))


def batch_flip_along(axis):
    """fliplr, flipud: their axis moves up by one."""
    return lambda batch, prim, args, kwargs: anp.flip(args[0], axis + 1)


def batch_moveaxis(batch, prim, args, kwargs):
    x, source, destination = (*args, *(kwargs[name] for name in ("source", "destination")[len(args) - 1 :]))
    return prim(x, shift_axes(source, x.ndim - 1), shift_axes(destination, x.ndim - 1))


def batch_matrix_transpose(batch, prim, args, kwargs):
    (x,) = args
    if x.ndim < 3:
        raise ValueError(f"matrix_transpose: an array of two dimensions or more is needed, not of {x.ndim - 1}")
    return prim(x)


def batch_ravel(batch, prim, args, kwargs):
    return anp.reshape(args[0], (batch.size, math.prod(args[0].shape[1:])))


def batch_reshape(batch, prim, args, kwargs):
    if not only_first(batch):
        return NotImplemented
    shape = args[1]
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    if -1 in shape:  # NumPy cannot infer a size in an array without elements
        known = int(np.prod([size for size in shape if size != -1]))
        shape = tuple(int(np.prod(args[0].shape[1:])) // max(known, 1) if size == -1 else size for size in shape)
    return anp.reshape(args[0], (batch.size, *shape))


def batch_rot90(batch, prim, args, kwargs):
    x, k, axes = (*args, *(1, (0, 1))[len(args) - 1 :])
    return prim(x, kwargs.get("k", k), shift_axes(kwargs.get("axes", axes), x.ndim - 1))


def batch_squeeze(batch, prim, args, kwargs):
    x, axis = args[0], args[1] if len(args) > 1 else kwargs.get("axis")
    if axis is None or x.ndim == 1 and axis in (0, -1):  # which NumPy allows of a number
        axis = tuple(i for i, size in enumerate(x.shape[1:]) if size == 1)
    return anp.squeeze(x, shift_axes(axis, x.ndim - 1))


def batch_sum_to(batch, prim, args, kwargs):
    x, shape = args
    lead = x.ndim - 1 - len(shape)
    return anp.reshape(sum_to(x, (batch.size,) + (1,) * lead + tuple(shape)), (batch.size, *shape))


def batch_swapaxes(batch, prim, args, kwargs):
    x, axis1, axis2 = args
    return anp.swapaxes(x, shift_axes(axis1, x.ndim - 1), shift_axes(axis2, x.ndim - 1))


def batch_transpose(batch, prim, args, kwargs):
    x, axes = args[0], args[1] if len(args) > 1 else kwargs.get("axes")
    ndim = x.ndim - 1
    axes = range(ndim, 0, -1) if axes is None else shift_axes(np.ravel(axes).tolist(), ndim)
    return anp.transpose(x, (0, *axes))


def batch_windows(batch, prim, args, kwargs):
    """The windows of each element: the axes of a window stand behind all others."""
    x, window_shape, *rest = args
    axis = rest[0] if rest else kwargs.get("axis")
    if axis is None:
        axis = tuple(range(x.ndim - 1))
    kwargs = {name: value for name, value in kwargs.items() if name != "axis"}
    return prim(x, window_shape, shift_axes(tuple(np.ravel(axis).tolist()), x.ndim - 1), **kwargs)


defbatch(batch_broadcast_to, anp.broadcast_to)
defbatch(batch_diagonal, anp.diagonal)
defbatch(batch_expand_dims, anp.expand_dims)
defbatch(batch_matrix_transpose, anp.matrix_transpose)
defbatch(batch_flip, anp.flip)
defbatch(batch_flip_along(0), anp.flipud)
defbatch(batch_flip_along(1), anp.fliplr)
defbatch(batch_moveaxis, anp.moveaxis)
defbatch(batch_ravel, anp.ravel)
defbatch(batch_reshape, anp.reshape)
defbatch(batch_rot90, anp.rot90)
defbatch(batch_squeeze, anp.squeeze)
defbatch(batch_sum_to, sum_to)
defbatch(batch_swapaxes, anp.swapaxes)
defbatch(batch_transpose, anp.transpose)
defbatch(batch_windows, sliding_window_view)


# Joining: what is not mapped is repeated


def batch_join(batch, prim, args, kwargs):
    """concatenate, stack: the axis moves up by one."""
    arrays, *rest = args
    if hasattr(arrays, "ndim") or any(isinstance(x, (list, tuple)) for x in arrays):
        return NotImplemented
    if any(batch.mapped[1:]) or any(batch.mapped_keywords.values()):
        return NotImplemented
    axis = rest[0] if rest else kwargs.get("axis", 0)
    kwargs = {name: value for name, value in kwargs.items() if name != "axis"}
    arrays = map_all(batch._replace(mapped=batch.mapped[0]), list(arrays))
    if axis is None and prim is anp.concatenate:
        arrays, axis = [anp.reshape(x, (batch.size, -1)) for x in arrays], 0
    ndim = arrays[0].ndim - (prim is anp.concatenate)
    return prim(arrays, normalize_axis_index(axis, ndim) + 1, *rest[1:], **kwargs)


defbatch(batch_join, anp.concatenate, anp.stack)
