"""detrend and the analytic signal: linear in the signal, each by one product for each frequency or segment."""

from __future__ import annotations

import operator

import numpy as np
import scipy.fft
import scipy.signal

from ...core.traits import declare
from ...core.unary import unary
from ...numpy import fft
from ...numpy.batching import first_mapped
from ...numpy.broadcasting import match_dtype
from ...numpy.canonical import as_array
from ...numpy.definers import define, linear
from .filters import along_axis

__all__ = ["detrend_along"]


@unary
def detrend_along(x, axis, type, bp):
    return scipy.signal.detrend(x, axis, type, bp)


# What is left of a projection is a projection: it is its own transpose.
linear(detrend_along, lambda g, ans, x, *params: match_dtype(detrend_along(g, *params), x.dtype), owns_memory=True)
declare(detrend_along, batching=first_mapped(lambda x, axis, type, bp: detrend_along(x, axis + 1, type, bp)))


@define(scipy.signal.detrend)
def detrend(data, axis=-1, type="linear", bp=0, overwrite_data=False):
    x = as_array(data)
    return detrend_along(x, along_axis(x, axis), type, tuple(np.ravel(bp).tolist()))


def weights_of(function, shape):
    """By what SciPy's function multiplies each frequency: 0, 1, 2 or 4."""
    impulse = np.zeros(shape)
    impulse[(0,) * len(shape)] = 1
    return np.rint(scipy.fft.fftn(function(impulse)).real)


@define(scipy.signal.hilbert)
def hilbert(x, N=None, axis=-1):
    x = as_array(x)
    if x.dtype.kind == "c":
        raise ValueError("x must be real.")
    axis = along_axis(x, axis)
    count = x.shape[axis] if N is None else operator.index(N)
    if count <= 0:
        raise ValueError("N must be positive.")
    spectrum = fft.fft(x, count, axis)
    weights = weights_of(scipy.signal.hilbert, (count,)).astype(np.finfo(spectrum.dtype).dtype)
    return fft.ifft(spectrum * weights.reshape((-1, *[1] * (x.ndim - axis - 1))), axis=axis)


@define(scipy.signal.hilbert2)
def hilbert2(x, N=None, axes=(-2, -1)):
    x = as_array(x)
    if x.dtype.kind == "c":
        raise ValueError("x must be real.")
    if x.ndim < 2:
        raise ValueError("x must be at least 2-D.")
    first, second = (along_axis(x, axis) for axis in axes)
    count = (x.shape[first], x.shape[second]) if N is None else (N, N) if isinstance(N, int) else tuple(N)
    spectrum = fft.fft2(x, count, (first, second))
    weights = weights_of(scipy.signal.hilbert2, count).astype(np.finfo(spectrum.dtype).dtype)
    shape = [1] * x.ndim
    shape[first], shape[second] = count
    weights = weights if first < second else weights.T
    return fft.ifft2(spectrum * weights.reshape(shape), axes=(first, second))
