"""Writing items of Dask's arrays, and adding pieces up at their places: the transpose of reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np

from ..core.unknown_sizes import has_unknown
from .dask_blocks import as_dask, refuse
from .dask_indices import full_index, has_lazy, mask_axis
from .dask_places import write
from .dask_scattering import scatter_in_rows, scatter_numbers, spread_masked

__all__ = ["add_at", "scatter", "set_item"]


def set_item(x: da.Array, index: Any, value: Any) -> da.Array:
    """A copy of ``x`` with ``x[index] = value``."""
    x, value = as_dask(x), as_dask(value)
    if not has_lazy(index):
        return write(x, [value.astype(x.dtype)], [index], is_sum=False)
    parts = full_index(index, x.ndim)
    place = mask_axis(parts)
    if place is None:
        raise refuse("an assignment to items", "at places that Dask computes. Write where(mask, new, old).")
    spread, mask = spread_masked(x.shape, value, parts, place)
    return da.where(mask, spread, x).astype(x.dtype)


def add_at(x: da.Array, index: Any, value: Any) -> da.Array:
    """A copy of ``x`` with ``value`` added at ``index``, each time an element is named."""
    x, value = as_dask(x), as_dask(value)
    if has_lazy(index):
        return x + scatter([da.broadcast_to(value, broadcast_shape(value, x.shape, index))], [index], x.shape)
    return write(x, [value], [index], is_sum=True)


def broadcast_shape(value: da.Array, shape: tuple, index: Any) -> tuple:
    parts = full_index(index, len(shape))
    parts = [np.zeros(part.shape, part.dtype) if isinstance(part, da.Array) else part for part in parts]
    if any(isinstance(part, np.ndarray) and part.dtype.kind == "b" for part in parts):
        return value.shape
    return np.broadcast_to(np.False_, shape)[tuple(parts)].shape


def scatter(pieces: Sequence, indices: Sequence, shape: tuple) -> da.Array:
    """Zeros with each piece added at its index."""
    pieces = [as_dask(piece) for piece in pieces]
    if has_unknown(shape) and not any(map(has_lazy, indices)):
        return scatter_in_unknown(pieces, indices, shape)
    known = [i for i, index in enumerate(indices) if not has_lazy(index)]
    total = None
    if known:
        total = write(None, [pieces[i] for i in known], [indices[i] for i in known], True, shape)
    for i, index in enumerate(indices):
        if i not in known:
            piece = scatter_numbers(pieces[i], index, shape)
            total = piece if total is None else total + piece
    return total


def scatter_in_unknown(pieces: Sequence, indices: Sequence, shape: tuple) -> da.Array:
    """In an array of unknown sizes, of which pieces are whole along these axes."""
    each_parts = [full_index(index, len(shape)) for index in indices]
    if len(pieces) == 1 and all(part == slice(None) for part in each_parts[0]):
        return pieces[0]
    if has_unknown(shape[1:]) or any(parts[0] != slice(None) for parts in each_parts):
        raise refuse("an index", "its sizes are not known. Call x.compute_chunk_sizes() before.")
    return sum(scatter_in_rows(piece, parts[1:], shape[1:]) for piece, parts in zip(pieces, each_parts))
