"""Lowering of what moves elements to other places: reshapes, transposes, rolls, assignment."""

from __future__ import annotations

import numpy as np

from ....numpy import moving, wrapped
from ....numpy.quick_forms import rolled_places
from ....numpy.rules import creation, reductions
from ...backends.numpy_source import calls
from ...ir.node import Node, parts_of, spec_at
from ...ir.infer import call, infer
from .table import lowers


@lowers(reductions.fill)
def lower_fill(step):
    return call(calls.fill, step.args, step)  # an array of its own: what is recorded may be a broadcast one


@lowers(moving.reshape, moving.transpose)
def lower_view(step):
    x, how = step.args
    if type(x) is not Node or not x.spec.is_array:
        return None
    return step.with_call(calls.reshape if step.function is moving.reshape else calls.transpose, (x, how))


@lowers(moving.roll)
def lower_roll(step):
    x, shift, axes = step.args
    if type(x) is not Node or not (pairs := rolled_places(step.spec.shape, shift, axes)):
        return None
    if len(pairs) == 1:
        return step.with_call(calls.copy, (x,))
    return step.with_call(calls.roll, (x, tuple(pairs)))


@lowers(wrapped.set_item)
def lower_set_item(step):
    x, index, value = step.args
    if type(x) is not Node:
        return None
    fresh = call(calls.copy, (x,), step)
    return [fresh, step.with_call(calls.assign, (fresh, index, value))]


@lowers(wrapped.add_at)
def lower_add_at(step):
    """Reads, adds and writes: what is left of them where the array is not read again are these few elements."""
    x, index, value = step.args
    dtype = spec_at(value).dtype
    places = tuple([0 if is_place(part) else part for part in parts_of(index)])
    if type(x) is not Node or not x.spec.is_array or not calls.is_basic(places) or dtype != x.spec.dtype:
        return None
    before = call(calls.getitem, (x, index), step, infer(calls.getitem, (x, places)))
    after = call(np.add, (before, value), step)
    fresh = call(calls.copy, (x,), step)
    return [before, after, fresh, step.with_call(calls.assign, (fresh, index, after))]


def is_place(part):
    """Whether a part of an index is one number that is computed."""
    return type(part) is Node and not part.spec.shape and not part.spec.is_array and (
        part.spec.kind is int or part.spec.dtype is not None and part.spec.dtype.kind in "iu")


@lowers(creation.join_nested)
def lower_join(step):
    return step.with_call(np.array, step.args)
