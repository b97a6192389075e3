"""Signals at other rates: resample by Fourier transforms, upfirdn, resample_poly and decimate by filters."""

from __future__ import annotations

import math
import operator

import numpy as np
import scipy.fft
import scipy.signal

from ...core.errors import TracedValueError, caller_line
from ...core.primitives import primitive
from ...numpy import fft
from ...numpy import wrapped as anp
from ...numpy.broadcasting import match_dtype
from ...numpy.canonical import as_array
from ...numpy.definers import define, multilinear
from ..plain_arguments import is_traced
from ..convolving import convolve_along, pad_zeros, part_of
from .filters import along_axis, sosfilt
from .smoothing import sosfiltfilt

__all__ = ["upfirdn_along"]


@primitive
def upfirdn_along(h, x, up, down, axis):
    """The sums Σ h[m · down − n · up] x[n] for each m."""
    return scipy.signal.upfirdn(h, x, up, down, axis)


# In x: Σ g[m] h[m · down − n · up], which is upfirdn of g with h reversed and the rates exchanged, from some place on.
# For n = 0 to be at one of its places, h begins with zeros.


def transpose_h(g, ans, h, x, up, down, axis):
    one = np.ones(1, g.dtype)
    g, x = upfirdn_along(one, g, down, 1, axis), upfirdn_along(np.ones(1, x.dtype), x, up, 1, axis)
    size = x.shape[axis] + h.shape[0] - 1
    g = pad_zeros(g, {axis: (0, size - g.shape[axis])})
    return match_dtype(anp.reshape(convolve_along(g, anp.flip(x), "valid", "auto", None), h.shape), h.dtype)


def transpose_x(g, ans, h, x, up, down, axis):
    zeros = (1 - h.shape[0]) % up
    start = (h.shape[0] - 1 + zeros) // up
    size = x.shape[axis]
    found = upfirdn_along(pad_zeros(anp.flip(h), {0: (zeros, 0)}), g, down, up, axis)
    found = part_of(found, {axis: (start, start + size)})
    return match_dtype(pad_zeros(found, {axis: (0, size - found.shape[axis])}), x.dtype)


def batch_upfirdn(batch, prim, args, kwargs):
    h, x, up, down, axis = args
    return NotImplemented if batch.mapped[0] else prim(h, x, up, down, axis + 1)


multilinear(upfirdn_along, transpose_h, transpose_x, batching=batch_upfirdn, owns_memory=True)


@define(scipy.signal.upfirdn)
def upfirdn(h, x, up=1, down=1, axis=-1, mode="constant", cval=0):
    h, x = as_array(h), as_array(x)
    if mode not in (None, "constant") or is_traced(cval) or cval:
        raise TracedValueError(f"upfirdn: mode={mode!r}, cval={cval!r} are not there for traced values "
                               f"({caller_line()}). Extend the signal before, with numpy.pad.")
    if h.ndim != 1 or not h.shape[0]:
        raise ValueError("h must be 1-D with non-zero length")
    return upfirdn_along(h, x, operator.index(up), operator.index(down), along_axis(x, axis))


BACKGROUNDS = {"mean": anp.mean, "median": anp.median, "minimum": anp.min, "maximum": anp.max}


@define(scipy.signal.resample_poly)
def resample_poly(x, up, down, axis=0, window=("kaiser", 5.0), padtype="constant", cval=None):
    x = as_array(x)
    axis = along_axis(x, axis)
    up, down = operator.index(up), operator.index(down)
    if up < 1 or down < 1:
        raise ValueError("up and down must be >= 1")
    if padtype not in ("constant", *BACKGROUNDS) or cval is not None and (is_traced(cval) or cval):
        raise TracedValueError(f"resample_poly: padtype={padtype!r}, cval={cval!r} are not there for traced values "
                               f"({caller_line()}). Use padtype 'constant', or one of {', '.join(BACKGROUNDS)}.")
    divisor = math.gcd(up, down)
    up, down = up // divisor, down // divisor
    if up == down == 1:
        return 1 * x
    size = x.shape[axis]
    count = -(-size * up // down)
    if isinstance(window, (str, tuple)):
        half = 10 * max(up, down)
        h = scipy.signal.firwin(2 * half + 1, 1.0 / max(up, down), window=window)
        h = h.astype(x.dtype if x.dtype.kind in "fc" else np.float64)
    else:
        h = as_array(window)
        half = (h.shape[0] - 1) // 2
    before = down - half % down
    skipped = (half + before) // down
    h = pad_zeros(up * h, {0: (before, 0)})
    # as many zeros behind as give all of the answer
    after = max((count + skipped - 1) * down + 1 - (size - 1) * up - h.shape[0], 0)
    h = pad_zeros(h, {0: (0, after)})
    background = BACKGROUNDS[padtype](x, axis=axis, keepdims=True) if padtype != "constant" else None
    y = upfirdn_along(h, x if background is None else x - background, up, down, axis)
    y = part_of(y, {axis: (skipped, skipped + count)})
    return y if background is None else y + background


@define(scipy.signal.decimate)
def decimate(x, q, n=None, ftype="iir", axis=-1, zero_phase=True):
    x, q = as_array(x), operator.index(q)
    axis = along_axis(x, axis)
    dtype = x.dtype if x.dtype.kind in "fc" and x.dtype != np.float16 else np.float64
    if ftype == "fir":
        b = scipy.signal.firwin((20 * q if n is None else operator.index(n)) + 1, 1.0 / q, window="hamming")
        b = b.astype(dtype)
        if zero_phase:
            return resample_poly(x, 1, q, axis, window=b)
        return part_of(upfirdn_along(b, x, 1, q, axis), {axis: (0, -(-x.shape[axis] // q))})
    if ftype != "iir":
        raise TracedValueError(f"decimate: ftype has to be 'iir' or 'fir' for traced values ({caller_line()}).")
    sos = scipy.signal.cheby1(8 if n is None else operator.index(n), 0.05, 0.8 / q, output="sos").astype(dtype)
    y = sosfiltfilt(sos, x, axis) if zero_phase else sosfilt(sos, x, axis)
    return y[(*[slice(None)] * axis, slice(None, None, q))]


# resample: the spectrum, cut or padded with zeros


@define(scipy.signal.resample)
def resample(x, num, t=None, axis=0, window=None, domain="time"):
    if domain not in ("time", "freq"):
        raise ValueError(f"Parameter domain={domain!r} not in ('time', 'freq')!")
    x = as_array(x)
    axis, num = along_axis(x, axis), operator.index(num)
    x = anp.moveaxis(x, axis, -1)
    size = x.shape[-1]
    weights = spectral_window(window, size)
    spectrum = fft.fft(x) if domain == "time" else x
    if weights is not None:
        spectrum = spectrum * anp.astype(weights, np.finfo(spectrum.dtype).dtype)
    fewer = min(num, size)
    positive, negative = fewer // 2 + 1, fewer - fewer // 2 - 1
    low = spectrum[..., :positive]
    # What stands for both signs of the last frequency is united, or split.
    if fewer % 2 == 0 and num != size:
        last = spectrum[..., fewer // 2 : fewer // 2 + 1]
        other = spectrum[..., size - fewer // 2 : size - fewer // 2 + 1]
        last = last + other if num < size else last / 2
        low = anp.concatenate([low[..., :-1], last], -1)
        high = spectrum[..., size - negative :] if negative else spectrum[..., :0]
        high = high if num < size else anp.concatenate([last, high], -1)
    else:
        high = spectrum[..., size - negative :] if negative else spectrum[..., :0]
    zeros = np.zeros((*x.shape[:-1], num - low.shape[-1] - high.shape[-1]), spectrum.dtype)
    answer = fft.ifft(anp.concatenate([low, zeros, high], -1) * (num / size))
    if domain == "time" and x.dtype.kind != "c":
        answer = anp.real(answer)
    answer = anp.moveaxis(answer, -1, axis)
    if t is None:
        return answer
    return answer, t[0] + (t[1] - t[0]) * (size / num) * np.arange(num)


def spectral_window(window, size):
    if window is None:
        return None
    if callable(window):
        return as_array(window(scipy.fft.fftfreq(size)))
    if isinstance(window, (str, tuple, float)):
        return scipy.fft.fftshift(scipy.signal.get_window(window, size))
    window = as_array(window)
    if window.shape != (size,):
        raise ValueError("window must have the same length as data")
    return window
