"""Batching of functions along axes: reductions, cumulative sums, sorts, transforms. Their axes move up by one."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.batching import defbatch
from .. import fft
from .. import wrapped as anp
from .elementwise import align

__all__ = ["batch_axis", "shift_axes"]

NO_VALUE = np._NoValue


def shift_axes(axis, ndim: int):
    """``axis`` of an array with ``ndim`` axes, where one more axis stands in front; None is all axes but that.

    An axis that the array does not have raises NumPy's AxisError: counted from the end it would be the one in front.
    """
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple([normalize_axis_index(i, ndim) + 1 for i in axis])
    return normalize_axis_index(axis, ndim) + 1


def batch_axis(batch, prim, args, kwargs):
    """A reduction: ``axis`` None reduces each element of the batch."""
    return with_shifted_axis(batch, prim, args, kwargs, flatten=False)


def batch_axis_flattening(batch, prim, args, kwargs):
    """A function whose ``axis`` None means the flattened array: ``cumsum``, ``sort``."""
    return with_shifted_axis(batch, prim, args, kwargs, flatten=True)


def with_shifted_axis(batch, prim, args, kwargs, flatten):
    x, *rest = args
    if not batch.mapped[0] or any(batch.mapped[1:]):
        return NotImplemented
    if any(batch.mapped_keywords[name] for name in kwargs if name != "where"):
        return NotImplemented
    position, default = axis_parameter(prim)
    axis = rest[position - 1] if len(rest) >= position else kwargs.get("axis", default)
    where = kwargs.get("where")
    if where is not None and where is not NO_VALUE and where is not True:
        _, where = align([x, where], [True, batch.mapped_keywords["where"]])
        kwargs = {**kwargs, "where": where}
    ndim = x.ndim - 1
    if not ndim and axis in (0, -1) and prim not in NEED_AN_AXIS:  # which NumPy allows of a number
        axis = None
    if axis is None and flatten:
        x, axis, ndim = anp.reshape(x, (batch.size, -1)), 0, 1
    shifted = shift_axes(axis, ndim)
    if len(rest) >= position:
        return prim(x, *rest[: position - 1], shifted, *rest[position:], **kwargs)
    return prim(x, *rest, **{**kwargs, "axis": shifted})


def axis_parameter(prim: Callable) -> tuple[int, object]:
    """The position of the parameter ``axis``, and its default."""
    parameters = inspect.signature(prim.fun).parameters
    return list(parameters).index("axis"), parameters["axis"].default


REDUCTIONS = "all any amax amin count_nonzero max mean min prod std sum var"
FLATTENING = "argmax argmin argsort cumprod cumsum"
NEED_AN_AXIS = {anp.mean, anp.sort, anp.std, anp.var, fft.fft, fft.ifft, fft.irfft, fft.rfft}

defbatch(batch_axis, *(getattr(anp, name) for name in REDUCTIONS.split() if hasattr(getattr(anp, name), "traits")))
defbatch(batch_axis_flattening, *(getattr(anp, name) for name in FLATTENING.split()))
