"""Filters without delay, and those that smooth: filtfilt, sosfiltfilt, savgol_filter, wiener; and deconvolve."""

from __future__ import annotations

import numpy as np
import scipy.signal

from ...core.errors import TracedValueError, caller_line
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.along_axes import at_least_1d
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..ndimage import convolve1d
from ..plain_arguments import refuse_traced
from ..convolving import part_of
from .convolutions import convolve, correlate
from .extensions import extend_signal
from .filters import along_axis, filter_with_state, first_state, lfilter, sections, sections_with_state, sosfilt_zi

__all__ = ["both_ways"]


def both_ways(x, axis, padtype, padlen, taps, state, filter_from):
    """``x`` filtered forwards and backwards, each time from the state of a constant."""
    if padtype not in ("even", "odd", "constant", None):
        raise ValueError(f"Unknown value '{padtype}' given to padtype. padtype must be 'even', 'odd', 'constant', or "
                         "None.")
    edge = 0 if padtype is None else 3 * taps if padlen is None else padlen
    if x.shape[axis] <= edge:
        raise ValueError(f"The length of the input vector x must be greater than padlen, which is {edge}.")
    y = extend_signal(x, edge, axis, padtype)
    for _ in range(2):
        y = anp.flip(filter_from(y, state * part_of(y, {axis: (0, 1)})), axis)
    return part_of(y, {axis: (edge, y.shape[axis] - edge)})


@define(scipy.signal.filtfilt)
def filtfilt(b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    if method != "pad":
        raise TracedValueError(f"filtfilt: method={method!r} is not there for traced values ({caller_line()}). Use "
                               "method='pad'.")
    b, a, x = at_least_1d(b), at_least_1d(a), as_array(x)
    axis = along_axis(x, axis)
    state = anp.reshape(first_state(b, a), [-1 if i == axis else 1 for i in range(x.ndim)])
    return both_ways(x, axis, padtype, padlen, max(b.shape[0], a.shape[0]), state,
                     lambda x, zi: filter_with_state(b, a, x, zi, axis)[0])


@define(scipy.signal.sosfiltfilt)
def sosfiltfilt(sos, x, axis=-1, padtype="odd", padlen=None):
    x, parts = as_array(x), sections(sos)
    axis = along_axis(x, axis)
    plain = to_recorded(as_array(sos))
    zeros = {int(n) for n in np.ravel(anp.minimum(*[anp.sum(plain[..., i] == 0, -1) for i in (2, 5)]))}
    if len(zeros) > 1:
        raise TracedValueError(f"sosfiltfilt: the sections of a batch are of several orders ({caller_line()}). Filter "
                               "them one by one.")
    taps = 2 * len(parts) + 1 - zeros.pop()
    state = anp.reshape(sosfilt_zi(sos), (len(parts), *[2 if i == axis else 1 for i in range(x.ndim)]))
    return both_ways(x, axis, padtype, padlen, taps, state, lambda x, zi: sections_with_state(sos, x, zi, axis)[0])


# Savitzky-Golay: a convolution; at the ends the polynomial through the first and the last window


@define(scipy.signal.savgol_filter)
def savgol_filter(x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode="interp", cval=0.0):
    refuse_traced("savgol_filter", delta=delta, cval=cval)
    x = as_array(x)
    axis = along_axis(x, axis)
    if mode not in ("mirror", "constant", "nearest", "interp", "wrap"):
        raise ValueError("mode must be 'mirror', 'constant', 'nearest' 'wrap' or 'interp'.")
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    if mode != "interp":
        return convolve1d(x, weights, axis, mode=mode, cval=cval)
    size = x.shape[axis]
    if window_length > size:
        raise ValueError("If mode is 'interp', window_length must be less than or equal to the size of x.")
    # Of a signal of that length SciPy's function is a matrix, of which the ends have the first and the last rows.
    matrix = scipy.signal.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, delta, axis=0)
    matrix, half = matrix.astype(x.dtype if x.dtype.kind == "f" else np.float64), window_length // 2
    middle = part_of(convolve1d(x, weights, axis, mode="constant"), {axis: (half, size - half)})
    ends = [part_of(x, {axis: (0, window_length)}), part_of(x, {axis: (size - window_length, size)})]
    rows = matrix[:half], matrix[window_length - half :]
    left, right = (anp.moveaxis(anp.tensordot(row, end, (1, axis)), 0, axis) for row, end in zip(rows, ends))
    return anp.concatenate([left, middle, right], axis)


@define(scipy.signal.wiener)
def wiener(im, mysize=None, noise=None):
    x = as_array(im)
    shape = (3,) * x.ndim if mysize is None else tuple(np.broadcast_to(mysize, (x.ndim,)).tolist())
    ones, count = np.ones(shape), float(np.prod(shape))
    mean = correlate(x, ones, "same") / count
    variance = correlate(x * x, ones, "same") / count - mean * mean
    noise = anp.mean(variance) if noise is None else noise
    is_noise = variance < noise
    kept = 1 - noise / anp.where(is_noise, 1.0, variance)
    return anp.where(is_noise, mean, (x - mean) * kept + mean)


@define(scipy.signal.deconvolve)
def deconvolve(signal, divisor):
    numerator, denominator = at_least_1d(signal), at_least_1d(divisor)
    if numerator.ndim > 1 or denominator.ndim > 1:
        raise ValueError("signal and divisor must be 1-D.")
    count = numerator.shape[0] - denominator.shape[0] + 1
    if count < 1:
        return np.zeros(0, numerator.dtype), numerator
    impulse = np.zeros(count)
    impulse[0] = 1
    quotient = lfilter(numerator, denominator, impulse)
    return quotient, numerator - convolve(denominator, quotient)
