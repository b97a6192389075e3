"""Filters that take one of the elements in a window: the largest, the least, the median, any rank. Equal ones share.

All elements of the windows are in memory at once, in as many arrays as a window has elements.
"""

from __future__ import annotations

import operator

import numpy as np
import scipy.ndimage

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..plain_arguments import refuse_traced
from .boundaries import extend, mode_of
from .correlations import widths_of
from .linear_filters import axes_and_parameters

__all__ = ["median_filter", "rank_filter"]


def windows(x, footprint, origins, modes, cval):
    """For each element of the footprint the array that it sees, along a new axis in front."""
    widths = widths_of(footprint.shape, origins)
    ext = x
    for axis, mode in enumerate(modes):
        ext = extend(ext, [width if i == axis else (0, 0) for i, width in enumerate(widths)], mode_of(mode), cval)
    return anp.stack([
        ext[tuple([slice(k, k + size) for k, size in zip(place, x.shape)])] for place in np.argwhere(footprint).tolist()
    ])


def window_parameters(x, size, footprint, mode, origin, axes):
    """The footprint, origins and modes along all axes."""
    chosen = axes_and_parameters(x, axes, mode, origin)
    if footprint is None:
        if size is None:
            raise RuntimeError("no footprint or filter size provided")
        sizes = [each for _, each in axes_and_parameters(x, axes, size)]
        footprint = np.ones([int(each) for each in sizes], bool)
    footprint = np.asarray(footprint, bool)
    if not footprint.any():
        raise ValueError("All-zero footprint is not supported.")
    if footprint.ndim != len(chosen):
        raise RuntimeError(f"footprint.ndim ({footprint.ndim}) must match len(axes) ({len(chosen)})")
    shape, origins, modes = [1] * x.ndim, [0] * x.ndim, ["nearest"] * x.ndim
    for count, axis in zip(footprint.shape, sorted([axis for axis, *_ in chosen])):
        shape[axis] = count
    for axis, each_mode, each_origin in chosen:
        origins[axis], modes[axis] = operator.index(each_origin), each_mode
        if not 0 <= shape[axis] // 2 + origins[axis] < shape[axis]:
            raise ValueError("invalid origin")
    return footprint.reshape(shape), origins, modes


def extreme(function, reduce):
    @define(function)
    def definition(input, size=None, footprint=None, mode="reflect", cval=0.0, origin=0, axes=None):
        refuse_traced(function.__name__, cval=cval)
        x = as_array(input)
        footprint, origins, modes = window_parameters(x, size, footprint, mode, origin, axes)
        if not footprint.all():
            return reduce(windows(x, footprint, origins, modes, cval), axis=0)
        for axis in range(x.ndim):  # one after the other: fewer elements
            line = np.ones([n if i == axis else 1 for i, n in enumerate(footprint.shape)], bool)
            if line.size > 1:
                place = [each if i == axis else 0 for i, each in enumerate(origins)]
                x = reduce(windows(x, line, place, modes, cval), axis=0)
        return x


extreme(scipy.ndimage.maximum_filter, anp.max)
extreme(scipy.ndimage.minimum_filter, anp.min)


def extreme_1d(function, reduce):
    @define(function)
    def definition(input, size, axis=-1, mode="reflect", cval=0.0, origin=0):
        refuse_traced(function.__name__, cval=cval)
        x = as_array(input)
        params = window_parameters(x, size, None, mode, origin, axis)
        return reduce(windows(x, *params, cval), axis=0)


extreme_1d(scipy.ndimage.maximum_filter1d, anp.max)
extreme_1d(scipy.ndimage.minimum_filter1d, anp.min)


def ranked(x, rank, size, footprint, mode, cval, origin, axes):
    refuse_traced("rank filter", cval=cval)
    footprint, origins, modes = window_parameters(x, size, footprint, mode, origin, axes)
    count = int(footprint.sum())
    rank = rank(count)
    rank = rank + count if rank < 0 else rank
    if not 0 <= rank < count:
        raise RuntimeError("rank not within filter footprint size")
    return anp.sort(windows(x, footprint, origins, modes, cval), axis=0)[rank]


@define(scipy.ndimage.rank_filter)
def rank_filter(input, rank, size=None, footprint=None, mode="reflect", cval=0.0, origin=0, axes=None):
    return ranked(as_array(input), lambda count: operator.index(rank), size, footprint, mode, cval, origin, axes)


@define(scipy.ndimage.median_filter)
def median_filter(input, size=None, footprint=None, mode="reflect", cval=0.0, origin=0, axes=None):
    return ranked(as_array(input), lambda count: count // 2, size, footprint, mode, cval, origin, axes)


@define(scipy.ndimage.percentile_filter)
def percentile_filter(input, percentile, size=None, footprint=None, mode="reflect", cval=0.0, origin=0, axes=None):
    refuse_traced("percentile_filter", percentile=percentile)
    percentile = percentile + 100.0 if percentile < 0 else percentile
    if not 0 <= percentile <= 100:
        raise RuntimeError("invalid percentile")
    return ranked(
        as_array(input), lambda count: count - 1 if percentile == 100 else int(float(count) * percentile / 100.0),
        size, footprint, mode, cval, origin, axes,
    )


# Sums over regions


def over_regions(function, of_one):
    """Define a function of the elements of each region, which constant labels tell."""

    @define(function)
    def definition(input, labels=None, index=None):
        refuse_traced(function.__name__, labels=labels, index=index)
        x = as_array(input)
        if labels is None:
            return of_one(x, np.ones(x.shape, bool))
        labels = np.broadcast_to(labels, x.shape)
        if index is None:
            return of_one(x, labels > 0)
        found = [of_one(x, labels == each) for each in np.ravel(index)]
        return anp.reshape(anp.stack(found), np.shape(index)) if np.ndim(index) else found[0]


def mean_of(x, mask):
    return anp.sum(x[mask]) / np.count_nonzero(mask) if mask.any() else anp.sum(x[mask]) * np.nan


for _sum in (scipy.ndimage.sum, scipy.ndimage.sum_labels):
    over_regions(_sum, lambda x, mask: anp.sum(x[mask]))
over_regions(scipy.ndimage.mean, mean_of)
over_regions(scipy.ndimage.variance, lambda x, mask: mean_of(anp.abs(x - mean_of(x, mask)) ** 2, mask))
over_regions(scipy.ndimage.standard_deviation, lambda x, mask: anp.std(x[mask]))
over_regions(scipy.ndimage.maximum, lambda x, mask: anp.max(x[mask]))
over_regions(scipy.ndimage.minimum, lambda x, mask: anp.min(x[mask]))
over_regions(scipy.ndimage.median, lambda x, mask: anp.median(x[mask]))


@define(scipy.ndimage.center_of_mass)
def center_of_mass(input, labels=None, index=None):
    refuse_traced("center_of_mass", labels=labels, index=index)
    x = as_array(input)

    def center(mask):
        places = np.ogrid[tuple([slice(size) for size in x.shape])]
        weights = x if mask is None else x * mask
        total = anp.sum(weights)
        return tuple([anp.sum(weights * place) / total for place in places])

    if labels is None:
        return center(None)
    labels = np.broadcast_to(labels, x.shape)
    if index is None:
        return center(labels > 0)
    found = [center(labels == each) for each in np.ravel(index)]
    return found if np.ndim(index) else found[0]
