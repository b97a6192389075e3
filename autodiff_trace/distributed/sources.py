"""Where shards come from: arrays of the client, functions, Dask's delayed values and arrays, futures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dask import delayed, is_dask_collection
from dask.delayed import Delayed
from distributed import Future

from ..core.pytree import tree_flatten, tree_leaves, tree_unflatten

__all__ = ["DATA", "DELAYED", "FUNCTION", "FUTURE", "find_sources"]

DATA, FUNCTION, DELAYED, FUTURE = "data", "function", "delayed", "future"


def find_sources(shards: Any) -> list[tuple[str, Any]]:
    """The kind of each shard and what it is made from."""
    if isinstance(shards, (str, bytes, Callable)) or not isinstance(shards, (list, range)) and not has_dask(shards):
        raise TypeError(
            f"shards is {describe(shards)}; give a list with one entry a shard (a tuple of arrays, or a function that "
            "makes it), or Dask arrays that are chunked along their rows, in a tuple.")
    sources = [find_source(each) for each in shards] if isinstance(shards, (list, range)) else split_blocks(shards)
    if not sources:
        raise ValueError("shards is empty; there is nothing to compute from.")
    return sources


def find_source(shard: Any) -> tuple[str, Any]:
    if isinstance(shard, Future):
        return FUTURE, shard
    if isinstance(shard, Delayed):
        return DELAYED, shard
    if has_dask(shard):
        return DELAYED, delayed(shard)
    return (FUNCTION if callable(shard) else DATA), shard


def has_dask(tree: Any) -> bool:
    return any(is_dask_collection(leaf) for leaf in tree_leaves(tree))


def split_blocks(tree: Any) -> list[tuple[str, Any]]:
    """One shard a block of rows: of each array the block, with all of its columns."""
    leaves, structure = tree_flatten(tree)
    if not all(hasattr(leaf, "to_delayed") and hasattr(leaf, "numblocks") and leaf.ndim for leaf in leaves):
        raise TypeError(
            "shards is a container of Dask arrays and of something else; each of its arrays has to be a Dask array "
            "with rows (a DataFrame: frame.to_dask_array(lengths=True)). Close over all else in the loss.")
    first = leaves[0]
    columns = []
    for leaf in leaves:
        if [str(size) for size in leaf.chunks[0]] != [str(size) for size in first.chunks[0]]:
            if any(math.isnan(size) for each in (leaf, first) for size in each.chunks[0]):
                raise ValueError("the Dask arrays of shards have chunks of unknown sizes: call compute_chunk_sizes().")
            if leaf.shape[0] != first.shape[0]:
                raise ValueError(f"the Dask arrays of shards have {first.shape[0]} and {leaf.shape[0]} rows.")
        whole = {0: first.chunks[0]} | {axis: -1 for axis in range(1, leaf.ndim)}
        if any(count > 1 for count in leaf.numblocks[1:]) or leaf.chunks[0] != first.chunks[0]:
            leaf = leaf.rechunk(whole)
        columns.append(leaf.to_delayed().ravel())
    return [(DELAYED, delayed(tree_unflatten)(structure, list(row))) for row in zip(*columns)]


def describe(value: Any) -> str:
    return f"a {type(value).__name__}"
