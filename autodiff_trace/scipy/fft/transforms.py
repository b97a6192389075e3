"""Rules of the Fourier transforms: they are NumPy's, which keep float32, too, and share its rules.

Of a traced value ``workers=`` and ``overwrite_x=`` change nothing.
"""

from __future__ import annotations

import operator

import scipy.fft

from ...numpy import fft
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.parameters import whole_numbers
from ...numpy.rules.fft import SWAPPED_NORMS, fftshift, ifftshift

__all__ = ["lengths_and_axes"]


def define_along_axis(name):
    transform = getattr(fft, name)

    @define(getattr(scipy.fft, name))
    def along_axis(x, n, axis, norm, overwrite_x, workers):
        return transform(x, n, axis, norm)


def lengths_and_axes(x, s, axes):
    """``s`` and ``axes`` of a transform along several axes, as tuples; one number is a tuple of one."""
    s, axes = (each if each is None else as_tuple(whole_numbers(each)) for each in (s, axes))
    if axes is not None and len({operator.index(axis) % max(x.ndim, 1) for axis in axes}) < len(axes):
        raise ValueError("all axes must be unique")
    return s, axes


def as_tuple(numbers):
    return numbers if isinstance(numbers, tuple) else (numbers,)


def define_nd(name, count):
    function = getattr(scipy.fft, f"{name}{count}")
    transform = getattr(fft, f"{name}n")

    @define(function)
    def along_axes(x, s, axes, norm, overwrite_x, workers):
        x = as_array(x)
        return transform(x, *lengths_and_axes(x, s, axes), norm)


for _name in ("fft", "hfft", "ifft", "ihfft", "irfft", "rfft"):
    define_along_axis(_name)
for _name in ("fft", "ifft", "irfft", "rfft"):
    define_nd(_name, "2")
    define_nd(_name, "n")


# Of Hermitian signals, whose transform is real: Σ x w is the conjugate of Σ conj(x) conj(w)


@define(scipy.fft.hfft2, scipy.fft.hfftn)
def hfftn(x, s, axes, norm, overwrite_x, workers):
    x = as_array(x)
    return fft.irfftn(anp.conjugate(x), *lengths_and_axes(x, s, axes), SWAPPED_NORMS[norm])


@define(scipy.fft.ihfft2, scipy.fft.ihfftn)
def ihfftn(x, s, axes, norm, overwrite_x, workers):
    x = as_array(x)
    return anp.conjugate(fft.rfftn(x, *lengths_and_axes(x, s, axes), SWAPPED_NORMS[norm]))


# NumPy's own


@define(scipy.fft.fftshift)
def shift(x, axes):
    return fftshift(x, axes)


@define(scipy.fft.ifftshift)
def ishift(x, axes):
    return ifftshift(x, axes)
