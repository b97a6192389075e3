"""Lowering of what moves elements to other places: reshapes, transposes, rolls, assignment."""

from __future__ import annotations

import numpy as np

from ...numpy import wrapped
from ...numpy.rules import making, reductions
from .. import calls
from ..node import Node, is_fixed, value_of
from .table import call, lowers


@lowers(reductions.fill)
def lower_fill(step):
    return step.with_call(calls.fill, step.args)


@lowers(wrapped.reshape)
def lower_reshape(step):
    x, *rest = step.args
    if step.kwargs or len(rest) != 1 or type(x) is not Node or type(x.value) is not np.ndarray:
        return None
    return step.with_call(calls.reshape, (x, step.value.shape))


@lowers(wrapped.expand_dims)
def lower_expand_dims(step):
    """An index with new axes, which takes 0.1 instead of 1.4 µs."""
    x, axis = step.args if len(step.args) == 2 else (None, None)
    if type(x) is not Node or type(x.value) is not np.ndarray:
        return None
    new = {each % step.value.ndim for each in np.ravel(axis).tolist()}
    if not new:
        return None
    index = tuple([None if i in new else slice(None) for i in range(max(new) + 1)])
    return step.with_call(calls.getitem, (x, index))


@lowers(wrapped.transpose, wrapped.swapaxes, wrapped.moveaxis, wrapped.matrix_transpose)
def lower_transpose(step):
    x = step.args[0]
    if type(x) is not Node or type(x.value) is not np.ndarray:
        return None
    marks = step.function.fun(np.empty(tuple(range(x.value.ndim)), []), *step.args[1:], **step.kwargs).shape
    return step.with_call(calls.transpose, (x, marks))


@lowers(wrapped.roll)
def lower_roll(step):
    x, shift, *axis = step.args
    axis = axis[0] if axis else step.kwargs.get("axis")
    is_one = is_fixed(shift) and np.ndim(value_of(shift)) == 0
    shift = int(value_of(shift)) if is_one else None
    if shift is None or type(axis) is not int or type(x) is not Node or not x.value.size:
        return None
    size = x.value.shape[axis]
    shift %= size
    if not shift:
        return step.with_call(calls.copy, (x,))
    lead = (slice(None),) * (axis % x.value.ndim)
    pairs = (slice(shift, None), slice(None, size - shift)), (slice(None, shift), slice(size - shift, None))
    return step.with_call(calls.roll, (x, tuple([((*lead, to), (*lead, source)) for to, source in pairs])))


@lowers(wrapped.set_item)
def lower_set_item(step):
    x, index, value = step.args
    if type(x) is not Node:
        return None
    fresh = call(calls.copy, (x,), step.value, step)
    return [fresh, step.with_call(calls.assign, (fresh, index, value))]


@lowers(wrapped.add_at)
def lower_add_at(step):
    """Reads, adds and writes: what is left of them where the array is not read again are these few elements."""
    x, index, value = step.args
    dtype = getattr(value_of(value), "dtype", None)
    if type(x) is not Node or not calls.is_basic(index) or dtype != x.value.dtype:
        return None
    before = call(calls.getitem, (x, index), x.value[index], step)
    after = call(np.add, (before, value), np.add(before.value, value_of(value)), step)
    fresh = call(calls.copy, (x,), step.value, step)
    return [before, after, fresh, step.with_call(calls.assign, (fresh, index, after))]


@lowers(making.join_nested)
def lower_join(step):
    return step.with_call(np.array, step.args)
