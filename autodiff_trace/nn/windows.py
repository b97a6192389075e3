"""Sums and maxima of windows along the last axes of an array, place by place in the window: a strided slice each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from ..core.primitives import nondifferentiable, primitive
from ..core.traits import declare
from ..core.unary import unary
from ..numpy.batching import first_mapped, map_all
from ..numpy.definers import defrules
from ..numpy.selections import moves, with_moved_mask

__all__ = ["max_of_windows", "sum_windows"]

# Params: ``size`` and ``strides`` have a number for each of the last axes, ``space`` has their lengths.


def slices_of(space, size, strides) -> Iterator[tuple]:
    """For each place in a window the index of its elements, over all windows."""
    ends = [(n - k) // step * step + 1 for n, k, step in zip(space, size, strides)]
    for place in itertools.product(*map(range, size)):
        yield (..., *[slice(i, i + end, step) for i, end, step in zip(place, ends, strides)])


def space_of(x, size):
    return x.shape[x.ndim - len(size) :]


@unary
def sum_windows(x, size, strides):
    """The sum of each window."""
    first, *others = slices_of(space_of(x, size), size, strides)
    ans = x[first].copy()
    for each in others:
        ans += x[each]
    return ans


@unary
def spread_windows(g, space, size, strides):
    """The transpose of ``sum_windows``: each element of a window gets what comes back to the window."""
    ans = np.zeros((*g.shape[: g.ndim - len(size)], *space), g.dtype)
    for each in slices_of(space, size, strides):
        ans[each] += g
    return ans


moves(
    sum_windows, lambda g, ans, x, size, strides: spread_windows(g, space_of(x, size), size, strides),
    batch=lambda x, *params: sum_windows(x, *params), owns_memory=True,
)
moves(
    spread_windows, lambda h, ans, g, space, size, strides: sum_windows(h, size, strides),
    batch=lambda g, *params: spread_windows(g, *params), owns_memory=True,
)


@unary
def max_of_windows(x, size, strides):
    """The largest element of each window; NaN where there is one."""
    first, *others = slices_of(space_of(x, size), size, strides)
    ans = x[first].copy()
    for each in others:
        np.maximum(ans, x[each], out=ans)
    return ans


BLOCK_BYTES = 2**17
"""What is computed with at once, so that it stays in cache (half the time)."""


def rows_of(ndim, *arrays):
    """Arrays with the same leading axes, these as one, some of its rows at a time."""
    arrays = [x.reshape(math.prod(x.shape[: x.ndim - ndim]), *x.shape[x.ndim - ndim :]) for x in arrays]
    step = max(1, BLOCK_BYTES // max(1, max(x[:1].nbytes for x in arrays)))
    for start in range(0, len(arrays[0]), step):
        yield [x[start : start + step] for x in arrays]


@nondifferentiable
def places_of(ans, x, size, strides):
    """The number of the place in each window that has the answer, the first of equal ones."""
    places = np.zeros(ans.shape, np.min_scalar_type(math.prod(size)))
    has_nan = x.dtype.kind in "fc" and np.isnan(ans).any()
    backwards = [*enumerate(slices_of(space_of(x, size), size, strides))][::-1]
    for found, top, here in rows_of(len(size), places, ans, x):
        for place, each in backwards:
            is_it = np.equal(here[each], top)
            np.copyto(found, places.dtype.type(place), where=is_it | np.isnan(here[each]) if has_nan else is_it)
    return places


@primitive
def take_places(x, places, size, strides):
    """The element of each window at its place."""
    ans, slices = np.empty(places.shape, x.dtype), [*slices_of(space_of(x, size), size, strides)]
    for taken, found, here in rows_of(len(size), ans, places, x):
        for place, each in enumerate(slices):
            np.copyto(taken, here[each], where=np.equal(found, place))
    return ans


@primitive
def put_places(g, places, space, size, strides):
    """The transpose of ``take_places``: zeros, but where what comes back to a window arrives."""
    ans, slices = np.zeros((*g.shape[: g.ndim - len(size)], *space), g.dtype), [*slices_of(space, size, strides)]
    overlaps = any([step < n for n, step in zip(size, strides)])
    for put, found, back in rows_of(len(size), ans, places, g):
        for place, each in enumerate(slices):
            part = np.where(np.equal(found, place), back, g.dtype.type(0))
            put[each] = put[each] + part if overlaps else part
    return ans


def max_vjp(g, ans, x, size, strides):
    return put_places(g, places_of(ans, x, size, strides), space_of(x, size), size, strides)


def max_jvp(t, ans, x, size, strides):
    return take_places(t, places_of(ans, x, size, strides), size, strides)


defrules(
    max_of_windows, with_moved_mask(max_vjp), max_jvp, owns_memory=True, harmless=True, shows_nan=True,
    batching=first_mapped(lambda x, *params: max_of_windows(x, *params)),
)


def batch_places(batch, prim, args, kwargs):
    x, places, *params = args
    return prim(*map_all(batch, [x, places]), *params)


declare(places_of, batching=batch_places, owns_memory=True, harmless=True)
moves(
    take_places, lambda g, ans, x, places, size, strides: put_places(g, places, space_of(x, size), size, strides),
    zeros=True, owns_memory=True, batching=batch_places,
)
moves(
    put_places, lambda h, ans, g, places, space, size, strides: take_places(h, places, size, strides),
    zeros=True, owns_memory=True, batching=batch_places,
)
