"""Functions that write into an array in place. A traced array stands for its new value afterwards; a plain one cannot
hold a traced value."""

from __future__ import annotations

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.fast.ownership import writing
from .. import wrapped as anp
from ..broadcasting import drop_leading
from ..canonical import as_array
from ..definers import define
from .selecting import along_axis_index, as_indices, within

__all__: list[str] = []


def check_writable(name, array):
    if not hasattr(array, "replace"):
        raise TracedValueError(
            f"{name}: a plain array cannot hold a traced value ({caller_line()}). Make the array with anp.zeros(...) "
            "inside the function, y = anp.zeros(x.shape); y[...] = x, or write anp.where(mask, new, old)."
        )


def write_flat(array, index, values):
    """Write the values, over and over as needed, to places counted through the whole array."""
    values = anp.resize(values, index.shape)
    with writing:
        array.replace(anp.reshape(anp.set_item(anp.ravel(array), index, values), array.shape))


@define(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    check_writable("copyto", dst)
    if hasattr(src, "dtype") and not np.can_cast(src.dtype, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {src.dtype} to {dst.dtype} according to the rule {casting!r}")
    src = anp.broadcast_to(drop_leading(as_array(src), dst.ndim), dst.shape)
    src = src if src.dtype == dst.dtype else anp.astype(src, dst.dtype)
    with writing:
        dst.replace(src if where is True else anp.where(where, src, dst))


@define(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    check_writable("fill_diagonal", a)
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    # One step down every axis; without wrap= the diagonal of a tall matrix ends with its square.
    step = 1 + sum(np.cumprod(a.shape[:0:-1]).tolist())
    end = a.shape[1] ** 2 if a.ndim == 2 and not wrap else a.size
    write_flat(a, np.arange(a.size)[:end:step], val)


@define(np.place)
def place(arr, mask, vals):
    check_writable("place", arr)
    places = anp.flatnonzero(mask)
    vals = as_array(vals)
    if len(places) and not vals.size:
        raise ValueError("Cannot insert from an empty array!")
    write_flat(arr, places, vals)


@define(np.put)
def put(a, ind, v, mode="raise"):
    check_writable("put", a)
    v = as_array(v)
    if v.size:
        write_flat(a, np.ravel(within(as_indices(ind), a.size, mode)), v)


@define(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    check_writable("put_along_axis", arr)
    if axis is None:
        write_flat(arr, indices, values)
    else:
        arr[along_axis_index(arr.shape, indices, axis)] = values


@define(np.putmask)
def putmask(a, /, mask, values):
    check_writable("putmask", a)
    values = anp.astype(anp.resize(as_array(values), a.shape), a.dtype)
    with writing:
        a.replace(anp.where(mask, values, a))
