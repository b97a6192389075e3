"""``autograd.numpy.fft``: the native functions, and rules of theirs in autograd's form."""

from __future__ import annotations

import math

import numpy as np
import numpy.fft as ffto

from ...numpy import fft as native
from ..extend import defvjp as defvjp, primitive as primitive, vspace as vspace
from ..pullbacks import pullback_of
from . import numpy_wrapper as anp
from .numpy_vjps import match_complex as match_complex
from .numpy_wrapper import wrap_namespace

wrap_namespace(vars(ffto), globals())
REAL = (native.rfft, native.irfft), (native.rfft2, native.irfft2), (native.rfftn, native.irfftn)
inverses = dict([*REAL, *[pair[::-1] for pair in REAL]])


def fft_grad(get_args, fft_fun, ans, x, *args, **kwargs):
    """The pullback of a transform of complex numbers. Axes that are named twice are welcome."""
    return pullback_of(fft_fun)(ans, x, *args, **kwargs)


def rfft_grad(get_args, irfft_fun, ans, x, *args, **kwargs):
    """The pullback of the transform of which ``irfft_fun`` is the inverse. Axes of odd length are welcome."""
    return pullback_of(inverses[irfft_fun])(ans, x, *args, **kwargs)


irfft_grad = rfft_grad


def truncate_pad(x, shape):
    """``x`` cut, or filled up with zeros, to ``shape``."""
    x = x[tuple(map(slice, shape))]
    return anp.pad(x, [(0, new - old) for new, old in zip(shape, x.shape)])


def check_no_repeated_axes(axes):
    if len(set(axes)) < len(axes):
        raise NotImplementedError("FFT gradient for repeated axes.")


def check_even_shape(shape):
    if shape[-1] % 2:
        raise NotImplementedError("Real FFT gradient for an odd length of the last axis.")


def get_fft_args(a, d=None, axis=-1, norm=None, *args, **kwargs):
    """The axes, the lengths or None, and the norm of a transform along one axis."""
    return [axis], d if d is None else [d], norm


def get_fft2_args(a, s=None, axes=(-2, -1), norm=None, *args, **kwargs):
    return axes, s, norm


def get_fftn_args(a, s=None, axes=None, norm=None, *args, **kwargs):
    return [*range(a.ndim)] if axes is None else axes, s, norm


def make_rfft_factors(axes, resshape, facshape, normshape, norm):
    """How often the spectrum of real numbers stands for each of its elements, over the count of numbers.

    The elements of the last of ``axes`` stand for their conjugates, too, but for the first, and for the last where
    it is within ``resshape``.
    """
    last, length = axes[-1], facshape[-1]
    single = [0, length - 1] if length <= resshape[last] else [0]
    factors = np.full(resshape, 2.0)
    factors[(slice(None),) * (last % len(resshape)) + (single,)] = 1.0
    return factors / math.prod(normshape) if norm is None else factors
