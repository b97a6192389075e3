"""Rules of convolutions and correlations, all of which are one primitive.

Convolution is bilinear, and each of its transposes is a convolution by the other operand reversed, which is done by the
same method: of what is large by the fast Fourier transform.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_index

from ...core.primitives import primitive
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.batching import map_all
from ...numpy.broadcasting import unbroadcast
from ...numpy.canonical import as_array
from ...numpy.definers import define, multilinear
from ...numpy.parameters import whole_numbers

__all__ = ["convolve_along", "pad_zeros", "part_of", "reverse"]

FEW = 32
"""Elements of an answer, each a sum of products of two large arrays: these sums take less than a transform."""


@primitive
def convolve_along(x, y, mode, method, axes):
    """The convolution of ``x`` and ``y`` along ``axes`` (None for all), broadcast along the others.

    In mode "valid" ``y`` fits into ``x``. ``method`` is one of ``scipy.signal.convolve``, "oa" for overlapping parts,
    or "2d" for SciPy's own function of matrices.
    """
    if method == "2d":
        return scipy.signal.convolve2d(x, y, mode)
    if axes is None and method != "oa":
        if mode == "valid" and method != "fft" and 0 < y.size < x.size:
            shape = [n - m + 1 for n, m in zip(x.shape, y.shape)]
            if math.prod(shape) <= min(FEW, y.size):
                return sums_of_products(x, y, shape)
        if x.dtype.kind not in "fc":
            return scipy.signal.convolve(x, y, mode, "auto" if method == "fft" else method)
        if method == "auto":
            method = scipy.signal.choose_conv_method(x, y, mode)
        if method == "direct":
            return scipy.signal.convolve(x, y, mode, "direct")
    function = scipy.signal.oaconvolve if method == "oa" else scipy.signal.fftconvolve
    return function(x, y, mode, axes)


def sums_of_products(x, y, shape):
    y = np.ascontiguousarray(np.flip(y))
    answer = np.empty(shape, np.result_type(x, y))
    for place in np.ndindex(*shape):
        part = x[tuple([slice(start, start + n) for start, n in zip(place, y.shape)])]
        answer[place] = np.dot(part.ravel(), y.ravel())
    return answer


def reverse(x, axes):
    return anp.flip(x, axes)


def along(x, axes):
    return range(x.ndim) if axes is None else axes


def pad_zeros(g, widths):
    """``g`` with zeros around it: ``widths`` maps an axis to the counts before and after."""
    pairs = [widths.get(axis, (0, 0)) for axis in range(g.ndim)]
    return anp.pad(g, pairs) if any(map(any, pairs)) else g


def part_of(x, parts):
    """``x[…, start:stop, …]`` where ``parts`` maps an axis to ``(start, stop)``."""
    return x[tuple([slice(*parts[axis]) if axis in parts else slice(None) for axis in range(x.ndim)])]


def as_full(g, x, y, mode, axes):
    """The cotangent of the convolution in mode "full" from that of its middle, which "same" gives."""
    if mode == "full":
        return g
    widths = {axis: ((m - 1) // 2, m - 1 - (m - 1) // 2) for axis, m in [(i, y.shape[i]) for i in along(x, axes)]}
    return pad_zeros(g, widths)


def transpose_x(g, ans, x, y, mode, method, axes):
    reversed_y = reverse(y, axes)
    if mode == "valid":
        return unbroadcast(convolve_along(g, reversed_y, "full", method, axes), x)
    return unbroadcast(convolve_along(as_full(g, x, y, mode, axes), reversed_y, "valid", method, axes), x)


def transpose_y(g, ans, x, y, mode, method, axes):
    reversed_x = reverse(x, axes)
    if mode == "valid":
        return unbroadcast(convolve_along(reversed_x, g, "valid", method, axes), y)
    return unbroadcast(convolve_along(as_full(g, x, y, mode, axes), reversed_x, "valid", method, axes), y)


def batch_convolve(batch, prim, args, kwargs):
    x, y, mode, method, axes = args
    if method in ("fft", "oa"):
        axes = tuple([axis + 1 for axis in (range(np.ndim(y) - batch.mapped[1]) if axes is None else axes)])
        return prim(map_all(batch, [x, y])[0], y if batch.mapped[1] else y[None],
                    mode, method, axes)
    if method == "2d" or not batch.mapped[0] and mode != "full" or batch.mapped[0] and batch.mapped[1]:
        return NotImplemented
    # The batch is one more axis, along which the other operand has length one.
    return prim(x if batch.mapped[0] else x[None], y if batch.mapped[1] else y[None], mode, method, axes)


multilinear(convolve_along, transpose_x, transpose_y)
declare(convolve_along, batching=batch_convolve, owns_memory=True)


# The public functions


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
