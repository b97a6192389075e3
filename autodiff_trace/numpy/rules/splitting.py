"""Rules of the functions that take arrays apart: each part is read by indexing."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.primitives import nondifferentiable
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define

__all__: list[str] = []


# The splits: NumPy says where the parts begin and end by splitting numbers


def split_along(axis, function, ary, indices_or_sections):
    axis = normalize_axis_index(axis, ary.ndim)
    before = (slice(None),) * axis
    parts = function(np.arange(ary.shape[axis]), indices_or_sections)
    return [ary[(*before, slice(part[0], part[-1] + 1) if part.size else slice(0, 0))] for part in parts]


def at_least(name, ndim, ary):
    ary = as_array(ary)
    if ary.ndim < ndim:
        raise ValueError(f"{name} only works on arrays of {ndim} or more dimensions")
    return ary


@define(np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    return split_along(axis, np.array_split, at_least("array_split", 1, ary), indices_or_sections)


@define(np.split)
def split(ary, indices_or_sections, axis=0):
    return split_along(axis, np.split, at_least("split", 1, ary), indices_or_sections)


@define(np.dsplit)
def dsplit(ary, indices_or_sections):
    return split_along(2, np.split, at_least("dsplit", 3, ary), indices_or_sections)


@define(np.hsplit)
def hsplit(ary, indices_or_sections):
    ary = at_least("hsplit", 1, ary)
    return split_along(min(ary.ndim - 1, 1), np.split, ary, indices_or_sections)


@define(np.vsplit)
def vsplit(ary, indices_or_sections):
    return split_along(0, np.split, at_least("vsplit", 2, ary), indices_or_sections)


if hasattr(np, "unstack"):  # since NumPy 2.1

    @define(np.unstack)
    def unstack(x, /, *, axis=0):
        x = at_least("unstack", 1, x)
        return tuple(anp.moveaxis(x, axis, 0))


# What is left when some is taken away


@define(np.delete)
def delete(arr, obj, axis=None):
    arr = as_array(arr)
    if axis is None:
        arr, axis = anp.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    return anp.getitem(arr, (slice(None),) * axis + (places_kept(arr.shape[axis], obj),))


@nondifferentiable
def places_kept(size, obj):
    return np.delete(np.arange(size), obj)


@define(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    trim = trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    array = as_array(filt)
    axes = range(array.ndim) if axis is None else [normalize_axis_index(i, array.ndim) for i in np.ravel(axis)]
    index = [slice(None)] * array.ndim
    for axis, places in enumerate(anp.nonzero(array)):
        if axis in axes:
            start = int(places.min()) if places.size and "f" in trim else None
            stop = int(places.max()) + 1 if places.size and "b" in trim else None
            index[axis] = slice(start, stop) if places.size else slice(0, 0)
    return filt[index[0]] if len(index) == 1 else array[tuple(index)]
