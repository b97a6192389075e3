"""Passes of a Jacobian: a function of tangents or cotangents, mapped over vectors of ones and zeros, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.array_ops import owning
from ..core.batching import trace_batch
from ..core.tracer import to_value
from ..numpy import wrapped as anp

__all__ = ["count_colors", "map_seeds", "total_size"]

CHUNK_BYTES = 2**26
"""Passes are made in chunks, so that one batch of the largest argument or output takes about this much memory."""


def map_seeds(
    fun: Callable, likes: Sequence, answers_like: Sequence, chunk_size: int | None, colors: np.ndarray | None = None,
) -> list:
    """What ``fun`` gives for each colour: for ones at the elements of ``likes`` that have it, and zeros elsewhere.

    Without ``colors`` each element has its own. The answers have the colours as their first axis.
    """
    colors = np.arange(total_size(likes)) if colors is None else colors
    total = count_colors(colors)
    if chunk_size is None:
        largest = max([x.size * x.dtype.itemsize for x in map(to_array, [*likes, *answers_like])], default=8)
        chunk_size = max(1, CHUNK_BYTES // max(largest, 1))
    chunks = []
    for first in range(0, max(total, 1), chunk_size):
        count = min(chunk_size, total - first)
        indicators = colors == np.arange(first, first + count)[:, None]
        seeds, start = [], 0
        for x in likes:
            size = int(anp.size(x))
            seeds.append(indicators[:, start : start + size].reshape((count, *np.shape(x))).astype(x.dtype))
            start += size
        if count == 1:
            # A batch of one would make arrays of numbers, in every operation of the function.
            with owning(seeds):
                answers = fun(*(seed[0] for seed in seeds))
            chunks.append([anp.reshape(answer, (1, *np.shape(answer))) for answer in answers])
            continue
        with owning(seeds):
            answers, mapped = trace_batch(fun, seeds, [True] * len(seeds), count)
        chunks.append([
            answer if each else anp.broadcast_to(answer, (count, *answer.shape))
            for answer, each in zip(answers, mapped)
        ])
    return chunks[0] if len(chunks) == 1 else [anp.concatenate(list(parts)) for parts in zip(*chunks)]


def to_array(x: Any) -> Any:
    """The plain array under all boxes; of a number one, too."""
    x = to_value(x)
    return x if hasattr(x, "dtype") else np.asarray(x)


def count_colors(colors: np.ndarray) -> int:
    return int(colors.max(initial=-1)) + 1


def total_size(arrays: Sequence) -> int:
    return sum(int(anp.size(x)) for x in arrays)
