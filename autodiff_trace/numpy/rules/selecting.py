"""Rules of the functions that select elements by index, by mask or by condition: each reads by indexing."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.array_ops import array_ops
from ...core.foreign import has_values
from ...core.recording import to_recorded
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define

__all__ = ["along_axis_index"]


# By index


@define(np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    a = as_array(a)
    if axis is None or a.ndim == 0:
        a, axis = anp.ravel(a), 0 if axis is None else axis
    indices = as_indices(indices)
    axis = normalize_axis_index(axis, a.ndim)
    if 0 in a.shape[:axis]:  # there is nothing to take, and NumPy looks at no index
        return array_ops.store(out, anp.reshape(a, (*a.shape[:axis], *anp.shape(indices), *a.shape[axis + 1 :])))
    index = (slice(None),) * axis + (within(indices, a.shape[axis], mode),)
    return array_ops.store(out, anp.getitem(a, index))  # a plain array does not see a traced index


def as_indices(indices):
    """A number or an array of integers; truth values count as 0 and 1."""
    if type(indices) is int:
        return indices
    indices = as_array(indices)
    return anp.astype(indices, np.intp) if indices.dtype == bool else indices


def within(indices, size, mode):
    """``indices`` as ``mode`` brings them into an axis of this size; those outside raise when they are used."""
    if mode == "wrap":
        return indices % size
    if mode == "clip":
        return anp.clip(indices, 0, size - 1)
    if mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    return indices


@define(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    arr = as_array(arr)
    if axis is None:
        arr, axis = anp.ravel(arr), 0
    return anp.getitem(arr, along_axis_index(arr.shape, indices, axis))


def along_axis_index(shape, indices, axis):
    """The index that reads ``indices`` along ``axis``: on each other axis, as far as it goes, each its own place."""
    axis = normalize_axis_index(axis, len(shape))
    if anp.ndim(indices) != len(shape):
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    places = [np.arange(size).reshape((-1,) + (1,) * (len(shape) - 1 - i)) for i, size in enumerate(shape)]
    return (*places[:axis], indices, *places[axis + 1 :])


@define(np.choose)
def choose(a, choices, out=None, mode="raise"):
    dtype = anp.result_type(*choices)
    a, *choices = anp.broadcast_arrays(as_indices(a), *choices)
    choices = [x if x.dtype == dtype else anp.astype(x, dtype) for x in choices]
    a = within(a, len(choices), mode)
    places = to_recorded(a)
    if mode == "raise" and has_values(a) and anp.any(anp.logical_or(places < 0, places >= len(choices))):
        raise ValueError("invalid entry in choice array")
    return array_ops.store(out, anp.take_along_axis(anp.stack(choices), anp.expand_dims(a, 0), 0)[0])


# By mask


@define(np.compress)
def compress(condition, a, axis=None, out=None):
    condition = as_array(condition)
    if condition.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    if not has_values(condition):
        a, axis = (anp.ravel(a), 0) if axis is None else (as_array(a), axis)
        return array_ops.store(out, anp.getitem(a, masked_along(condition, a, normalize_axis_index(axis, a.ndim))))
    return anp.take(a, anp.flatnonzero(condition), axis, out)


def masked_along(condition, a, axis):
    """The mask of a condition, which may be too short, as an index."""
    lacking = a.shape[axis] - condition.size
    mask = anp.astype(condition, bool)
    return (slice(None),) * axis + (anp.concatenate([mask, np.zeros(lacking, bool)]) if lacking > 0 else mask,)


@define(np.extract)
def extract(condition, arr):
    if not has_values(condition):
        return compress(anp.ravel(condition), anp.ravel(arr))
    return anp.take(anp.ravel(arr), anp.flatnonzero(condition))


# By condition


@define(np.select)
def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    conditions = [as_array(condition) for condition in condlist]
    for i, condition in enumerate(conditions):
        if condition.dtype != bool:
            raise TypeError(f"invalid entry {i} in condlist: should be boolean ndarray")
    choices = [x if anp.is_python_number(x) else as_array(x) for x in (*choicelist, default)]
    ans = choices.pop()
    dtype = anp.result_type(*choices, ans)
    for condition, choice in zip(reversed(conditions), reversed(choices)):
        ans = anp.where(condition, choice, ans)
    return ans if ans.dtype == dtype else anp.astype(ans, dtype)
