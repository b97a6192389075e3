"""Fourier transforms and filters: the spectrum of a signal, and the gradient of what it lacks."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, holomorphic_grad, numpy as anp
from autodiff_trace.numpy import fft
from autodiff_trace.scipy import ndimage, signal

Real = NDArray[np.float64]


def high_frequency_energy(x: Real) -> float:
    spectrum = anp.fft.rfft(x)
    weights = fft.rfftfreq(len(x)) ** 2
    return anp.sum(weights * anp.abs(spectrum) ** 2)


def smooth(x: Real, steps: int) -> Real:
    for _ in range(steps):
        x = x - 0.5 * grad(high_frequency_energy)(x) / len(x)
    return x


def polynomial(z: complex) -> complex:
    return z**2 + 1j * z


def main() -> None:
    x = np.random.default_rng(0).normal(size=16)
    assert high_frequency_energy(smooth(x, 5)) < high_frequency_energy(x)
    assert holomorphic_grad(polynomial)(1.0 + 1.0j) == 2.0 + 3.0j
    b, a = signal.butter(2, 0.3)
    assert signal.lfilter(b, a, x).shape == ndimage.gaussian_filter1d(x, 1.0).shape
    shifted = anp.roll(anp.real(fft.ifft(fft.fft(x))), 1)
    assert np.allclose(shifted[1:], x[:-1])
