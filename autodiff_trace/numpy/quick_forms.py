"""Quicker forms of some functions of NumPy, which spend more time on looking at their arguments than on a small array.

Each takes the arguments of the function itself, and leaves to it what is no plain array. In microseconds, on an array
of ten numbers: sum 1.5 → 0.7, mean 3.8 → 0.9, max 2.3 → 0.8, stack 2.9 → 0.9.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy import float64, ndarray

from ..core.traits import declare
from . import lapack

__all__ = ["MANY", "fold_places", "rolled_places"]


def reduction(function: Callable, ufunc: np.ufunc) -> Callable:
    """A sum, product, maximum … by the ``reduce`` of its ufunc."""
    reduce = ufunc.reduce

    def quick(a, axis=None, *args, **kwargs):
        if type(a) is ndarray and not args:
            if not kwargs:
                return reduce(a, axis)
            if len(kwargs) == 1 and kwargs.get("keepdims") is True:
                return reduce(a, axis, keepdims=True)
        return function(a, axis, *args, **kwargs)

    return quick


MANY, PLACES = 1024, 8
"""Elements from which on it pays to take those that go into one answer place by place, and up to how many of these."""


def fold_places(ufunc: np.ufunc, a: np.ndarray, axis: int | tuple) -> np.ndarray | None:
    """``ufunc.reduce(a, axis)``, by arrays of the elements at the same place; None where ``reduce`` is as quick.

    ``reduce`` has a loop for each few elements: the largest of each 2×2 of 32 images 24×24×8 take 600 µs, here 90.
    """
    axes = {i % a.ndim for i in (axis if type(axis) is tuple else (axis,))}
    if math.prod([a.shape[i] for i in axes]) > PLACES or a.ndim - 1 not in axes and a.shape[-1] > 4 * PLACES:
        return None
    indices = itertools.product(*[range(n) if i in axes else (slice(None),) for i, n in enumerate(a.shape)])
    first, *others = [a[index] for index in indices]
    if not others:
        return None
    ans = ufunc(first, others.pop(0))
    for part in others:
        ufunc(ans, part, out=ans)
    return ans


def extremum(function: Callable, ufunc: np.ufunc) -> Callable:
    """A maximum or minimum, of many times few elements place by place."""
    quick_reduction = reduction(function, ufunc)

    def quick(a, axis=None, *args, **kwargs):
        if type(a) is ndarray and a.size >= MANY and not args and not kwargs and is_axis(axis, a):
            ans = fold_places(ufunc, a, axis)
            if ans is not None:
                return ans
        return quick_reduction(a, axis, *args, **kwargs)

    return quick


def is_axis(axis, a) -> bool:
    """Whether ``axis`` is one, or several, that the array of real numbers ``a`` has, and not all it has."""
    axes = axis if type(axis) is tuple else (axis,)
    in_range = all(type(i) is int and -a.ndim <= i < a.ndim for i in axes)
    return in_range and 0 < len({i % a.ndim for i in axes}) == len(axes) < a.ndim and a.dtype.kind in "fiu"


def by_method(function: Callable) -> Callable:
    """The method of arrays that has the name of the function."""
    method = getattr(ndarray, function.__name__)

    def quick(a, *args, **kwargs):
        return function(a, *args, **kwargs) if kwargs or type(a) is not ndarray else method(a, *args)

    return quick


def mean(a, axis=None, *args, **kwargs):
    if type(a) is not ndarray or a.dtype.char not in "fdFD" or args or kwargs or type(axis) is tuple or not a.size:
        return np.mean(a, axis, *args, **kwargs)
    return np.add.reduce(a, axis) / (a.size if axis is None else a.shape[axis])


def rolled_places(shape, shift, axes):
    """Where the parts of an array that is rolled go to, and where they come from, as indices; None for what is no
    number for each of different axes."""
    shifts = (shift,) * len(axes) if type(shift) is int else shift
    if type(shifts) is not tuple or len(shifts) != len(axes) or len({*axes}) < len(axes) or 0 in shape:
        return None
    parts = [[(slice(None), slice(None))]] * len(shape)
    for shift, axis in zip(shifts, axes):
        size = shape[axis]
        if shift := shift % size:
            parts[axis] = [
                (slice(shift, None), slice(None, size - shift)), (slice(None, shift), slice(size - shift, None)),
            ]
    return [tuple(zip(*pairs)) for pairs in itertools.product(*parts)]


def roll(a, shift, axes):
    places = rolled_places(a.shape, shift, axes) if type(a) is ndarray and a.ndim else None
    if places is None:
        return np.roll(a, shift, axes)
    result = np.empty_like(a)
    for target, source in places:
        result[target] = a[source]
    return result


def stack(arrays, axis=0, *args, **kwargs):
    if args or kwargs or axis != 0 or type(arrays) not in (list, tuple) or not {*map(type, arrays)} <= NUMPY:
        return np.stack(arrays, axis, *args, **kwargs)
    return np.concatenate([x[None] for x in arrays]) if arrays else np.stack(arrays)


NUMPY = {ndarray, float64}

declare(np.linalg.det, fast_fun=lapack.det)
declare(np.linalg.inv, fast_fun=lapack.inv)
declare(np.linalg.slogdet, fast_fun=lapack.slogdet)
declare(np.linalg.solve, fast_fun=lapack.solve)
declare(np.max, fast_fun=extremum(np.max, np.maximum))
declare(np.mean, fast_fun=mean)
declare(np.min, fast_fun=extremum(np.min, np.minimum))
declare(np.prod, fast_fun=reduction(np.prod, np.multiply))
declare(np.roll, fast_fun=roll)
declare(np.stack, fast_fun=stack)
declare(np.sum, fast_fun=reduction(np.sum, np.add))
for _function in (np.cumsum, np.repeat):
    declare(_function, fast_fun=by_method(_function))
