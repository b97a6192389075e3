"""Definitions of matrix_power and multi_dot, and of the functions that linalg has under a second name."""

from __future__ import annotations

import functools
import operator

import numpy as np

from ...core.array_ops import array_ops
from .. import linalg
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define
from .matrices import identity

__all__: list[str] = []


@define(np.linalg.cross)
def cross(x1, x2, /, *, axis=-1):
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: vectors must be of dimension 3, not {x1.shape[axis]} and {x2.shape[axis]}")
    return anp.cross(x1, x2, axis=axis)


@define(np.linalg.matrix_power)
def matrix_power(a, n):
    a = anp.asarray(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: square matrices are needed, not an array of shape {a.shape}")
    n = operator.index(n)
    if n == 0:
        return anp.zeros_like(a) + identity(a, a.shape[-1])
    if n < 0:
        a, n = linalg.inv(a), -n
    result = None
    while n:  # squares of a, and the product of those that n has in binary
        if n % 2:
            result = a if result is None else result @ a
        n //= 2
        if n:
            a = a @ a
    return result


@define(np.linalg.multi_dot)
def multi_dot(arrays, *, out=None):
    arrays = [as_array(x) for x in arrays]
    if len(arrays) < 2:
        raise ValueError("multi_dot: expected at least two arrays")
    first, last = arrays[0], arrays[-1]
    if first.ndim == 1:
        arrays[0] = anp.reshape(first, (1, -1))
    if last.ndim == 1:
        arrays[-1] = anp.reshape(last, (-1, 1))
    for x in arrays:
        if x.ndim != 2:
            raise np.linalg.LinAlgError(f"multi_dot: {x.ndim}-dimensional array given, which must be two-dimensional")
    shape = (first.shape[:1] if first.ndim == 2 else ()) + (last.shape[1:] if last.ndim == 2 else ())
    return array_ops.store(out, anp.reshape(chain(arrays), shape))


def chain(matrices):
    """The product of matrices in the order that takes the fewest multiplications (dynamic programming)."""
    sizes = [x.shape[0] for x in matrices] + [matrices[-1].shape[1]]

    @functools.cache
    def cheapest(first, last):
        """The cost of the product of matrices first … last, and the last factor of its left half."""
        return min(
            (
                (cheapest(first, k)[0] + cheapest(k + 1, last)[0] + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            ),
            default=(0, first),
        )

    def product(first, last):
        if first == last:
            return matrices[first]
        k = cheapest(first, last)[1]
        return anp.dot(product(first, k), product(k + 1, last))

    return product(0, len(matrices) - 1)


@define(np.linalg.outer)
def outer(x1, x2, /):
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: both arrays must be one-dimensional, not {x1.ndim}- and {x2.ndim}-dimensional")
    return anp.outer(x1, x2)


# Functions that numpy has under the same name


def define_alike(name, **fixed):
    @define(getattr(np.linalg, name))
    def alike(**given):
        arrays = [given.pop(each) for each in ("x", "x1", "x2") if each in given]
        return getattr(anp, name)(*arrays, **given, **fixed)


for _name in ("matmul", "tensordot", "vecdot"):
    define_alike(_name)
for _name in ("diagonal", "trace"):
    define_alike(_name, axis1=-2, axis2=-1)
