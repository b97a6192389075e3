"""The public convolutions and correlations, by one primitive."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_index

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.parameters import whole_numbers
from ..convolving import convolve_along, part_of

__all__ = ["convolve", "correlate"]


def convolved(function, x, y, mode, method):
    """The convolution of any two arrays, as ``function`` of SciPy has it."""
    if x.ndim != y.ndim or mode not in ("full", "same", "valid") or not x.size or not y.size:
        return answer_by_shape(function, x, y, mode)
    if x.ndim == 0:
        return x * y
    if mode == "valid":
        x, y = larger_first(x, y, range(x.ndim))
    return convolve_along(x, y, mode, method, None)


def answer_by_shape(function, x, y, *params):
    """SciPy says what is wrong with the shapes, or gives something empty."""
    return function(np.ones(x.shape, x.dtype), np.ones(y.shape, y.dtype), *params)


def larger_first(x, y, axes):
    if all([x.shape[axis] >= y.shape[axis] for axis in axes]):
        return x, y
    if all([x.shape[axis] <= y.shape[axis] for axis in axes]):
        return y, x
    raise ValueError("For 'valid' mode, one must be at least as large as the other in every dimension")


@define(scipy.signal.convolve)
def convolve(in1, in2, mode="full", method="auto"):
    check_method(method)
    return convolved(scipy.signal.convolve, as_array(in1), as_array(in2), mode, method)


@define(scipy.signal.correlate)
def correlate(in1, in2, mode="full", method="auto"):
    check_method(method)
    return convolved(scipy.signal.correlate, as_array(in1), conjugate_reversed(in2), mode, method)


def check_method(method):
    if method not in ("auto", "direct", "fft"):
        raise ValueError("Acceptable method flags are 'auto', 'direct', or 'fft'.")


def conjugate_reversed(x):
    x = as_array(x)
    x = anp.conjugate(x) if x.dtype.kind == "c" else x
    return anp.flip(x) if x.ndim else x


def by_transform(function, method):
    @define(function)
    def definition(in1, in2, mode="full", axes=None):
        x, y = as_array(in1), as_array(in2)
        axes = axes if axes is None else whole_numbers(axes)
        if x.ndim != y.ndim or not x.size or not y.size or mode not in ("full", "same", "valid") or axes == ():
            return answer_by_shape(function, x, y, mode, axes)
        chosen = range(x.ndim) if axes is None else axes if isinstance(axes, tuple) else (axes,)
        # SciPy broadcasts axes of length one instead; of these "same" takes the middle.
        chosen = [normalize_axis_index(axis, x.ndim) for axis in chosen]
        chosen = tuple([axis for axis in chosen if x.shape[axis] != 1 != y.shape[axis]])
        if mode == "same":
            middle = {axis: ((m - 1) // 2, (m - 1) // 2 + 1) for axis, m in enumerate(y.shape) if x.shape[axis] == 1}
            y = part_of(y, middle)
        if not chosen:
            return x * y
        if mode == "valid":
            x, y = larger_first(x, y, chosen)
        return convolve_along(x, y, mode, method, chosen)


by_transform(scipy.signal.fftconvolve, "fft")
by_transform(scipy.signal.oaconvolve, "oa")


# Of matrices, with boundaries

PADDING = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap", "symm": "symmetric",
           "symmetric": "symmetric"}


def convolve_matrices(function, x, y, mode, boundary, fillvalue):
    is_zero = boundary in ("fill", "pad") and type(fillvalue) in (int, float) and not fillvalue
    is_even = mode == "same" and function is scipy.signal.correlate2d and any([m % 2 == 0 for m in y.shape])
    if x.ndim != 2 or y.ndim != 2 or boundary not in PADDING or mode == "valid" or is_zero and not is_even:
        return convolved(function, x, y, mode, "2d")
    rows, columns = y.shape
    options = {"constant_values": fillvalue} if PADDING[boundary] == "constant" else {}
    x_padded = anp.pad(x, ((rows - 1,) * 2, (columns - 1,) * 2), PADDING[boundary], **options)
    full = convolve_along(x_padded, y, "valid", "2d", None)
    if mode == "full":
        return full
    # The middle of a correlation by an even number of elements is the one before.
    starts = [m // 2 if function is scipy.signal.correlate2d else (m - 1) // 2 for m in y.shape]
    return part_of(full, {axis: (start, start + x.shape[axis]) for axis, start in enumerate(starts)})


@define(scipy.signal.convolve2d)
def convolve2d(in1, in2, mode="full", boundary="fill", fillvalue=0):
    return convolve_matrices(scipy.signal.convolve2d, as_array(in1), as_array(in2), mode, boundary, fillvalue)


@define(scipy.signal.correlate2d)
def correlate2d(in1, in2, mode="full", boundary="fill", fillvalue=0):
    x, y = as_array(in1), conjugate_reversed(in2)
    if mode == "valid" and x.ndim == y.ndim == 2 and (x.shape[0] < y.shape[0] or x.shape[1] < y.shape[1]):
        # SciPy changes the places of the two, and takes the conjugate of the other.
        x, y = (anp.conjugate(each) if each.dtype.kind == "c" else each for each in (x, y))
    return convolve_matrices(scipy.signal.correlate2d, x, y, mode, boundary, fillvalue)
