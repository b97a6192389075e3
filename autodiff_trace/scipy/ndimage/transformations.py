"""map_coordinates and what it makes of images: affine_transform, rotate, shift, zoom, in the image and in the
transformation."""

from __future__ import annotations

import itertools
import operator

import numpy as np
import scipy.ndimage
import scipy.special
from numpy.lib.array_utils import normalize_axis_index

from ...core.errors import TracedValueError, caller_line
from ...core.primitives import primitive
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define, elementwise
from ..plain_arguments import refuse_traced, refuses
from .boundaries import extend, mode_of
from .linear_filters import each_axis
from .sampling import filter_along, filter_coefficients, spline_sample

__all__: list[str] = []

MARGIN = 12
"""Elements beyond the ends with which SciPy makes the coefficients of modes that have no exact ones."""


@define(scipy.ndimage.spline_filter1d)
def spline_filter1d(input, order=3, axis=-1, mode="mirror"):
    x = as_array(input)
    return filter_along(x, checked_order(order), normalize_axis_index(axis, x.ndim), mode)


@define(scipy.ndimage.spline_filter)
def spline_filter(input, order=3, mode="mirror"):
    if checked_order(order) < 2:
        raise RuntimeError("spline order not supported")
    return filter_coefficients(as_array(input), order, mode)


def checked_order(order):
    order = operator.index(order)
    if not 0 <= order <= 5:
        raise RuntimeError("spline order not supported")
    return order


def sample(function, x, coordinates, order, mode, cval, prefilter):
    """The image ``x`` at coordinates, an array with one more axis in front, in the dtype of ``x``."""
    refuse_traced(function, cval=cval)
    order = checked_order(order)
    mode_of(mode)
    coordinates = anp.astype(coordinates, np.float64)
    dtype = x.dtype
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            x = extend(x, [(MARGIN, MARGIN)] * x.ndim, mode_of(mode), cval)
            coordinates = coordinates + MARGIN
        x = filter_coefficients(x, order, mode)
    answer = spline_sample(x, coordinates, order, mode, cval, (0,) * x.ndim)
    if dtype.kind in "iu":
        answer = anp.rint(answer)
    return answer if answer.dtype == dtype else anp.astype(answer, dtype)


@define(scipy.ndimage.map_coordinates)
def map_coordinates(input, coordinates, order=3, mode="constant", cval=0.0, prefilter=True):
    x, coordinates = as_array(input), as_array(coordinates)
    if x.ndim < 1 or coordinates.ndim < 2:
        raise RuntimeError("input and output rank must be > 0")
    if coordinates.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    if coordinates.dtype.kind == "c":
        raise TypeError("Complex type not supported")
    return sample("map_coordinates", x, coordinates, order, mode, cval, prefilter)


def along_axes(lines):
    """Coordinates of which those along each axis depend on that axis alone."""
    shape = [line.shape[0] for line in lines]
    return anp.stack([
        anp.broadcast_to(anp.reshape(line, [-1 if i == axis else 1 for i in range(len(lines))]), shape)
        for axis, line in enumerate(lines)
    ])


def affine(function, x, matrix, offset, shape, *params):
    if matrix.ndim == 1:
        return sample(function, x, along_axes([
            matrix[axis] * np.arange(size) + offset[axis] for axis, size in enumerate(shape)
        ]), *params)
    grid = np.ogrid[tuple([slice(size) for size in shape])]
    moved = []
    for axis in range(x.ndim):
        place = offset[axis]
        for i, line in enumerate(grid):
            place = place + matrix[axis, i] * line
        moved.append(place)
    return sample(function, x, anp.stack(moved), *params)


@define(scipy.ndimage.affine_transform)
def affine_transform(input, matrix, offset=0.0, output_shape=None, order=3, mode="constant", cval=0.0, prefilter=True):
    x, matrix = as_array(input), anp.astype(as_array(matrix), np.float64)
    refuse_traced("affine_transform", output_shape=output_shape)
    shape = x.shape if output_shape is None else tuple(map(operator.index, output_shape))
    ndim = x.ndim
    if matrix.ndim not in (1, 2):
        raise RuntimeError("no proper affine matrix provided")
    if matrix.ndim == 2 and matrix.shape[1] == ndim + 1 and matrix.shape[0] in (ndim, ndim + 1):
        if matrix.shape[0] == ndim + 1 and anp.any(to_recorded(matrix[ndim]) != np.eye(ndim + 1)[ndim]):
            raise ValueError("affine_transform: the last row of a homogeneous matrix has to be (0, …, 0, 1)")
        offset, matrix = matrix[:ndim, ndim], matrix[:ndim, :ndim]
    if matrix.shape[0] != ndim or matrix.ndim == 2 and matrix.shape[1] != len(shape):
        raise RuntimeError("affine matrix has wrong number of rows or columns")
    offset = anp.stack([as_array(each) * 1.0 for each in each_axis(offset, ndim)])
    return affine("affine_transform", x, matrix, offset, shape, order, mode, cval, prefilter)


@define(scipy.ndimage.shift)
def shift(input, shift, order=3, mode="constant", cval=0.0, prefilter=True):
    x = as_array(input)
    lines = [np.arange(size) - each for size, each in zip(x.shape, each_axis(shift, x.ndim))]
    return sample("shift", x, along_axes(lines), order, mode, cval, prefilter)


@define(scipy.ndimage.zoom)
def zoom(input, zoom, order=3, mode="constant", cval=0.0, prefilter=True, grid_mode=False):
    refuse_traced("zoom", "Shapes follow from it, so its derivative is zero, or none.", zoom=zoom)
    x = as_array(input)
    factors = each_axis(zoom, x.ndim)
    if prefilter and all([factor == 1 for factor in factors]):
        return 1 * x
    lines = []
    for size, factor in zip(x.shape, factors):
        new = round(size * factor)
        less = 0 if grid_mode else 1
        step = (size - less) / (new - less) if new != less else 1.0
        half = 0.5 if grid_mode else 0.0
        lines.append((np.arange(new) + half) * step - half)
    return sample("zoom", x, along_axes(lines), order, mode, cval, prefilter)


@primitive
def cosine(degrees):
    return scipy.special.cosdg(degrees)


@primitive
def sine(degrees):
    return scipy.special.sindg(degrees)


elementwise(cosine, lambda ans, x: -np.pi / 180 * sine(x))
elementwise(sine, lambda ans, x: np.pi / 180 * cosine(x))


@define(scipy.ndimage.rotate)
def rotate(input, angle, axes=(1, 0), reshape=True, order=3, mode="constant", cval=0.0, prefilter=True):
    x = as_array(input)
    if x.ndim < 2:
        raise ValueError("input array should be at least 2D")
    first, second = sorted([normalize_axis_index(operator.index(axis), x.ndim) for axis in axes])
    matrix = anp.stack([anp.stack([cosine(angle), sine(angle)]), anp.stack([-sine(angle), cosine(angle)])])
    size = np.array([x.shape[first], x.shape[second]])
    shape = list(x.shape)
    if reshape:
        if to_recorded(matrix).ndim > 2:
            raise TracedValueError(f"rotate: the angles of a batch give several shapes ({caller_line()}). Give "
                                   "reshape=False.")
        bounds = to_recorded(matrix) @ (np.array([[0, 0, 1, 1], [0, 1, 0, 1]]) * size[:, None])
        shape[first], shape[second] = (int(each) for each in anp.ptp(bounds, axis=1) + 0.5)
    plane = shape[first], shape[second]
    offset = (size - 1) / 2 - matrix @ ((np.array(plane) - 1) / 2)
    planes = anp.moveaxis(x, (first, second), (0, 1))
    others = planes.shape[2:]
    params = order, mode, cval, prefilter
    moved = [
        affine("rotate", planes[(slice(None), slice(None), *index)], matrix, offset, plane, *params)
        for index in itertools.product(*map(range, others))
    ]
    answer = anp.reshape(anp.stack(moved, -1), (*plane, *others))
    return anp.moveaxis(answer, (0, 1), (first, second))


define(scipy.ndimage.geometric_transform)(refuses(
    "ndimage.geometric_transform", "Compute the coordinates with NumPy's functions, and call map_coordinates."
))
