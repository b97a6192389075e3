"""Rules of the functions that give the same elements another shape, and of casts."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from ...core.tracer import metadata
from ...core.unread import reads_shapes
from .. import wrapped as anp
from ..broadcasting import match_dtype, sum_to
from ..definers import define, linear
from ..selections import moves
from .making import as_array

__all__: list[str] = []


def inverse_transpose(g, ans, a, axes=None):
    if axes is None:
        return anp.transpose(g)
    axes = (axes,) if np.ndim(axes) == 0 else axes
    return anp.transpose(g, tuple(np.argsort([axis % len(axes) for axis in axes])))


def inverse_reshape(g, ans, a, shape=None, order="C", *, newshape=None, copy=None):
    return anp.reshape(g, a.shape) if order == "C" else anp.reshape(g, a.shape, definite_order("reshape", order))


def inverse_ravel(g, ans, a, order="C"):
    return anp.reshape(g, a.shape) if order == "C" else anp.reshape(g, a.shape, definite_order("ravel", order))


moves(anp.broadcast_to, transpose=lambda g, ans, x, shape, subok=False: sum_to(g, x.shape))
moves(anp.copy, transpose=lambda g, ans, x, order="K", subok=False: g)
moves(anp.expand_dims, transpose=lambda g, ans, x, axis: anp.reshape(g, x.shape))
moves(anp.matrix_transpose, transpose=lambda g, ans, x: anp.matrix_transpose(g))
moves(anp.moveaxis, transpose=lambda g, ans, a, source, destination: anp.moveaxis(g, destination, source))
moves(anp.ravel, transpose=inverse_ravel)
moves(anp.reshape, transpose=inverse_reshape)
moves(anp.squeeze, transpose=lambda g, ans, x, axis=None: anp.reshape(g, x.shape))
moves(anp.swapaxes, transpose=lambda g, ans, x, axis1, axis2: anp.swapaxes(g, axis1, axis2))
moves(anp.transpose, transpose=inverse_transpose)
linear(match_dtype, transpose=lambda g, ans, x, dtype: match_dtype(g, x.dtype))
match_dtype.by_element = True
moves(sum_to, transpose=lambda g, ans, x, shape: anp.broadcast_to(g, x.shape))


# reshape, ravel: orders A and K mean what the memory of the array says. A cotangent lies elsewhere, so they are
# replaced by the C or F that they stand for.


def definite_order(name, order):
    if order not in ("C", "F"):
        raise ValueError(f"{name}: order={order!r} depends on the memory layout: pass it by keyword, or use 'C' or 'F'")
    return order


def order_in_memory(name, x, order):
    """'C' or 'F', whichever ``order`` means for the array ``x``."""
    flags = getattr(metadata(x), "flags", None)
    if flags is None or flags.c_contiguous:
        return "C"
    if flags.f_contiguous:
        return "F"
    if order == "K":
        raise ValueError(f"{name}: order='K' means neither 'C' nor 'F' for this array, whose memory is not contiguous")
    return "C"


def settle_order(prim, args, kwargs):
    """A call of reshape or ravel with keywords, as one with positional arguments and a definite order."""
    a, *rest = args or (kwargs.pop("a"),)
    order = kwargs.pop("order", rest.pop() if len(rest) > (prim is anp.reshape) else "C")
    if prim is anp.reshape:
        shape = rest.pop() if rest else kwargs.pop("newshape", None) if "shape" not in kwargs else kwargs.pop("shape")
        if kwargs.pop("copy", None) is True:
            a = anp.copy(a)
        rest = [shape]
    if kwargs:
        raise TypeError(f"{prim.__name__}() got an unexpected keyword argument {next(iter(kwargs))!r}")
    a = as_array(a)
    order = order_in_memory(prim.__name__, a, order) if order in ("A", "K") else order
    return prim(a, *rest) if order == "C" else prim(a, *rest, order)


anp.reshape.keyword_handler = anp.ravel.keyword_handler = settle_order


# astype: into integers and booleans no derivative flows


def astype_vjp(g, ans, x, dtype, *args, **kwargs):
    return match_dtype(g, x.dtype) if ans.dtype.kind in "fc" else None


def astype_jvp(t, ans, x, dtype, *args, **kwargs):
    return match_dtype(t, ans.dtype) if ans.dtype.kind in "fc" else None


defvjp(anp.astype, astype_vjp)
defjvp(anp.astype, astype_jvp)
reads_shapes(anp.astype, 0)
anp.astype.by_element = True


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
