"""A signal cut into overlapping segments, and segments added up to a signal: each is the transpose of the other."""

from __future__ import annotations

import numpy as np

from ...core.traits import declare
from ...core.unary import unary
from ...numpy.batching import first_mapped
from ...numpy.broadcasting import match_dtype
from ...numpy.definers import linear

__all__ = ["cut_segments", "overlap_add"]


@unary
def cut_segments(x, length, step):
    """The segments of ``length`` along the last axis, one every ``step``: […, segment, place]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, length, axis=-1)
    return windows[..., ::step, :].copy()


@unary
def overlap_add(x, size, step):
    """The signal of ``size`` elements in which the segments are added at their places."""
    answer = np.zeros((*x.shape[:-2], size), x.dtype)
    for i in range(x.shape[-2]):
        answer[..., i * step : i * step + x.shape[-1]] += x[..., i, :]
    return answer


linear(
    cut_segments, lambda g, ans, x, length, step: match_dtype(overlap_add(g, x.shape[-1], step), x.dtype),
    owns_memory=True, batching=first_mapped(cut_segments),
)


def segments_of(g, x, step):
    """The segments of ``g``, as many as ``x`` has."""
    return cut_segments(g[..., : (x.shape[-2] - 1) * step + x.shape[-1]], x.shape[-1], step)


linear(
    overlap_add, lambda g, ans, x, size, step: match_dtype(segments_of(g, x, step), x.dtype),
    owns_memory=True, batching=first_mapped(overlap_add),
)
declare(cut_segments, overlap_add, harmless=True)
