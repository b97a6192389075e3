"""Splines at any places: ``spline_sample``, a primitive in coefficients and coordinates, and the filter that gives the
coefficients."""

from __future__ import annotations

import math

import numpy as np
import scipy.ndimage

from ...core.primitives import primitive
from ...core.traits import declare
from ...core.unary import unary
from ...numpy import wrapped as anp
from ...numpy.batching import first_mapped
from ...numpy.broadcasting import match_dtype
from ...numpy.definers import defrules, linear
from .taps import combinations

__all__ = ["filter_coefficients", "spline_sample"]


@primitive
def spline_sample(c, coordinates, order, mode, cval, nu):
    """The spline with coefficients ``c`` at ``coordinates``, or its derivative of orders ``nu`` along the axes."""
    if not any(nu):
        return scipy.ndimage.map_coordinates(c, coordinates, order=order, mode=mode, cval=cval, prefilter=False)
    flat = np.append(c.ravel(), np.asarray(cval, c.dtype))
    answer = np.empty(coordinates[0].size, c.dtype)
    for part, places in blocks(coordinates, c.size):
        total, (pairs, there) = 0.0, combinations(places, c.shape, order, mode, nu)
        for index, weights in pairs:
            total = total + flat[index] * weights
        answer[part] = total if there is True else np.where(there, total, 0)
    return answer.reshape(coordinates.shape[1:])


LEAST_BLOCK = 16384
"""Places that are dealt with at once: what each takes from its neighbours is many times as long."""


def blocks(coordinates, size):
    """The coordinates in blocks, not much shorter than an array of ``size`` elements that each block makes."""
    flat = coordinates.reshape(len(coordinates), -1)
    length = max(LEAST_BLOCK, size // 4)
    for start in range(0, flat.shape[1], length):
        part = slice(start, start + length)
        yield part, flat[:, part]


@primitive
def sample_adjoint(g, coordinates, order, mode, shape, nu):
    """The transpose of ``spline_sample`` in the coefficients."""
    size, g = math.prod(shape), np.asarray(g)
    parts = [g.real.ravel(), g.imag.ravel()] if g.dtype.kind == "c" else [g.ravel()]
    sums = [np.zeros(size + 1) for _ in parts]
    for block, places in blocks(coordinates, size):
        pairs, there = combinations(places, shape, order, mode, nu)
        seen = [part[block] if there is True else np.where(there, part[block], 0) for part in parts]
        for index, weights in pairs:
            index = np.where(index < 0, size, index) if mode == "grid-constant" else index
            for total, part in zip(sums, seen):
                total += np.bincount(index, part * weights, size + 1)
    total = sums[0] if len(parts) == 1 else sums[0] + 1j * sums[1]
    return total[:size].reshape(shape).astype(g.dtype)


def further(nu, axis):
    """One more derivative along ``axis``."""
    return tuple([n + (i == axis) for i, n in enumerate(nu)])


def slopes(c, coordinates, order, mode, cval, nu):
    """The derivatives by each of the coordinates."""
    return [spline_sample(c, coordinates, order, mode, cval, further(nu, axis)) for axis in range(len(nu))]


def cotangent_of_coordinates(g, coordinates, each):
    return anp.stack([match_dtype(g * slope, coordinates.dtype) for slope in each])


def sample_jvp(t, ans, c, coordinates, order, mode, cval, nu):
    total = 0.0
    for axis, slope in enumerate(slopes(c, coordinates, order, mode, cval, nu)):
        total = total + t[axis] * slope
    return match_dtype(total, ans.dtype)


def adjoint_jvp(t, ans, g, coordinates, order, mode, shape, nu):
    total = 0.0
    for axis in range(len(nu)):
        total = total + sample_adjoint(g * t[axis], coordinates, order, mode, shape, further(nu, axis))
    return match_dtype(total, ans.dtype)


defrules(
    spline_sample,
    (
        lambda g, ans, c, x, order, mode, cval, nu: match_dtype(
            sample_adjoint(g, x, order, mode, c.shape, nu), c.dtype),
        lambda g, ans, c, x, order, mode, cval, nu: cotangent_of_coordinates(
            g, x, slopes(c, x, order, mode, cval, nu)),
    ),
    (
        lambda t, ans, c, x, order, mode, cval, nu: match_dtype(
            spline_sample(t, x, order, mode, 0.0, nu), ans.dtype),
        sample_jvp,
    ),
)
defrules(
    sample_adjoint,
    (
        lambda g, ans, y, x, order, mode, shape, nu: match_dtype(spline_sample(g, x, order, mode, 0.0, nu), y.dtype),
        lambda g, ans, y, x, order, mode, shape, nu: cotangent_of_coordinates(
            y, x, slopes(g, x, order, mode, 0.0, nu)),
    ),
    (
        lambda t, ans, y, x, order, mode, shape, nu: match_dtype(
            sample_adjoint(t, x, order, mode, shape, nu), ans.dtype),
        adjoint_jvp,
    ),
)


def batch_sample(batch, prim, args, kwargs):
    if batch.mapped[0]:
        return NotImplemented
    c, coordinates, *params = args
    return prim(c, anp.moveaxis(coordinates, 0, 1), *params)


declare(spline_sample, batching=batch_sample, owns_memory=True)
declare(sample_adjoint, owns_memory=True)


# The coefficients solve a system that says what the spline is at the points. Its matrix is symmetric where the array
# repeats itself or its edges do; where it is mirrored about its end points the first and the last column count twice.


@unary
def filter_along(x, order, axis, mode):
    return scipy.ndimage.spline_filter1d(x, order, axis, np.complex128 if x.dtype.kind == "c" else np.float64, mode)


SYMMETRIC = frozenset(["reflect", "grid-mirror", "grid-wrap", "nearest"])

SHORT = 64
"""Up to that length what SciPy makes of mirrored edges is not symmetric to the last digit: 0.43⁶⁴ is 10⁻²⁴."""


def filter_transpose(g, ans, x, order, axis, mode):
    size = x.shape[axis]
    if mode in SYMMETRIC and mode != "grid-wrap" and size < SHORT:
        matrix = scipy.ndimage.spline_filter1d(np.eye(size), order, 0, mode=mode)
        return match_dtype(anp.moveaxis(anp.tensordot(g, matrix, (axis, 0)), -1, axis), x.dtype)
    if mode in SYMMETRIC or size < 3:
        return match_dtype(filter_along(g, order, axis, mode), x.dtype)
    weights = np.ones((size, *[1] * (x.ndim - axis - 1)))
    weights[[0, -1]] = 0.5
    return match_dtype(weights * filter_along(g / weights, order, axis, mode), x.dtype)


linear(filter_along, filter_transpose, owns_memory=True)
declare(filter_along, batching=first_mapped(lambda x, order, axis, mode: filter_along(x, order, axis + 1, mode)))


def filter_coefficients(x, order, mode):
    for axis in range(x.ndim):
        x = filter_along(x, order, axis, mode)
    return x
