"""czt and zoom_fft: Fourier transforms at points of a spiral, by a convolution with a chirp.

With n k = (n² + k² − (k − n)²) / 2 the sum Σ xₙ a⁻ⁿ wⁿᵏ is a convolution (L. I. Bluestein, "A linear filtering approach
to the computation of discrete Fourier transform", 1970), here in the signal and in the places of the points.
"""

from __future__ import annotations

import operator

import numpy as np
import scipy.fft
import scipy.signal

from ...numpy import fft
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from .filters import along_axis

__all__: list[str] = []


def count_of(n, m):
    if n < 1:
        raise ValueError(f"Invalid number of CZT data points ({n}) specified. n must be positive and integer type.")
    m = n if m is None else operator.index(m)
    if m < 1:
        raise ValueError(f"Invalid number of CZT output points ({m}) specified. m must be positive and integer type.")
    return m


def by_chirp(x, weights, chirp, m):
    """Σ xₙ weightsₙ wⁿᵏ for k < ``m``, along the last axis, where ``chirp`` is w to the power of k² / 2."""
    n = x.shape[-1]
    size = scipy.fft.next_fast_len(n + m - 1)
    inverse = 1 / anp.concatenate([anp.flip(chirp[1:n]), chirp[:m]])
    product = fft.fft(inverse, size) * fft.fft(x * (weights * chirp[:n]), size)
    return fft.ifft(product)[..., n - 1 : n + m - 1] * chirp[:m]


@define(scipy.signal.czt)
def czt(x, m=None, w=None, a=1 + 0j, *, axis=-1):
    x = as_array(x)
    axis = along_axis(x, axis)
    x = anp.moveaxis(x, axis, -1)
    n = x.shape[-1]
    m = count_of(n, m)
    k = np.arange(max(m, n))
    chirp = np.exp(-1j * np.pi * (k**2 % (2 * m)) / m) if w is None else (as_array(w) + 0j) ** (k**2 / 2)
    return anp.moveaxis(by_chirp(x, (as_array(a) * 1.0) ** -k[:n], chirp, m), -1, axis)


@define(scipy.signal.zoom_fft)
def zoom_fft(x, fn, m=None, *, fs=2, endpoint=False, axis=-1):
    x, fn = as_array(x), as_array(fn)
    axis = along_axis(x, axis)
    x = anp.moveaxis(x, axis, -1)
    n = x.shape[-1]
    m = count_of(n, m)
    if fn.size not in (1, 2):
        raise ValueError("fn must be a scalar or 2-length sequence")
    first, last = (fn[0], fn[1]) if fn.size == 2 else (0.0, anp.reshape(fn, ()))
    scale = (last - first) * m / (fs * (m - 1)) if endpoint else (last - first) / fs
    k = np.arange(max(m, n))
    weights = anp.exp(-2j * np.pi * first / fs * k[:n])
    return anp.moveaxis(by_chirp(x, weights, anp.exp(-1j * np.pi * scale * k**2 / m), m), -1, axis)
