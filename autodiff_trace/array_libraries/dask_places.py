"""Writing into Dask's arrays, and adding up pieces, at places that are known: one task for each block, whatever the
pieces."""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from ..core.unknown_sizes import has_unknown
from .dask_blocks import refuse
from .dask_indices import Group, groups_of
from .dask_shapes import reshape

__all__ = ["write"]


def write(
    x: da.Array | None, pieces: Sequence[da.Array], indices: Sequence, is_sum: bool, shape: tuple | None = None
) -> da.Array:
    """``x``, or zeros of ``shape``, with the pieces written, or added, at their places. Each block is one task."""
    shape = x.shape if shape is None else shape
    if has_unknown(shape):
        raise refuse("an index", "its sizes are not known. Call x.compute_chunk_sizes() before.")
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
    name = f"{'add' if is_sum else 'write'}-{tokenize(x, pieces, indices, shape, is_sum)}"
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
    """One block: the first of ``blocks`` if ``shape`` is None, else zeros, with the others at their places."""
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
    for axis, (span, n) in enumerate(zip(spans, shape)):
        if span is None or type(span) is tuple and sum(span) != n:
            spans[axis] = "auto"
    spans = [min(span, max(n, 1)) if type(span) is int else span for span, n in zip(spans, shape)]
    return da.core.normalize_chunks(tuple(spans), shape=shape, dtype=dtype)
