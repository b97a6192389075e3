"""Spectra of segments: stft, istft, csd, welch, periodogram, coherence, spectrogram, in the signals and the window."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.fft
import scipy.signal

from ...numpy import fft
from ...numpy import wrapped as anp
from ...numpy.broadcasting import cast
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..convolving import pad_zeros
from ..plain_arguments import refuse_traced
from .detrending import detrend_along
from .extensions import extend_signal
from .filters import along_axis
from .segments import cut_segments, overlap_add

__all__: list[str] = []


def window_of(window, nperseg, size):
    """The window as an array, and its length: 256 where nothing says it, and that of the signal at most."""
    if isinstance(window, (str, tuple, float)):
        nperseg = 256 if nperseg is None else int(nperseg)
        if nperseg < 1:
            raise ValueError("nperseg must be a positive integer")
        if nperseg > size:
            warnings.warn(f"nperseg = {nperseg} is greater than input length = {size}, using nperseg = {size}",
                          stacklevel=2)
            nperseg = size
        return scipy.signal.get_window(window, nperseg), nperseg
    window = as_array(window)
    if window.ndim != 1 or window.shape[0] > size or nperseg not in (None, window.shape[0]):
        raise ValueError(f"a window of shape {window.shape} does not fit nperseg={nperseg} and a signal of {size}")
    return window, window.shape[0]


def checked_lengths(nperseg, noverlap, nfft, default_overlap):
    nfft = nperseg if nfft is None else int(nfft)
    if nfft < nperseg:
        raise ValueError("nfft must be greater than or equal to nperseg.")
    noverlap = default_overlap if noverlap is None else int(noverlap)
    if noverlap >= nperseg:
        raise ValueError("noverlap must be less than nperseg.")
    return noverlap, nfft


def real_dtype(*arrays):
    return np.finfo(np.result_type(*[each.dtype for each in arrays], np.complex64)).dtype


def transformed(x, window, step, nfft, detrend, onesided):
    """The Fourier transforms of the segments along the last axis: […, segment, frequency]."""
    segments = cut_segments(x, window.shape[0], step)
    if callable(detrend):
        segments = detrend(segments)
    elif detrend:
        segments = detrend_along(segments, segments.ndim - 1, detrend, (0,))
    return (fft.rfft if onesided else fft.fft)(segments * window, nfft)


def scale_of(window, fs, scaling):
    """What squares of transforms are multiplied by."""
    if scaling == "density":
        return 1 / (fs * anp.sum(window * window))
    if scaling == "spectrum":
        return 1 / anp.sum(window) ** 2
    raise ValueError(f"Unknown scaling: {scaling!r}")


def frequencies(nfft, fs, onesided):
    return (scipy.fft.rfftfreq if onesided else scipy.fft.fftfreq)(nfft, 1 / fs)


def count_both_signs(spectrum, nfft):
    """One-sided densities, of which each but the first, and the last of an even number, stands for −f, too."""
    weights = np.full(spectrum.shape[-1], 2.0, real_dtype(spectrum))
    weights[0] = 1
    if nfft % 2 == 0:
        weights[-1] = 1
    return spectrum * weights


def cross_spectra(x, y, fs, window, nperseg, noverlap, nfft, detrend, onesided, scaling, axis, average):
    """The mean of conj(X) Y over segments; ``y`` is None for ``x``."""
    refuse_traced("spectrum", fs=fs)
    x = as_array(x)
    both = [x] if y is None else [x, as_array(y)]
    places = [along_axis(each, axis) for each in both]
    both = [anp.moveaxis(each, place, -1) for each, place in zip(both, places)]
    size = max([each.shape[-1] for each in both])
    both = [pad_zeros(each, {each.ndim - 1: (0, size - each.shape[-1])}) for each in both]
    window, nperseg = window_of(window, nperseg, size)
    noverlap, nfft = checked_lengths(nperseg, noverlap, nfft, nperseg // 2)
    onesided = onesided and all([each.dtype.kind != "c" for each in both])
    window = cast(window, real_dtype(*both)) if window.dtype.kind == "f" else window
    each = [transformed(part, window, nperseg - noverlap, nfft, detrend, onesided) for part in both]
    product = anp.abs(each[0]) ** 2 if y is None else anp.conjugate(each[0]) * each[1]
    product = product * cast(as_array(scale_of(window, fs, scaling)), real_dtype(*both))
    product = count_both_signs(product, nfft) if onesided else product
    if average == "mean" or product.shape[-2] == 1:
        mean = anp.mean(product, -2)
    elif average == "median":
        ns = 2 * np.arange(1.0, (product.shape[-2] - 1) // 2 + 1)
        bias = 1 + np.sum(1 / (ns + 1) - 1 / ns)  # of the median of exponential variables
        mean = anp.median(anp.real(product), -2)
        mean = mean if y is None else mean + 1j * anp.median(anp.imag(product), -2)
        mean = cast(mean / bias, product.dtype)
    else:
        raise ValueError(f"average must be 'median' or 'mean', got {average}")
    place = places[0] if len(both) == 1 or both[0].ndim >= both[1].ndim else places[1]
    return frequencies(nfft, fs, onesided), anp.moveaxis(mean, -1, place)


@define(scipy.signal.csd)
def csd(x, y, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average):
    options = fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average
    return cross_spectra(x, None if y is x else y, *options)


@define(scipy.signal.welch)
def welch(x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average):
    options = fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average
    return cross_spectra(x, None, *options)


@define(scipy.signal.periodogram)
def periodogram(x, fs, window, nfft, detrend, return_onesided, scaling, axis):
    x = as_array(x)
    axis = along_axis(x, axis)
    nperseg = x.shape[axis]
    if nfft is not None and nfft < nperseg:
        x = x[(*[slice(None)] * axis, slice(nfft))]
        nperseg, nfft = nfft, None
    window = "boxcar" if window is None else window
    return cross_spectra(x, None, fs, window, nperseg, 0, nfft, detrend, return_onesided, scaling, axis, "mean")


@define(scipy.signal.coherence)
def coherence(x, y, fs, window, nperseg, noverlap, nfft, detrend, axis):
    options = fs, window, nperseg, noverlap, nfft, detrend, True, "density", axis, "mean"
    frequency, px = cross_spectra(x, None, *options)
    _, py = cross_spectra(y, None, *options)
    _, cross = cross_spectra(x, y, *options)
    return frequency, anp.abs(cross) ** 2 / px / py


def short_time(x, fs, window, nperseg, noverlap, nfft, detrend, onesided, boundary, padded, axis, scaling, overlap_of):
    """Frequencies, times and the scaled transforms of segments, […, segment, frequency], and where that axis goes."""
    refuse_traced("spectrum", fs=fs)
    x = as_array(x)
    place = along_axis(x, axis)
    x = anp.moveaxis(x, place, -1)
    dtype = real_dtype(x)
    window, nperseg = window_of(window, nperseg, x.shape[-1])
    noverlap, nfft = checked_lengths(nperseg, noverlap, nfft, overlap_of(nperseg))
    step = nperseg - noverlap
    if boundary not in ("even", "odd", "constant", "zeros", None):
        raise ValueError(f"Unknown boundary option '{boundary}'")
    x = extend_signal(x, nperseg // 2, x.ndim - 1, boundary)
    if padded:
        x = pad_zeros(x, {x.ndim - 1: (0, (-(x.shape[-1] - nperseg) % step) % nperseg)})
    if onesided and x.dtype.kind == "c":
        warnings.warn("Input data is complex, switching to return_onesided=False", stacklevel=2)
        onesided = False
    window = cast(window, dtype) if window.dtype.kind == "f" else window
    found = transformed(x, window, step, nfft, detrend, onesided)
    scale = anp.sqrt(cast(as_array(scale_of(window, fs, scaling)), dtype))
    time = np.arange(nperseg / 2, x.shape[-1] - nperseg / 2 + 1, step) / float(fs)
    time = time if boundary is None else time - nperseg / 2 / fs
    return frequencies(nfft, fs, onesided), time, found, scale, place, nfft if onesided else None


@define(scipy.signal.stft)
def stft(x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, boundary, padded, axis, scaling):
    if scaling not in ("spectrum", "psd"):
        raise ValueError(f"Parameter scaling={scaling!r} not in ['spectrum', 'psd']!")
    scaling = "density" if scaling == "psd" else scaling
    frequency, time, found, scale, place, _ = short_time(
        x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, boundary, padded, axis, scaling,
        lambda nperseg: nperseg // 2,
    )
    return frequency, time, anp.moveaxis(found * scale, -1, place)


@define(scipy.signal.spectrogram)
def spectrogram(x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, mode):
    if mode not in ("psd", "complex", "magnitude", "angle", "phase"):
        raise ValueError(f"unknown value for mode {mode}")
    frequency, time, found, scale, place, nfft = short_time(
        x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, None, False, axis, scaling,
        lambda nperseg: nperseg // 8,
    )
    found = found * scale
    if mode == "psd":
        found = anp.abs(found) ** 2
        found = found if nfft is None else count_both_signs(found, nfft)
    elif mode == "magnitude":
        found = anp.abs(found)
    elif mode in ("angle", "phase"):
        found = anp.angle(found)
    found = anp.moveaxis(found, -1, place)
    return frequency, time, anp.unwrap(found, axis=place if axis >= 0 else axis - 1) if mode == "phase" else found


@define(scipy.signal.istft)
def istft(Zxx, fs, window, nperseg, noverlap, nfft, input_onesided, boundary, time_axis, freq_axis, scaling):
    refuse_traced("istft", fs=fs)
    z = as_array(Zxx)
    if z.ndim < 2:
        raise ValueError("Input stft must be at least 2d!")
    time_axis, freq_axis = along_axis(z, time_axis), along_axis(z, freq_axis)
    if time_axis == freq_axis:
        raise ValueError("Must specify differing time and frequency axes!")
    bins, count = z.shape[freq_axis], z.shape[time_axis]
    default = 2 * (bins - 1) if input_onesided else bins
    nperseg = default if nperseg is None else int(nperseg)
    if nfft is None:
        nfft = nperseg if input_onesided and nperseg == default + 1 else default
    noverlap, nfft = checked_lengths(nperseg, noverlap, nfft, nperseg // 2)
    step = nperseg - noverlap
    z = anp.moveaxis(z, (time_axis, freq_axis), (-2, -1))
    window, _ = window_of(window, nperseg, nperseg)
    parts = (fft.irfft if input_onesided else fft.ifft)(z, nfft)[..., :nperseg]
    window = cast(window, real_dtype(parts))
    size = nperseg + (count - 1) * step
    if scaling not in ("spectrum", "psd"):
        raise ValueError(f"Parameter scaling={scaling!r} not in ['spectrum', 'psd']!")
    scale = anp.sum(window) if scaling == "spectrum" else anp.sqrt(fs * anp.sum(window**2))
    x = overlap_add(parts * (window * cast(as_array(scale), window.dtype)), size, step)
    norm = overlap_add(anp.broadcast_to(window**2, (count, nperseg)), size, step)
    if boundary:
        x, norm = (each[..., nperseg // 2 : -(nperseg // 2)] for each in (x, norm))
    is_sound = norm > 1e-10
    x = x / anp.where(is_sound, norm, 1.0)
    x = anp.moveaxis(x, -1, time_axis - (freq_axis < time_axis)) if x.ndim > 1 else x
    return np.arange(x.shape[0]) / float(fs), x  # as SciPy has it, of the first axis
