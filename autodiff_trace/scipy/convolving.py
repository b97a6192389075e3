"""Convolution as a primitive, for signals and for images.

Convolution is bilinear, and each of its transposes is a convolution by the other operand reversed, which is done by the
same method: of what is large by the fast Fourier transform.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.signal

from ..core.primitives import primitive
from ..core.traits import declare
from ..numpy import wrapped as anp
from ..numpy.batching import map_all
from ..numpy.broadcasting import unbroadcast
from ..numpy.definers import multilinear

__all__ = ["convolve_along", "pad_zeros", "part_of", "reverse"]

FEW = 128
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
    answer, axes = np.empty(shape, np.result_type(x, y)), range(y.ndim)
    for place in np.ndindex(*shape):
        part = x[tuple([slice(start, start + n) for start, n in zip(place, y.shape)])]
        answer[place] = np.einsum(part, axes, y, axes, ())  # which starts no threads, as dot does (milliseconds)
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
