"""Batching of the Fourier transforms: NumPy transforms along one axis of an array, whatever the others are."""

from __future__ import annotations

from ...core.batching import defbatch
from .. import fft
from .axes import batch_axis, shift_axes


def batch_shift(batch, prim, args, kwargs):
    x, axes = args[0], args[1] if len(args) > 1 else kwargs.get("axes")
    return prim(x, shift_axes(axes, x.ndim - 1))


defbatch(batch_axis, fft.fft, fft.ifft, fft.irfft, fft.rfft)
defbatch(batch_shift, fft.fftshift, fft.ifftshift)
