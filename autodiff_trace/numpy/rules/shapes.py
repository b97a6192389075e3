"""The functions that give the same elements another shape or another order of axes, and casts.

All are other spellings of ``reshape(x, shape)``, ``transpose(x, axes)`` and ``broadcast_to(x, shape)``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.foreign import is_foreign
from ...core.tracer import box_classes, to_value
from ...core.unknown_sizes import UNKNOWN, has_unknown
from .. import moving
from .. import wrapped as anp
from ..along_axes import reduce_sets
from ..axis_order import order_axes
from ..broadcasting import match_dtype, sum_to
from ..canonical import as_array
from ..definers import define, defrules, linear
from ..layouts import layout
from ..batching import batch_first
from ..parameters import plain, whole_numbers
from ..selections import moves

__all__ = ["full_shape", "in_front"]


def in_front(x, ndim):
    """A batch ``x`` whose elements get axes of length 1 in front, so that they have ``ndim``."""
    return moving.reshape(x, (len(x),) + (1,) * (ndim + 1 - x.ndim) + x.shape[1:]) if x.ndim <= ndim else x


@functools.lru_cache(1024)
def inverse(axes):
    return tuple([axes.index(i) for i in range(len(axes))])


moves(
    moving.reshape, makes_view=True,
    transpose=lambda g, ans, x, shape: moving.reshape(g, x.shape),
    batch=lambda x, shape: moving.reshape(x, (len(x), *shape)),
)
moves(
    moving.transpose, makes_view=True,
    transpose=lambda g, ans, x, axes: moving.transpose(g, inverse(axes)),
    batch=lambda x, axes: moving.transpose(x, (0, *[i + 1 for i in axes])),
)
moves(
    moving.broadcast_to, makes_view=True,
    transpose=lambda g, ans, x, shape: sum_to(g, x.shape),
    batch=lambda x, shape: moving.broadcast_to(in_front(x, len(shape)), (len(x), *shape)),
)
moves(
    sum_to,
    transpose=lambda g, ans, x, shape: moving.broadcast_to(g, x.shape),
    batch=lambda x, shape: moving.reshape(
        sum_to(x, (len(x),) + (1,) * (x.ndim - 1 - len(shape)) + shape), (len(x), *shape)
    ),
    sparsity=lambda nodes, ans, x, shape: reduce_sets(nodes[0], x.shape, (1,) * (x.ndim - len(shape)) + tuple(shape)),
)
moves(
    moving.copy, makes_view=True, owns_memory=True,
    transpose=lambda g, ans, x, order: g,
    batch=moving.copy,
)
linear(match_dtype, transpose=lambda g, ans, x, dtype: match_dtype(g, x.dtype), elementwise=True, batching=batch_first)


# Of an array of shape (0, 1, 2, …) NumPy shows in which order a function puts the axes.


@functools.lru_cache(1024)
def order_of_axes(function, ndim, *params):
    return function(np.empty(tuple(range(ndim))), *params).shape


def orders_axes(function: Callable) -> None:
    @define(function)
    def ordered(*given):
        a, *params = given
        if type(a) not in box_classes:
            a = as_array(a)
        return moving.transpose(a, order_of_axes(function, a.ndim, *map(whole_numbers, params)))


for _function in {np.matrix_transpose, np.linalg.matrix_transpose, np.moveaxis, np.rollaxis, np.swapaxes, np.transpose}:
    orders_axes(_function)


# Of an array that takes no memory NumPy shows what shape a function gives it.


STAND_IN = 2**31 - 1
"""For a size that is not known: a prime, which no axis is likely to have."""


@functools.lru_cache(1024)
def new_shape(function, shape, *params):
    if has_unknown(shape):
        known = tuple([n if n == n else STAND_IN for n in shape])
        return tuple([UNKNOWN if n == STAND_IN else n for n in new_shape(function, known, *params)])
    return function(np.broadcast_to(0.0, shape), *params).shape


@define(np.expand_dims)
def expand_dims(a, axis):
    a = as_array(a)
    return moving.reshape(a, new_shape(np.expand_dims, a.shape, whole_numbers(axis)))


@define(np.squeeze)
def squeeze(a, axis=None):
    if type(a) not in box_classes:
        a = as_array(a)
    old = a.shape
    new = new_shape(np.squeeze, old, whole_numbers(axis))
    return a if new == old else moving.reshape(a, new)


def full_shape(a, shape):
    """``shape``, with the number that -1 stands for."""
    shape = whole_numbers(plain(shape))
    if type(shape) is int:
        return (a.size if shape == -1 else shape,)
    if -1 not in shape:
        return shape
    known = -math.prod(shape)
    if known < 1 or a.size % known:
        np.reshape(np.broadcast_to(0.0, a.shape), shape)  # NumPy raises its error
    return tuple([a.size // known if size == -1 else size for size in shape])


# In which order elements are taken: F is the order C of the transposed array; A and K mean what the memory of the array
# says.


def axes_in_order(a, order):
    """The axes of ``a``, those along which ``order`` takes larger steps in memory first; None where that is order C."""
    memory = layout(a)
    if order in ("A", "K") and a.ndim > 1 and is_foreign(a):
        raise TracedValueError(
            f"order={order!r} asks how an array lies in memory ({caller_line()}), which is not known of arrays of "
            "other libraries. Write order='C' or order='F'."
        )
    if order == "A":
        order = "F" if memory.flags.f_contiguous and not memory.flags.c_contiguous else "C"
    axes = list(range(a.ndim))
    if order == "F":
        axes.reverse()
    elif order == "K":
        axes = list(order_axes(a.ndim, [[
            abs(stride) if length > 1 else 0 for length, stride in zip(memory.shape, memory.strides)]]))
    elif order != "C":
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    return None if axes == list(range(a.ndim)) else tuple(axes)


@define(np.ravel)
def ravel(a, order="C"):
    if type(a) not in box_classes:
        a = as_array(a)
    axes = None if order == "C" else axes_in_order(a, order)
    if axes is not None:
        a = moving.transpose(a, axes)
    memory = layout(a)
    if type(memory) is not np.ndarray:
        return moving.reshape(a, (1,))
    # (Of another library's array the layout is not known; it says itself, if it has memory.)
    flags = getattr(to_value(a), "flags", None) if is_foreign(a) else memory.flags
    if not getattr(flags, "c_contiguous", True):  # NumPy gives no view with gaps
        a = moving.copy(a, "C")
    return moving.reshape(a, (memory.size,))


@define(np.reshape)
def reshape(a, shape=None, order="C", *, newshape=None, copy=None):
    a = as_array(a)
    shape = full_shape(a, newshape if shape is None else shape)
    if order == "C" and copy is None:
        return moving.reshape(a, shape)
    if order == "K":
        raise ValueError("order 'K' is not permitted for reshaping")
    if copy:
        a = moving.copy(a, "K")
    elif copy is not None:
        np.reshape(layout(a), shape, order, copy=False)  # raises where a copy is needed
    if order == "C" or axes_in_order(a, order) is None and order == "A":
        return moving.reshape(a, shape)
    return anp.transpose(moving.reshape(anp.transpose(a), shape[::-1]))


@define(np.broadcast_to)
def broadcast_to(array, shape, subok=False):
    shape = whole_numbers(shape)
    return moving.broadcast_to(as_array(array), (shape,) if type(shape) is int else shape)


@define(np.copy)
def copy(a, order="K", subok=False):
    return moving.copy(as_array(a), order)


# astype: into integers and booleans no derivative flows


def astype_vjp(g, ans, x, dtype, *args, **kwargs):
    return match_dtype(g, x.dtype) if ans.dtype.kind in "fcO" else None


def astype_jvp(t, ans, x, dtype, *args, **kwargs):
    return match_dtype(t, ans.dtype) if ans.dtype.kind in "fcO" else None


defrules(
    anp.astype, astype_vjp, astype_jvp, linear_in=(0,), elementwise=True, harmless=True, passes_on=True,
    batching=batch_first,
)


# atleast_1d, 2d, 3d: where the new axes go, by the number of those there are


def one_or_several(arrays):
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


@define(np.atleast_1d)
def atleast_1d(*arys):
    return one_or_several([x if x.ndim else moving.reshape(x, (1,)) for x in map(as_array, arys)])


@define(np.atleast_2d)
def atleast_2d(*arys):
    return one_or_several([x if x.ndim > 1 else moving.reshape(x, (1, x.size)) for x in map(as_array, arys)])


@define(np.atleast_3d)
def atleast_3d(*arys):
    new_axes = (0, 1, 2), (0, 2), (2,)
    return one_or_several([x if x.ndim > 2 else anp.expand_dims(x, new_axes[x.ndim]) for x in map(as_array, arys)])


@define(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return tuple([x if x.shape == shape else moving.broadcast_to(x, shape) for x in arrays])


@define(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    # Array i varies along axes[i].
    arrays = [anp.reshape(x, (1,) * axis + (-1,) + (1,) * (len(xi) - 1 - axis)) for x, axis in zip(xi, axes)]
    if not sparse:
        arrays = anp.broadcast_arrays(*arrays)
    return tuple([anp.copy(x) for x in arrays] if copy else arrays)
