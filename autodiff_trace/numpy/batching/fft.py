"""Batching of the Fourier transforms: NumPy transforms along one axis of an array, whatever the others are."""

from __future__ import annotations

from ...core.batching import defbatch
from .. import fft
from .axes import batch_axis


defbatch(batch_axis, fft.fft, fft.ifft, fft.irfft, fft.rfft)
