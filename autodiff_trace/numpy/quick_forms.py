"""Quicker forms of some functions of NumPy, which spend more time on looking at their arguments than on a small array.

Each takes the arguments of the function itself, and leaves to it what is no plain array. In microseconds, on an array
of ten numbers: stack 2.9 → 0.9.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy import float64, ndarray

from ..core.traits import declare
from . import lapack

__all__ = ["MANY", "fold_places", "rolled_places"]


MANY, PLACES = 1024, 8
"""Elements from which on it pays to take those that go into one answer place by place, and up to how many of these."""


def fold_places(ufunc: np.ufunc, a: np.ndarray, axes: tuple[int, ...]) -> np.ndarray | None:
    """``ufunc.reduce(a, axes)``, by arrays of the elements at the same place; None where ``reduce`` is as quick.

    ``reduce`` has a loop for each few elements: the largest of each 2×2 of 32 images 24×24×8 take 600 µs, here 90.
    """
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


def repeat(a, *args, **kwargs):
    return np.repeat(a, *args, **kwargs) if kwargs or type(a) is not ndarray else a.repeat(*args)


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
declare(np.roll, fast_fun=roll)
declare(np.stack, fast_fun=stack)
declare(np.repeat, fast_fun=repeat)
