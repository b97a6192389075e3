"""Rules of the functions that give the same elements another shape, and of casts."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.traits import declare
from .. import wrapped as anp
from ..broadcasting import match_dtype, sum_to
from ..definers import define, linear
from ..layouts import layout
from ..mapped import batch_first
from ..selections import moves
from .making import as_array

__all__: list[str] = []


def inverse_transpose(g, ans, a, axes=None):
    if axes is None:
        return anp.transpose(g)
    axes = (axes,) if np.ndim(axes) == 0 else axes
    return anp.transpose(g, tuple(np.argsort([axis % len(axes) for axis in axes])))


moves(anp.broadcast_to, makes_view=True, transpose=lambda g, ans, x, shape, subok=False: sum_to(g, x.shape))
moves(anp.copy, makes_view=True, owns_memory=True, transpose=lambda g, ans, x, order="K", subok=False: g)
moves(anp.expand_dims, makes_view=True, transpose=lambda g, ans, x, axis: anp.reshape(g, x.shape))
moves(anp.matrix_transpose, makes_view=True, transpose=lambda g, ans, x: anp.matrix_transpose(g))
moves(anp.moveaxis, lambda g, ans, a, source, destination: anp.moveaxis(g, destination, source), makes_view=True)
moves(anp.ravel, makes_view=True, transpose=lambda g, ans, a: anp.reshape(g, a.shape))
moves(anp.reshape, makes_view=True, transpose=lambda g, ans, a, shape: anp.reshape(g, a.shape))
moves(anp.squeeze, makes_view=True, passes_on=True, transpose=lambda g, ans, x, axis=None: anp.reshape(g, x.shape))
moves(anp.swapaxes, makes_view=True, transpose=lambda g, ans, x, axis1, axis2: anp.swapaxes(g, axis1, axis2))
moves(anp.transpose, makes_view=True, transpose=inverse_transpose)
linear(match_dtype, transpose=lambda g, ans, x, dtype: match_dtype(g, x.dtype), elementwise=True, batching=batch_first)
moves(sum_to, transpose=lambda g, ans, x, shape: anp.broadcast_to(g, x.shape))


# reshape, ravel: traces see them in the order C alone. F is the order C of the transposed array; A and K mean what the
# memory of the array says.


def axes_in_order(a, order):
    """The axes of ``a``, those along which ``order`` takes larger steps in memory first; None where that is order C."""
    memory = layout(a)
    if order == "A":
        order = "F" if memory.flags.f_contiguous and not memory.flags.c_contiguous else "C"
    axes = list(range(a.ndim))
    if order == "F":
        axes.reverse()
    elif order == "K":
        axes.sort(key=lambda axis: -abs(memory.strides[axis]))
    elif order != "C":
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    return None if axes == list(range(a.ndim)) else axes


def settle_order(prim, args, kwargs):
    """A call of reshape or ravel with keywords, as calls with positional arguments in the order C."""
    a, *rest = args or (kwargs.pop("a"),)
    a = as_array(a)
    order = kwargs.pop("order", "C")
    if prim is anp.reshape:
        shape = rest[0] if rest else kwargs.pop("newshape", None) if "shape" not in kwargs else kwargs.pop("shape")
        if order == "K":
            raise ValueError("order 'K' is not permitted for reshaping")
        copy = kwargs.pop("copy", None)
        if copy:
            a = anp.copy(a)
        elif copy is not None:
            np.reshape(layout(a), shape, order, copy=False)  # raises where a copy is needed
    if kwargs:
        raise TypeError(f"{prim.__name__}() got an unexpected keyword argument {next(iter(kwargs))!r}")
    axes = axes_in_order(a, order)
    if prim is anp.ravel:
        return prim(a if axes is None else anp.transpose(a, axes))
    if order == "C" or axes is None and order == "A":
        return prim(a, shape)
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    return anp.transpose(prim(anp.transpose(a), shape[::-1]))


anp.reshape.keyword_handler = anp.ravel.keyword_handler = settle_order
declare(anp.ravel, most_args=1, out_name="order")
declare(anp.reshape, most_args=2, out_name="order")


# astype: into integers and booleans no derivative flows


def astype_vjp(g, ans, x, dtype, *args, **kwargs):
    return match_dtype(g, x.dtype) if ans.dtype.kind in "fc" else None


def astype_jvp(t, ans, x, dtype, *args, **kwargs):
    return match_dtype(t, ans.dtype) if ans.dtype.kind in "fc" else None


defvjp(anp.astype, astype_vjp)
defjvp(anp.astype, astype_jvp)
declare(anp.astype, linear_in=(0,), elementwise=True, harmless=True, passes_on=True, batching=batch_first)


# atleast_1d, 2d, 3d: where the new axes go, by the number of those there are


def one_or_several(arrays):
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


@define(np.atleast_1d)
def atleast_1d(*arys):
    return one_or_several([x if x.ndim else anp.reshape(x, 1) for x in map(as_array, arys)])


@define(np.atleast_2d)
def atleast_2d(*arys):
    return one_or_several([x if x.ndim > 1 else anp.reshape(x, (1, -1)) for x in map(as_array, arys)])


@define(np.atleast_3d)
def atleast_3d(*arys):
    new_axes = (0, 1, 2), (0, 2), (2,)
    return one_or_several([x if x.ndim > 2 else anp.expand_dims(x, new_axes[x.ndim]) for x in map(as_array, arys)])


@define(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return tuple([x if x.shape == shape else anp.broadcast_to(x, shape) for x in arrays])


@define(np.rollaxis)
def rollaxis(a, axis, start=0):
    a = as_array(a)
    if not -a.ndim <= start <= a.ndim:
        raise np.exceptions.AxisError(start, a.ndim, "start")
    start += a.ndim * (start < 0)
    return anp.moveaxis(a, axis, start - 1 if axis % a.ndim < start else start)


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
