"""Quicker forms of some functions of NumPy, which spend more time on looking at their arguments than on a small array.

Each takes the arguments of the function itself, and leaves to it what is no plain array. In microseconds, on an array
of ten numbers: sum 1.5 → 0.7, mean 3.8 → 0.9, max 2.3 → 0.8, reshape 0.6 → 0.2, stack 2.9 → 0.9, moveaxis 5.4 → 0.5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy import float64, ndarray

from . import lapack

__all__ = ["QUICK_FORMS"]


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


def reshape(a, shape, *args, **kwargs):
    return np.reshape(a, shape, *args, **kwargs) if args or kwargs or type(a) is not ndarray else a.reshape(shape)


def expand_dims(a, axis):
    if type(a) is not ndarray or type(axis) is not int or not 0 <= axis <= a.ndim:
        return np.expand_dims(a, axis)
    return a[(slice(None),) * axis + (None,)]


def moveaxis(a, source, destination):
    if type(a) is not ndarray or not type(source) is type(destination) is int or a.ndim != 2:
        return np.moveaxis(a, source, destination)
    # Of a matrix there are two orders; NumPy looks at axes that there are not.
    if not (-2 <= source < 2 and -2 <= destination < 2):
        return np.moveaxis(a, source, destination)
    return a if (source - destination) % 2 == 0 else a.T


def stack(arrays, axis=0, *args, **kwargs):
    if args or kwargs or axis != 0 or type(arrays) not in (list, tuple) or not {*map(type, arrays)} <= NUMPY:
        return np.stack(arrays, axis, *args, **kwargs)
    return np.concatenate([x[None] for x in arrays]) if arrays else np.stack(arrays)


NUMPY = {ndarray, float64}

QUICK_FORMS = {
    np.expand_dims: expand_dims, np.linalg.det: lapack.det, np.linalg.inv: lapack.inv,
    np.linalg.slogdet: lapack.slogdet, np.linalg.solve: lapack.solve, np.max: reduction(np.max, np.maximum),
    np.mean: mean, np.min: reduction(np.min, np.minimum), np.moveaxis: moveaxis,
    np.prod: reduction(np.prod, np.multiply), np.reshape: reshape, np.stack: stack, np.sum: reduction(np.sum, np.add),
    **{function: by_method(function) for function in (np.cumsum, np.ravel, np.repeat, np.squeeze, np.swapaxes,
                                                     np.transpose)},
}
