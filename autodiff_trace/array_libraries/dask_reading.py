"""Reading items of Dask's arrays, as NumPy reads them: where Dask puts axes elsewhere, or has no such index, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np

from .dask_blocks import as_dask, in_one_chunk, is_unknown, over_blocks, refuse
from .dask_indices import advanced_axis, full_index, has_lazy, is_array, mask_axis
from .dask_shapes import move_axes, reshape

__all__ = ["along_mask", "getitem"]


def getitem(x: da.Array, index: Any) -> da.Array:
    """``x[index]``."""
    x = as_dask(x)
    parts = full_index(index, x.ndim)
    place = mask_axis(parts)
    if place is not None:
        return take_masked(x, parts, place)
    arrays = [part for part in parts if is_array(part)]
    if not arrays:
        return x[tuple(parts)]
    front = advanced_axis(parts)
    # What is no array comes first. (Beside arrays numbers are arrays to NumPy, which does not change what they read.)
    x = x[tuple([slice(None) if is_array(part) else part for part in parts])]
    kept = [part for part in parts if is_array(part) or not isinstance(part, (int, np.integer))]
    axes = [i for i, part in enumerate(kept) if is_array(part)]
    ans = take_lazily(x, axes, arrays) if has_lazy(tuple(arrays)) else take_known(x, axes, arrays)
    lead = max(part.ndim for part in arrays)
    return move_axes(ans, range(lead), range(front, front + lead)) if front and lead else ans


def take_known(x: da.Array, axes: Sequence[int], arrays: Sequence[np.ndarray]) -> da.Array:
    """The axes of the arrays come first."""
    if len(arrays) > 1:
        index = [slice(None)] * x.ndim
        for axis, numbers in zip(axes, np.broadcast_arrays(*arrays)):
            index[axis] = numbers
        return x.vindex[tuple(index)]
    (axis,), (numbers,) = axes, arrays
    taken = move_axes(da.take(x, numbers.ravel(), axis), axis, 0)
    return taken if numbers.ndim == 1 else reshape(taken, (*numbers.shape, *taken.shape[1:]))


def take_lazily(x: da.Array, axes: Sequence[int], arrays: Sequence[Any]) -> da.Array:
    """The same by arrays of Dask's: each of their blocks takes of the whole of these axes."""
    x = move_axes(in_one_chunk("getitem by an array", x, axes, whole=True), axes, range(len(axes)))
    lead = max(part.ndim for part in arrays)
    labels = [*[f"of {axis}" for axis in axes], *range(100, 100 + x.ndim - len(axes))]
    order = (*range(lead), *labels[len(axes) :])
    operands = [(x, labels), *[(part, range(lead - part.ndim, lead)) for part in arrays]]
    return over_blocks(take_blocks, operands, order, {}, x.dtype)


def take_blocks(x: np.ndarray, *numbers: np.ndarray) -> np.ndarray:
    return x[numbers]


# Masks: what they take has an unknown size, block by block


def take_masked(x: da.Array, parts: list, place: int) -> da.Array:
    mask = parts[place]
    others = [*parts[:place], *[slice(None)] * mask.ndim, *parts[place + 1 :]]
    if any(is_array(part) for part in others):
        raise refuse("getitem", "a mask beside another array in one index. Index one after the other.")
    if any(isinstance(part, (int, np.integer)) for part in others[:place]) and others[place + mask.ndim :]:
        raise refuse("getitem", "a number and a mask in one index. Index one after the other.")
    x = x[tuple(others)]
    axis = sum(not isinstance(part, (int, np.integer)) for part in parts[:place])
    x, mask = along_mask(x, mask, axis)
    labels = tuple(range(x.ndim))
    return da.blockwise(
        compress_block, labels, x, labels, mask, (axis,), axis, None, dtype=x.dtype, align_arrays=False,
        adjust_chunks={axis: lambda size: np.nan}, meta=np.empty((0,) * x.ndim, x.dtype),
    )


def compress_block(x: np.ndarray, mask: np.ndarray, axis: int) -> np.ndarray:
    return np.compress(mask, x, axis)


def along_mask(x: da.Array, mask: da.Array, axis: int) -> tuple[da.Array, da.Array]:
    """``x`` with the axes of the mask as one, and the mask, in the same chunks."""
    if mask.ndim == 0:
        raise refuse("getitem", "a mask of no dimension. Write where(mask, x, 0).")
    if mask.ndim > 1:
        if is_unknown(x) or is_unknown(mask):
            raise refuse("getitem", "its sizes are not known. Call x.compute_chunk_sizes() before.")
        check_mask(x.shape[axis : axis + mask.ndim], mask.shape)
        x = reshape(x, (*x.shape[:axis], -1, *x.shape[axis + mask.ndim :]))
        mask = reshape(mask, (-1,))
    elif is_unknown(mask) or x.shape[axis] != x.shape[axis]:
        if mask.numblocks[0] != x.numblocks[axis]:
            raise refuse("getitem", "its chunks have unknown sizes, and the mask others. Call x.compute_chunk_sizes().")
        return x, mask
    check_mask(x.shape[axis : axis + 1], mask.shape)
    return x.rechunk({axis: mask.chunks[0]}), mask  # a gradient knows the mask alone


def check_mask(shape: tuple, of_mask: tuple) -> None:
    if shape != of_mask:
        raise IndexError(f"boolean index did not match indexed array: its shape is {of_mask}, and not {shape}")
