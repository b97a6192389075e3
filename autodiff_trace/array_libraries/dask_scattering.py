"""Writing at places that Dask computes, by arrays of numbers and masks, or into arrays of unknown sizes."""

from __future__ import annotations

import functools
import math
from typing import Any

import dask.array as da
import numpy as np

from .dask_blocks import as_dask, in_one_chunk, is_unknown, refuse
from .dask_indices import advanced_axis, full_index, is_array, mask_axis
from .dask_places import write
from .dask_shapes import move_axes, reshape

__all__ = ["scatter_in_rows", "scatter_numbers", "spread_masked"]


def scatter_in_rows(piece: da.Array, rest: list, shape: tuple) -> da.Array:
    """Of as many rows as the piece has, whose number is not known."""
    piece = in_one_chunk("an index", piece, range(1, piece.ndim), whole=True)
    labels = tuple(range(piece.ndim))
    new = {100 + i: n for i, n in enumerate(shape)}
    return da.blockwise(
        functools.partial(add_in_rows, tuple(rest), shape), (0, *new), piece, labels, new_axes=new, concatenate=True,
        dtype=piece.dtype, meta=np.empty((0,) * (1 + len(shape)), piece.dtype),
    )


def add_in_rows(rest: tuple, shape: tuple, piece: np.ndarray) -> np.ndarray:
    total = np.zeros((len(piece), *shape), piece.dtype)
    np.add.at(total, (slice(None), *rest), piece)
    return total


def scatter_numbers(piece: da.Array, index: Any, shape: tuple) -> da.Array:
    """Zeros of ``shape`` with a piece added at an index that has an array of Dask's."""
    parts = full_index(index, len(shape))
    others = tuple([slice(None) if is_array(part) else part for part in parts for _ in range(axes_of_part(part))])
    if any(part != slice(None) for part in others):  # first into what these parts read, then that into all
        inner = np.broadcast_to(np.False_, shape)[others].shape
        arrays = [part for part in parts if is_array(part) or not isinstance(part, (int, np.integer))]
        arrays = [part if is_array(part) else slice(None) for part in arrays]
        lead = max([part.ndim for part in arrays if is_array(part)])
        if mask_axis(parts) is None:
            front, now = advanced_axis(parts), advanced_axis(arrays)
            piece = move_axes(piece, range(front, front + lead), range(now, now + lead))
        return write(None, [scatter_numbers(piece, tuple(arrays), inner)], [others], True, shape)
    place = mask_axis(parts)
    if place is not None:
        return spread_masked(shape, piece, parts, place)[0]
    axes = [i for i, part in enumerate(parts) if is_array(part)]
    lead, front = max(parts[axis].ndim for axis in axes), advanced_axis(parts)
    piece = move_axes(piece, range(front, front + lead), range(lead))
    numbers = [as_dask(da.broadcast_to(as_dask(parts[axis]), piece.shape[:lead])) for axis in axes]
    if not is_unknown(piece):
        numbers = [each.rechunk(piece.chunks[:lead]) for each in numbers]
    sizes = tuple([shape[axis] for axis in axes])
    largest = math.prod([*sizes, *[max(n, default=0) for n in piece.chunks[lead:]]])
    if largest * piece.dtype.itemsize > MOST_BYTES:
        raise refuse("the gradient of an index", "the axes that it reads do not go into one chunk.")
    rest = range(100, 100 + piece.ndim - lead)
    operands = [(piece, [*range(lead), *rest]), *[(each, range(lead)) for each in numbers]]
    # Each block of the index gives an array of all places; they are added up as a tree.
    partial = da.blockwise(
        functools.partial(add_blocks, sizes), (*range(lead), *[50 + axis for axis in axes], *rest),
        *[part for x, labels in operands for part in (x, tuple(labels))],
        new_axes={50 + axis: shape[axis] for axis in axes}, adjust_chunks=dict.fromkeys(range(lead), 1),
        dtype=piece.dtype, align_arrays=not is_unknown(piece),
        meta=np.empty((0,) * (piece.ndim + len(axes)), piece.dtype),
    )
    total = da.sum(partial, axis=tuple(range(lead)), dtype=piece.dtype) if lead else partial
    return move_axes(total, range(len(axes)), axes)


MOST_BYTES = 2**31
"""The largest array of places that one block of an index may give."""


def axes_of_part(part: Any) -> int:
    return part.ndim if isinstance(part, da.Array) and part.dtype == bool else 1


def add_blocks(sizes: tuple, piece: np.ndarray, *numbers: np.ndarray) -> np.ndarray:
    lead = np.ndim(numbers[0])
    piece = np.asarray(piece)
    total = np.zeros((*sizes, *piece.shape[lead:]), piece.dtype)
    np.add.at(total, tuple(numbers), piece)
    return total.reshape((1,) * lead + total.shape)


def spread_masked(shape: tuple, piece: da.Array, parts: list, place: int) -> tuple[da.Array, da.Array]:
    """Zeros of ``shape`` with a piece where the mask holds; and the mask, with axes that broadcast."""
    mask = parts[place]
    if any(not isinstance(part, slice) or part != slice(None) for i, part in enumerate(parts) if i != place):
        raise refuse("an index", "a mask beside other parts of an index. Index one after the other.")
    ndim, after = mask.ndim, len(shape) - place - mask.ndim
    broadcasting = mask[(..., *[None] * after)]
    if piece.ndim < 1 + after or piece.ndim <= len(shape) - ndim + 1 and piece.shape[place : place + 1] == (1,):
        # The same for all that the mask takes.
        if piece.ndim >= 1 + after:
            piece = piece[(slice(None),) * place + (0,)]
            piece = piece[(slice(None),) * place + (None,) * ndim]
        return da.where(broadcasting, piece, np.zeros((), piece.dtype)), broadcasting
    mask = reshape(mask, (-1,)) if ndim > 1 else mask
    if mask.numblocks[0] != piece.numblocks[place]:
        raise refuse(
            "an index", f"what a mask took has {piece.numblocks[place]} chunks of unknown sizes here, and the mask "
            f"{mask.numblocks[0]}. Leave the chunks as the mask makes them.",
        )
    labels = tuple(range(piece.ndim))
    spread = da.blockwise(
        spread_block, labels, mask, (place,), piece, labels, place, None, dtype=piece.dtype, align_arrays=False,
        meta=np.empty((0,) * piece.ndim, piece.dtype),
    )
    return (reshape(spread, shape) if ndim > 1 else spread), broadcasting


def spread_block(mask: np.ndarray, piece: np.ndarray, axis: int) -> np.ndarray:
    total = np.zeros((*piece.shape[:axis], len(mask), *piece.shape[axis + 1 :]), piece.dtype)
    total[(slice(None),) * axis + (mask,)] = piece
    return total
