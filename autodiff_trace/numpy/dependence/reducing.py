"""Dependence through functions along axes: a sum depends on all its terms."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from .. import wrapped as anp
from ..broadcasting import sum_to
from ..rules.cumulative import cumsum_back
from ..rules.lengths import euclidean_norm
from ..rules.reductions import reduced_shape
from .index_sets import IndexSets
from .trace import defdependence

__all__ = ["reduces", "runs_along"]


def reduce_to(sets: IndexSets, old: tuple, new: tuple) -> IndexSets:
    """The sets of an array of shape ``old``, united over the axes along which one of shape ``new`` is broadcast."""
    count = int(np.prod(new))
    return sets.merge(np.broadcast_to(np.arange(count).reshape(new), old), count)


def find_axis(prim: Callable, args: tuple, kwargs: dict):
    """The argument ``axis`` of a call, without the first argument."""
    parameters = inspect.signature(prim.fun).parameters
    position = list(parameters).index("axis") - 1
    default = parameters["axis"].default
    return args[position] if len(args) > position else kwargs.get("axis", default)


def reduces(*prims: Callable) -> None:
    """Give reductions along ``axis`` their rule."""
    for prim in prims:

        def rule(nodes, ans, x, *args, prim=prim, **kwargs):
            if list(nodes) != [0]:
                return NotImplemented
            return reduce_to(nodes[0], x.shape, reduced_shape(x, find_axis(prim, args, kwargs)))

        defdependence(rule, prim)


def runs_along(*prims: Callable) -> None:
    """Give functions of which each element depends on others along ``axis``, as running sums do, their rule."""
    for prim in prims:

        def rule(nodes, ans, x, *args, prim=prim, **kwargs):
            axis = find_axis(prim, args, kwargs)
            if axis is None or list(nodes) != [0]:
                return NotImplemented
            shape = reduced_shape(x, axis)
            sets = reduce_to(nodes[0], x.shape, shape)
            return sets.gather(np.broadcast_to(np.arange(sets.count).reshape(shape), ans.shape))

        defdependence(rule, prim)


def sum_to_shape(nodes, ans, x, shape):
    lead = x.ndim - len(shape)
    return reduce_to(nodes[0], x.shape, (1,) * lead + tuple(shape))


reduces(anp.amax, anp.amin, anp.max, anp.mean, anp.min, anp.prod, anp.std, anp.sum, anp.var, euclidean_norm)
runs_along(anp.cumprod, anp.cumsum, cumsum_back)
defdependence(sum_to_shape, sum_to)
