"""Shapes of Dask's arrays: reshaping, also where Dask does not, and where sizes are not known."""

from __future__ import annotations

import math
from typing import Any

import dask.array as da

from ..core.unknown_sizes import is_same_shape
from .dask_blocks import is_unknown, refuse

__all__ = ["move_axes", "reshape"]


def move_axes(x: da.Array, source: Any, destination: Any) -> da.Array:
    return da.moveaxis(x, *[each if isinstance(each, int) else tuple(each) for each in (source, destination)])


def reshape(x: da.Array, shape: tuple[int, ...]) -> da.Array:
    """``x.reshape(shape)``. What merges and splits axes at once goes by way of the flat array."""
    if is_same_shape(x.shape, shape):
        return x
    if is_unknown(x) or any(size != size for size in shape):
        return reshape_unknown(x, shape)
    if -1 in shape:
        shape = tuple([x.size // max(-math.prod(shape), 1) if size == -1 else size for size in shape])
    if math.prod(shape) != x.size:
        raise ValueError(f"cannot reshape array of size {x.size} into shape {shape}")
    if x.size == 0:
        return da.zeros(shape, dtype=x.dtype, meta=x._meta)
    try:
        return x.reshape(shape)
    except NotImplementedError:
        return x.reshape((x.size,)).reshape(shape)


def reshape_unknown(x: da.Array, shape: tuple) -> da.Array:
    """Axes of size 1 come and go beside those of unknown size."""
    if [n for n in x.shape if n == n and n != 1] == [n for n in shape if n == n and n not in (1, -1)]:
        unknown = sum(n != n for n in x.shape), sum(n != n or n == -1 for n in shape)
        rest = [n == n for n in x.shape if n != 1], [n == n and n != -1 for n in shape if n != 1]
        if unknown[0] == unknown[1] and rest[0] == rest[1]:
            x = x[tuple([0 if n == 1 else slice(None) for n in x.shape])]
            return x[tuple([None if n == 1 else slice(None) for n in shape])]
    raise refuse("reshape", "its sizes are not known. Call x.compute_chunk_sizes() before.")
