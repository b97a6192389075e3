"""The public linear filters of ndimage, by correlations: in the input, the weights, and the widths of Gaussians."""

from __future__ import annotations

import operator

import numpy as np
import scipy.ndimage
from numpy.lib.array_utils import normalize_axis_index

from ...core.errors import TracedValueError, caller_line
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.parameters import refuse
from ...numpy.definers import define
from ..plain_arguments import refuse_traced, refuses
from .boundaries import mode_of
from .correlations import correlate_bounded, mean_along

__all__ = ["axes_and_parameters", "correlate_along", "each_axis"]


def each_axis(value, count):
    """One value for each axis: SciPy's parameters are one, or a sequence."""
    if isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) == 0:
        return [value] * count
    if len(value) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return [value[i] for i in range(count)]


def axes_and_parameters(x, axes, *parameters):
    """The axes, ≥ 0, and beside each its parameters."""
    axes = range(x.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    axes = [normalize_axis_index(operator.index(axis), x.ndim) for axis in axes]
    if len({*axes}) < len(axes):
        raise ValueError("axes must be unique")
    return list(zip(axes, *[each_axis(each, len(axes)) for each in parameters]))


def checked_origin(origin, size):
    origin = operator.index(origin)
    if not -(size // 2) <= origin <= (size - 1) // 2:
        raise ValueError("Invalid origin; origin must satisfy -(len(weights) // 2) <= origin <= (len(weights)-1) // 2")
    return origin


def correlate_along(x, weights, axis, mode, cval, origin):
    shape, origins = [1] * x.ndim, [0] * x.ndim
    shape[axis], origins[axis] = weights.shape[0], checked_origin(origin, weights.shape[0])
    return correlate_bounded(x, anp.reshape(weights, shape), mode_of(mode), cval, tuple(origins))


def weights_of(weights, conjugates):
    weights = as_array(weights)
    weights = weights if weights.dtype.kind in "fc" else anp.astype(weights, np.float64)
    return anp.conjugate(weights) if conjugates and weights.dtype.kind == "c" else weights


def mirrored_origin(origin, size):
    """That of the reversed weights, in whose terms a convolution is a correlation."""
    return -origin - (size % 2 == 0)


@define(scipy.ndimage.correlate1d)
def correlate1d(input, weights, axis=-1, mode="reflect", cval=0.0, origin=0):
    refuse_traced("correlate1d", cval=cval)
    x, weights = as_array(input), weights_of(weights, True)
    return correlate_along(x, weights, normalize_axis_index(axis, x.ndim), mode, cval, origin)


@define(scipy.ndimage.convolve1d)
def convolve1d(input, weights, axis=-1, mode="reflect", cval=0.0, origin=0):
    refuse_traced("convolve1d", cval=cval)
    x, weights = as_array(input), anp.flip(weights_of(weights, False))
    origin = mirrored_origin(origin, weights.shape[0])
    return correlate_along(x, weights, normalize_axis_index(axis, x.ndim), mode, cval, origin)


def correlate_nd(x, weights, mode, cval, origin, axes, convolves):
    chosen = axes_and_parameters(x, axes, origin)
    if weights.ndim != len(chosen):
        raise RuntimeError(f"weights.ndim ({weights.ndim}) must match len(axes) ({len(chosen)})")
    if not isinstance(mode, str):
        raise RuntimeError("A sequence of modes is not supported")
    if convolves:
        weights = anp.flip(weights)
    shape, origins = [1] * x.ndim, [0] * x.ndim
    for size, axis in zip(weights.shape, sorted([axis for axis, _ in chosen])):
        shape[axis] = size
    for axis, each in chosen:
        each = mirrored_origin(each, shape[axis]) if convolves else each
        origins[axis] = checked_origin(each, shape[axis])
    weights = anp.reshape(weights, shape)
    return correlate_bounded(x, weights, mode_of(mode), cval, tuple(origins))


@define(scipy.ndimage.correlate)
def correlate(input, weights, mode="reflect", cval=0.0, origin=0, axes=None):
    refuse_traced("correlate", cval=cval)
    return correlate_nd(as_array(input), weights_of(weights, True), mode, cval, origin, axes, False)


@define(scipy.ndimage.convolve)
def convolve(input, weights, mode="reflect", cval=0.0, origin=0, axes=None):
    refuse_traced("convolve", cval=cval)
    return correlate_nd(as_array(input), weights_of(weights, False), mode, cval, origin, axes, True)


# Gaussians: the derivatives of φ(x) = exp(−x² / 2σ²) are q φ, where q' ← q' − q x / σ²


def gaussian_weights(sigma, order, radius):
    x = np.arange(-radius, radius + 1)
    square = sigma * sigma
    values = anp.exp(-0.5 / square * x**2)
    values = values / anp.sum(values)
    q = [1.0]
    for _ in range(order):
        slope = [k * each for k, each in enumerate(q)][1:] + [0.0, 0.0]
        q = [a - b / square for a, b in zip(slope, [0.0, *q])]
    factor = 0.0
    for k, each in enumerate(q):
        factor = factor + each * x.astype(float) ** k
    return anp.flip(factor * values)


def gaussian_along(x, sigma, axis, order, mode, cval, truncate, radius):
    if radius is None:
        radii = {int(radius) for radius in np.ravel(truncate * to_recorded(sigma) + 0.5)}
        if len(radii) > 1:
            raise TracedValueError(f"gaussian filter: the values of sigma in a batch need filters of several lengths "
                                   f"({caller_line()}). Give radius=, for all of them.")
        radius = radii.pop()
    return correlate_along(x, gaussian_weights(sigma, operator.index(order), radius), axis, mode, cval, 0)


@define(scipy.ndimage.gaussian_filter1d)
def gaussian_filter1d(input, sigma, axis=-1, order=0, mode="reflect", cval=0.0, truncate=4.0, radius=None):
    refuse_traced("gaussian_filter1d", cval=cval, truncate=truncate)
    x = as_array(input)
    return gaussian_along(x, sigma, normalize_axis_index(axis, x.ndim), order, mode, cval, truncate, radius)


def gaussian(x, sigma, order, mode, cval, truncate=4.0, radius=None, axes=None):
    for axis, *each, size in axes_and_parameters(x, axes, sigma, order, mode, radius):
        sigma, order, mode = each
        if anp.all(to_recorded(sigma) > 1e-15):
            x = gaussian_along(x, sigma, axis, order, mode, cval, truncate, size)
    return x


@define(scipy.ndimage.gaussian_filter)
def gaussian_filter(input, sigma, order=0, mode="reflect", cval=0.0, truncate=4.0, radius=None, axes=None):
    refuse_traced("gaussian_filter", cval=cval, truncate=truncate)
    return gaussian(as_array(input), sigma, order, mode, cval, truncate, radius, axes)


def derivatives_by_gaussian(x, sigma, order, mode, cval, axes, kwargs):
    """The derivative of this order along each of the axes, smoothed along all."""
    chosen = axes_and_parameters(x, axes, sigma, mode)
    sigmas = [0.0] * x.ndim
    for axis, each, _ in chosen:
        sigmas[axis] = each
    for axis, _, mode in chosen:
        orders = [order if i == axis else 0 for i in range(x.ndim)]
        yield gaussian(x, sigmas, orders, mode, cval, **kwargs)


@define(scipy.ndimage.gaussian_laplace)
def gaussian_laplace(input, sigma, output=None, mode="reflect", cval=0.0, axes=None, **kwargs):
    if output is not None:
        refuse(scipy.ndimage.gaussian_laplace, "output")
    refuse_traced("gaussian_laplace", cval=cval)
    return sum(derivatives_by_gaussian(as_array(input), sigma, 2, mode, cval, axes, kwargs))


@define(scipy.ndimage.gaussian_gradient_magnitude)
def gaussian_gradient_magnitude(input, sigma, output=None, mode="reflect", cval=0.0, axes=None, **kwargs):
    if output is not None:
        refuse(scipy.ndimage.gaussian_gradient_magnitude, "output")
    refuse_traced("gaussian_gradient_magnitude", cval=cval)
    each = derivatives_by_gaussian(as_array(input), sigma, 1, mode, cval, axes, kwargs)
    square = sum([derivative * derivative for derivative in each])
    is_flat = anp.equal(square, 0)  # where the slope is 0, as that of a norm
    return anp.where(is_flat, 0, anp.sqrt(anp.where(is_flat, 1, square)))


# Means and differences


@define(scipy.ndimage.uniform_filter1d)
def uniform_filter1d(input, size, axis=-1, mode="reflect", cval=0.0, origin=0):
    refuse_traced("uniform_filter1d", size=size, cval=cval)
    x = as_array(input)
    axis = normalize_axis_index(axis, x.ndim)
    return mean_along(x, operator.index(size), axis, mode_of(mode), cval, checked_origin(origin, size))


@define(scipy.ndimage.uniform_filter)
def uniform_filter(input, size=3, mode="reflect", cval=0.0, origin=0, axes=None):
    refuse_traced("uniform_filter", size=size, cval=cval)
    x = as_array(input)
    for axis, each, boundary, place in axes_and_parameters(x, axes, size, mode, origin):
        if each > 1:
            x = mean_along(x, int(each), axis, mode_of(boundary), cval, checked_origin(place, int(each)))
    return x


@define(scipy.ndimage.laplace)
def laplace(input, mode="reflect", cval=0.0, axes=None):
    refuse_traced("laplace", cval=cval)
    x, weights = as_array(input), np.array([1.0, -2.0, 1.0])
    return sum([correlate_along(x, weights, axis, mode, cval, 0) for axis, mode in axes_and_parameters(x, axes, mode)])


def edges(function, across):
    @define(function)
    def definition(input, axis=-1, mode="reflect", cval=0.0):
        refuse_traced(function.__name__, cval=cval)
        x = as_array(input)
        axis = normalize_axis_index(axis, x.ndim)
        modes = each_axis(mode, x.ndim)
        x = correlate_along(x, np.array([-1.0, 0.0, 1.0]), axis, modes[axis], cval, 0)
        for other in range(x.ndim):
            if other != axis:
                x = correlate_along(x, np.array(across), other, modes[other], cval, 0)
        return x


edges(scipy.ndimage.prewitt, [1.0, 1.0, 1.0])
edges(scipy.ndimage.sobel, [1.0, 2.0, 1.0])

for _name in ("generic_filter", "generic_filter1d", "generic_gradient_magnitude", "generic_laplace"):
    define(getattr(scipy.ndimage, _name))(
        refuses(f"ndimage.{_name}", "It calls a function on plain windows: write the filter with NumPy's functions.")
    )
