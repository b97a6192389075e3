"""Writing items of Dask's arrays, and adding pieces up at their places: one task for each block, whatever the pieces."""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from ..core.unknown_sizes import has_unknown
from .dask_blocks import as_dask, in_one_chunk, is_unknown, over_blocks, refuse
from .dask_indices import Group, advanced_axis, full_index, groups_of, has_lazy, is_array, mask_axis
from .dask_reading import along_mask, getitem
from .dask_shapes import move_axes, reshape

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
    parts = [np.zeros(part.shape, part.dtype) if isinstance(part, da.Array) else part for part in full_index(index, len(shape))]
    if any(getattr(part, "dtype", None) == bool for part in parts):
        return value.shape
    return np.broadcast_to(np.False_, shape)[tuple(parts)].shape


def scatter(pieces: Sequence, indices: Sequence, shape: tuple) -> da.Array:
    """Zeros with each piece added at its index."""
    pieces = [as_dask(piece) for piece in pieces]
    known = [i for i, index in enumerate(indices) if not has_lazy(index)]
    total = None
    if known:
        total = write(None, [pieces[i] for i in known], [indices[i] for i in known], True, shape)
    for i, index in enumerate(indices):
        if i not in known:
            piece = scatter_lazily(pieces[i], index, shape)
            total = piece if total is None else total + piece
    return total


# Places that are known


def write(
    x: da.Array | None, pieces: Sequence[da.Array], indices: Sequence, is_sum: bool, shape: tuple | None = None
) -> da.Array:
    """``x``, or zeros of ``shape``, with the pieces written, or added, at their places. Each block is one task."""
    shape = x.shape if shape is None else shape
    if any(size != size for size in shape):
        return write_to_unknown(x, pieces, indices, is_sum, shape)
    each_groups = [groups_of(index, shape) for index in indices]
    dtype = np.result_type(*pieces) if x is None else x.dtype
    chunks = find_chunks(shape, pieces, each_groups, dtype) if x is None else x.chunks
    ends = [list(itertools.accumulate(sizes)) for sizes in chunks]
    parts: dict[tuple, list] = {}
    sources = [] if x is None else [x]
    for piece, groups in zip(pieces, each_groups):
        piece = flatten_groups(piece, groups)
        piece, cuts = cut(piece, groups, chunks, ends)
        sources.append(piece)
        for numbers in itertools.product(*[range(len(each)) for each in cuts]):
            block = [0] * len(shape)
            places: list = [None] * len(shape)
            for i, (group, number) in enumerate(zip(groups, numbers)):
                for axis, coordinate, local in zip(group.axes, *cuts[i][number]):
                    block[axis], places[axis] = coordinate, (i, local)
            parts.setdefault(tuple(block), []).append(((piece.name, *numbers), len(groups), places))
    name = f"{'add' if is_sum else 'write'}-{tokenize(x, pieces, list(map(repr, indices)), indices, shape, is_sum)}"
    graph = {}
    for block in itertools.product(*[range(len(sizes)) for sizes in chunks]):
        here = parts.get(block, [])
        size = None if x is not None else tuple([sizes[i] for sizes, i in zip(chunks, block)])
        task = functools.partial(write_block, size, dtype, [(ndim, places) for _, ndim, places in here], is_sum)
        base = () if x is None else ((x.name, *block),)
        if here or x is None:
            graph[(name, *block)] = (task, *base, *[key for key, _, _ in here])
        else:
            graph[(name, *block)] = base[0]
    layers = HighLevelGraph.from_collections(name, graph, dependencies=sources)
    return da.Array(layers, name, chunks, dtype=dtype, meta=np.empty((0,) * len(shape), dtype))


def write_block(shape: tuple | None, dtype: np.dtype, places: list, is_sum: bool, *blocks: np.ndarray) -> np.ndarray:
    """One block: what comes first among ``blocks`` if ``shape`` is None, else zeros, with the others at their places."""
    if shape is None:
        total, pieces = np.array(blocks[0], dtype), blocks[1:]
    else:
        total, pieces = np.zeros(shape, dtype), blocks
    for piece, (ndim, each) in zip(pieces, places):
        if all(type(place) is range for _, place in each):
            piece = np.transpose(np.asarray(piece), [*[i for i, _ in each], *(set(range(ndim)) - {i for i, _ in each})])
            piece = piece.reshape(piece.shape[: len(each)])
            index = tuple([slice(place.start, place.stop, place.step) for _, place in each])
        else:
            index = tuple([
                np.asarray(place).reshape([-1 if j == i else 1 for j in range(ndim)]) for i, place in each
            ])
        if not is_sum:
            total[index] = piece
        elif isinstance(index, tuple) and all(type(part) is slice for part in index):
            total[index] += piece
        else:
            np.add.at(total, index, piece)
    return total


def flatten_groups(piece: da.Array, groups: Sequence[Group]) -> da.Array:
    """A piece, broadcast to what its index gives, with one axis for each group."""
    shape = tuple([size for group in groups for size in group.shape])
    excess = piece.ndim - len(shape)
    if excess > 0 and piece.shape[:excess] == (1,) * excess:
        piece = piece[(0,) * excess]
    if piece.shape != shape:
        piece = da.broadcast_to(piece, shape)
    flat = tuple([group.count for group in groups])
    return reshape(piece, flat)


def cut(piece: da.Array, groups: Sequence[Group], chunks: tuple, ends: list) -> tuple[da.Array, list]:
    """A piece in chunks that lie in one block each; and for each group and chunk the block and the places in it."""
    all_cuts, sizes = [], []
    for i, group in enumerate(groups):
        if not group.axes:
            cuts = [((), ())]
            counts = [1]
        elif type(group.places[0]) is range:
            order, cuts, counts = cut_range(group.places[0], ends[group.axes[0]])
            piece = piece[(slice(None),) * i + (slice(None, None, -1),)] if order == -1 else piece
        else:
            order, cuts, counts = cut_numbers(group, [ends[axis] for axis in group.axes])
            piece = piece if order is None else da.take(piece, order, axis=i)
        all_cuts.append(cuts)
        sizes.append(tuple(counts))
    if any(not counts for counts in sizes):  # nothing is written
        return piece, [[] for _ in sizes]
    return piece.rechunk(tuple(sizes)), all_cuts


def cut_range(places: range, ends: list[int]) -> tuple[int, list, list]:
    order = 1
    if places.step < 0:
        places, order = places[::-1], -1
    cuts, counts, first, start = [], [], 0, 0
    for block, end in enumerate(ends):
        last = bisect.bisect_left(places, end, first)
        if last > first:
            part = places[first:last]
            local = range(part.start - start, part[-1] - start + 1, part.step)
            cuts.append(((block,), (local,)))
            counts.append(last - first)
        first, start = last, end
    return order, cuts, counts


def cut_numbers(group: Group, ends: Sequence[list[int]]) -> tuple[Any, list, list]:
    """By the block that each place, given by one number an axis, lies in."""
    blocks = [np.searchsorted(end, numbers, side="right") for end, numbers in zip(ends, group.places)]
    flat = np.ravel_multi_index(blocks, [len(end) for end in ends]) if len(ends) > 1 else blocks[0]
    order = None if np.all(flat[1:] >= flat[:-1]) else np.argsort(flat, kind="stable")
    if order is not None:
        blocks, flat = [each[order] for each in blocks], flat[order]
    firsts = np.flatnonzero(np.diff(flat, prepend=-1))
    cuts, counts = [], []
    for first, last in zip(firsts, [*firsts[1:], len(flat)]):
        coordinates = tuple([int(each[first]) for each in blocks])
        local = []
        for numbers, end, coordinate in zip(group.places, ends, coordinates):
            numbers = numbers if order is None else numbers[order]
            local.append(numbers[first:last] - (end[coordinate - 1] if coordinate else 0))
        cuts.append((coordinates, tuple(local)))
        counts.append(int(last - first))
    return order, cuts, counts


def find_chunks(shape: tuple, pieces: Sequence, each_groups: Sequence, dtype: np.dtype) -> tuple:
    """Chunks of what is made of pieces: as long as what the chunks of these span."""
    spans: list = [None] * len(shape)
    for piece, groups in zip(pieces, each_groups):
        axis_of_piece = 0
        for group in groups:
            if len(group.axes) == 1 and len(group.shape) == 1 and axis_of_piece < piece.ndim:
                (axis,), (places,) = group.axes, group.places
                is_whole = type(places) is range and len(places) == shape[axis]
                sizes = piece.chunks[axis_of_piece]
                if is_whole:
                    spans[axis] = sizes if places.step > 0 else sizes[::-1]
                elif type(places) is range and type(spans[axis]) is not tuple and sizes:
                    spans[axis] = max(spans[axis] or 1, max(sizes) * abs(places.step), 1)
            axis_of_piece += len(group.shape)
    spans = ["auto" if span is None or type(span) is tuple and sum(span) != n else span for span, n in zip(spans, shape)]
    spans = [min(span, max(n, 1)) if type(span) is int else span for span, n in zip(spans, shape)]
    return da.core.normalize_chunks(tuple(spans), shape=shape, dtype=dtype)


def write_to_unknown(x: Any, pieces: Sequence, indices: Sequence, is_sum: bool, shape: tuple) -> da.Array:
    """Of arrays of unknown sizes: what takes the axes of these as a whole."""
    if x is None and len(pieces) == 1:
        parts = full_index(indices[0], len(shape))
        if len(parts) == len(shape) == pieces[0].ndim and all(part == slice(None) for part in parts):
            return pieces[0]
    rows = slice(None)
    if x is None and all(full_index(index, len(shape))[0] == rows for index in indices) and not has_unknown(shape[1:]):
        return sum(scatter_in_rows(piece, full_index(index, len(shape))[1:], shape[1:]) for piece, index in zip(pieces, indices))
    raise refuse("an index", "its sizes are not known. Call x.compute_chunk_sizes() before.")


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


# Places that Dask computes


def scatter_lazily(piece: da.Array, index: Any, shape: tuple) -> da.Array:
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
        return write(None, [scatter_lazily(piece, tuple(arrays), inner)], [others], True, shape)
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
    if math.prod(sizes) * math.prod([max(n, default=0) for n in piece.chunks[lead:]]) * piece.dtype.itemsize > MOST_BYTES:
        raise refuse("the gradient of an index", "the axes that it reads do not go into one chunk.")
    rest = range(100, 100 + piece.ndim - lead)
    operands = [(piece, [*range(lead), *rest]), *[(each, range(lead)) for each in numbers]]
    # Each block of the index gives an array of all places; they are added up as a tree.
    partial = da.blockwise(
        functools.partial(add_blocks, sizes), (*range(lead), *[50 + axis for axis in axes], *rest),
        *[part for x, labels in operands for part in (x, tuple(labels))],
        new_axes={50 + axis: shape[axis] for axis in axes}, adjust_chunks=dict.fromkeys(range(lead), 1),
        dtype=piece.dtype, align_arrays=not is_unknown(piece), meta=np.empty((0,) * (piece.ndim + len(axes)), piece.dtype),
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
    flat_shape = (*shape[:place], math.prod(shape[place : place + ndim]), *shape[place + ndim :])
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
