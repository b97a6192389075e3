"""Rules of the histograms, of one and of several variables.

The counts are piecewise constant, but the edges move with the least and the greatest element, and weights count
linearly.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...core.foreign import has_values
from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define

__all__: list[str] = []


@define(np.histogram)
def histogram(a, bins=10, range=None, density=None, weights=None):
    a = anp.ravel(as_array(a))
    edges = anp.histogram_bin_edges(a, bins, range, weights)
    weights = None if weights is None else anp.ravel(as_array(weights))
    counts = count([a], [edges], weights)
    if weights is not None:
        counts = anp.astype(counts, weights.dtype)  # a sum in double precision, of the dtype of the weights
    return (to_density(counts, [edges]) if density else counts), edges


@define(np.histogram_bin_edges)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    a = anp.ravel(as_array(a))
    if isinstance(bins, str):
        bins = operator.index(estimate_bin_count(a, bins, range, weights))
    if not is_number(bins):
        return check_edges(bins)
    dtype = anp.result_type(*(() if range is None else range), a)
    return anp.astype(even_edges(a, bins, range), dtype if dtype.kind in "fc" else np.float64)


@define(np.histogram2d)
def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    x, y = as_array(x), as_array(y)
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if not is_number(bins) and len(bins) not in (1, 2):  # the same edges for both
        bins = [as_array(bins)] * 2
    counts, edges = anp.histogramdd([x, y], bins, range, density, weights)
    return counts, *edges


@define(np.histogramdd)
def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    if getattr(sample, "ndim", None) != 2:  # an array for each variable
        sample = anp.atleast_2d(as_array(sample)).T
    columns = [sample[:, i] for i in np.arange(sample.shape[1]).tolist()]
    each_bins = [bins] * len(columns) if is_number(bins) else bins
    if len(each_bins) != len(columns):
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = [None] * len(columns) if range is None else range
    if len(ranges) != len(columns):
        raise ValueError("range argument must have one entry per dimension")
    edges = [
        even_edges(column, bins, its_range) if is_number(bins) else check_edges(bins)
        for column, bins, its_range in zip(columns, each_bins, ranges)
    ]
    counts = anp.astype(count(columns, edges, None if weights is None else as_array(weights)), np.float64)
    return (to_density(counts, edges) if density else counts), edges


def is_number(x: Any) -> bool:
    return not isinstance(x, (list, tuple)) and anp.ndim(x) == 0


@nondifferentiable
def estimate_bin_count(a, bins, range, weights):
    """How many bins the rule called ``bins`` makes."""
    return np.intp(np.histogram_bin_edges(a, bins, range, weights).size - 1)


def check_edges(edges: Any) -> Any:
    edges = as_array(edges)
    if edges.ndim > 1:
        raise ValueError("`bins` must be a scalar or 1d array")
    if has_values(edges) and anp.any(anp.greater(to_recorded(edges[:-1]), to_recorded(edges[1:]))):
        raise ValueError("`bins` must be monotonically increasing, when an array")
    return edges


def even_edges(a: Any, bins: Any, range: Any) -> Any:
    """The edges of ``bins`` bins of one size, from the least to the greatest element or over ``range``."""
    bins = operator.index(bins)
    if bins < 1:
        raise ValueError("`bins` must be positive, when an integer")
    if range is not None:
        least, greatest = range
    else:
        least, greatest = (anp.min(a), anp.max(a)) if a.size else (0.0, 1.0)
    ends = to_recorded(least), to_recorded(greatest)
    if has_values(least) and anp.any(anp.greater(*ends)):
        raise ValueError("max must be larger than min in range parameter.")
    if has_values(least) and not anp.all(anp.logical_and(*map(anp.isfinite, ends))):
        raise ValueError(f"the range from {ends[0]} to {ends[1]} is not finite")
    margin = anp.where(anp.equal(least, greatest), 0.5, 0.0)
    if (dtype := anp.result_type(least, greatest)).kind in "fc":
        margin = anp.astype(margin, dtype)
    return anp.linspace(least - margin, greatest + margin, bins + 1)


def count(columns: list, edges: list, weights: Any) -> Any:
    """How many points, or what weights, lie between the edges; ``columns`` has an array for each coordinate."""
    if weights is not None and weights.dtype.kind == "c":
        parts = [count(columns, edges, part) for part in (anp.real(weights), anp.imag(weights))]
        return anp.astype(parts[0] + 1j * parts[1], weights.dtype)
    # Before the first bin of each axis and behind the last one is one more, for what lies outside.
    shape = tuple(each.size + 1 for each in edges)
    place = 0
    for column, its_edges, size in zip(columns, edges, shape):
        # A bin holds its left edge, the last one its right edge too.
        bin_number = anp.searchsorted(its_edges, column, side="right") - anp.equal(column, its_edges[-1])
        place = place * size + bin_number
    counts = anp.reshape(anp.bincount(place, weights, int(np.prod(shape))), shape)
    return counts[(slice(1, -1),) * len(shape)]


def to_density(counts: Any, edges: list) -> Any:
    """What integrates to 1 over all bins."""
    total = anp.sum(counts)
    for axis, its_edges in enumerate(edges):
        widths = anp.astype(anp.diff(its_edges), np.float64)
        counts = counts / anp.reshape(widths, (-1,) + (1,) * (len(edges) - 1 - axis))
    return counts / total
