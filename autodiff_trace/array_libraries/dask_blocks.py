"""Primitives over the blocks of Dask's arrays: what task computes a block, and of which blocks. Knows no rule."""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.base import normalize_token
from dask.utils import parse_bytes

from ..core.errors import caller_line, public_name

__all__ = ["Task", "as_dask", "chunk_limit", "in_one_chunk", "is_unknown", "over_blocks", "refuse"]


class Task:
    """A primitive of plain arrays, with its parameters, which stand behind its operands. It pickles to its name."""

    __slots__ = ("prim", "params")

    def __init__(self, prim: Callable, *params: Any) -> None:
        self.prim = prim
        self.params = params

    @property
    def __name__(self) -> str:
        return public_name(self.prim)

    def __call__(self, *blocks: Any) -> Any:
        return self.prim(*blocks, *self.params)

    def __reduce__(self) -> tuple:
        place = place_of(self.prim)
        return (Task, (self.prim, *self.params)) if place is None else (named_task, (*place, *self.params))


@normalize_token.register(Task)
def token_of(task: Task) -> Any:
    return "autodiff_trace.Task", place_of(task.prim) or normalize_token(task.prim), normalize_token(list(task.params))


def named_task(module: str, name: str, *params: Any) -> Task:
    __import__(module)
    return Task(getattr(sys.modules[module], name), *params)


@functools.lru_cache(None)
def place_of(prim: Callable) -> tuple[str, str] | None:
    """The module and the name in it under which a function is found, also where its own name is another."""
    module = getattr(prim, "__module__", None)
    names = vars(sys.modules[module]) if module in sys.modules else {}
    return next(((module, name) for name, value in names.items() if value is prim), None)


def as_dask(x: Any) -> da.Array:
    """An operand as an array of Dask's; a small array of NumPy's is one chunk."""
    return x if isinstance(x, da.Array) else da.asarray(x)


def is_unknown(x: Any) -> bool:
    """Whether some size of an array is not known before it is computed."""
    return any(size != size for size in np.shape(x))


def chunk_limit() -> int:
    """The bytes of a chunk, as Dask's own configuration has it."""
    limit = dask.config.get("array.chunk-size")
    return parse_bytes(limit) if isinstance(limit, str) else int(limit)


def refuse(prim: Callable | str, why: str) -> TypeError:
    """The error of a call that is possible, but not as it stands."""
    name = prim if isinstance(prim, str) else public_name(prim)
    return TypeError(f"{name} of a Dask array ({caller_line()}): {why}")


def in_one_chunk(prim: Callable | str, x: da.Array, axes: Sequence[int], whole: bool = False) -> da.Array:
    """``x`` with one chunk along ``axes``. ``whole``: refused where the chunk is larger than those of Dask's own."""
    if any(x.shape[axis] != x.shape[axis] for axis in axes):
        raise refuse(prim, "the sizes of its chunks are not known. Call x.compute_chunk_sizes() before.")
    split = [axis for axis in axes if x.numblocks[axis] > 1]
    if not split:
        return x
    size = math.prod([x.shape[axis] for axis in axes]) * x.dtype.itemsize
    if whole and size > chunk_limit():
        raise refuse(
            prim, f"it needs {size:,} bytes in one piece, which is more than a chunk (array.chunk-size of Dask's "
            f"configuration: {chunk_limit():,}). If a worker has the memory, write "
            f"x.rechunk({{{', '.join(f'{axis}: -1' for axis in axes)}}})."
        )
    others = [axis for axis in range(x.ndim) if axis not in axes]
    largest = size * math.prod([max(x.chunks[axis], default=1) for axis in others])
    is_known = not is_unknown(x)
    return x.rechunk({
        **dict.fromkeys(axes, -1), **(dict.fromkeys(others, "auto") if is_known and largest > 2 * chunk_limit() else {})
    })


def over_blocks(
    task: Callable, operands: Sequence[tuple[Any, Sequence]], outputs: Sequence | list[Sequence], sizes: dict,
    dtypes: Any,
) -> Any:
    """Call ``task`` on the blocks of its operands, which go with each other.

    ``operands`` are arrays with a label for each axis. Axes of one label, an int, are mapped over, and broadcast; those
    with a string as label are of one chunk, and go into the task as a whole. ``outputs`` are the labels of the answer's
    axes, or a list of such for each of several; new ones have their size in ``sizes``, and are of one chunk.
    """
    several = type(outputs) is list
    named = [*dict.fromkeys(
        label for labels in [*[each for _, each in operands], *(outputs if several else [outputs])] for label in labels
        if type(label) is str
    )]
    number = {label: NAMED + i for i, label in enumerate(named)}  # Dask wants to sort them
    pairs = [part for x, labels in operands for part in (as_dask(x), numbered(labels, number))]
    if not several:
        return da.blockwise(
            task, numbered(outputs, number), *pairs, concatenate=True, dtype=dtypes,
            new_axes=new_axes(outputs, number, sizes), meta=np.empty((0,) * len(outputs), dtypes),
        )
    loops = tuple(sorted({label for _, labels in operands for label in labels if type(label) is int}))
    together = da.blockwise(
        task, loops, *pairs, concatenate=True, dtype=object, meta=np.empty((0,) * len(loops), object),
    )
    return [
        da.blockwise(
            operator.getitem, numbered(labels, number), together, loops, i, None, dtype=dtype,
            new_axes=new_axes(labels, number, sizes), meta=np.empty((0,) * len(labels), dtype),
        )
        for i, (labels, dtype) in enumerate(zip(outputs, dtypes))
    ]


NAMED = 1000
"""From here on labels stand for strings."""


def numbered(labels: Sequence, number: dict) -> tuple[int, ...]:
    return tuple([number.get(label, label) for label in labels])


def new_axes(labels: Sequence, number: dict, sizes: dict) -> dict[int, int]:
    return {number[label]: sizes[label] for label in labels if label in sizes}
