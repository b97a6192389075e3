"""Rules of the Fourier transforms.

Each is linear. The matrix of a transform is symmetric, so that ``fft`` and ``ifft`` are their own transposes; ``rfft``
and ``irfft`` are, up to the weights of the frequencies, each other's. Transforms along several axes are, as in NumPy,
one after the other along each.
"""

from __future__ import annotations

import operator

import numpy as np

from ...core.array_ops import array_ops
from ...core.canonical import call_on
from .. import fft, moving
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, linear, spells
from ..parameters import whole_numbers
from .making import as_array
from .rearranging import checked_axes

SWAPPED_NORMS = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The norm with which the inverse transform is scaled as the transform is with the other."""


def fit(g, x, axis):
    """The cotangent of ``x``, which was cut or padded with zeros along ``axis`` to the length of ``g``."""
    length, wanted = g.shape[axis], x.shape[axis]
    before = (slice(None),) * (axis % x.ndim)
    if wanted < length:
        g = g[(*before, slice(wanted))]
    elif wanted > length:
        padding = list(g.shape)
        padding[axis] = wanted - length
        g = anp.concatenate([g, np.zeros(padding, g.dtype)], axis=axis)
    return match_dtype(g, x.dtype)


def weigh(spectrum, n, axis, weight):
    """``spectrum`` of a real signal of length ``n``, times ``weight`` at each frequency that stands for −f, too."""
    weights = np.full(spectrum.shape[axis], weight, np.finfo(spectrum.dtype).dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[n // 2] = 1
    shape = [1] * spectrum.ndim
    shape[axis] = -1
    return spectrum * weights.reshape(shape)


# fft, ifft: yₖ = Σⱼ aⱼ wʲᵏ, so āⱼ = Σₖ gₖ wʲᵏ


def fft_vjp(g, ans, a, n=None, axis=-1, norm=None, out=None):
    return fit(fft.fft(g, axis=axis, norm=norm), a, axis)


def ifft_vjp(g, ans, a, n=None, axis=-1, norm=None, out=None):
    return fit(fft.ifft(g, axis=axis, norm=norm), a, axis)


linear(fft.fft, transpose=fft_vjp)
linear(fft.ifft, transpose=ifft_vjp)


# rfft: yₖ = Σⱼ aⱼ wʲᵏ for k ≤ n/2, so āⱼ = Re Σₖ gₖ wʲᵏ, which is irfft of conj(g), but for its counting the inner
# frequencies twice. irfft: yⱼ = Re Σₖ cₖ aₖ w⁻ʲᵏ with those counts cₖ, so āₖ = cₖ Σⱼ gⱼ w⁻ʲᵏ.


def rfft_vjp(g, ans, a, n=None, axis=-1, norm=None, out=None):
    n = a.shape[axis] if n is None else operator.index(n)
    spectrum = weigh(anp.conjugate(g), n, axis, 0.5)
    return fit(fft.irfft(spectrum, n, axis, SWAPPED_NORMS[norm]), a, axis)


def irfft_vjp(g, ans, a, n=None, axis=-1, norm=None, out=None):
    spectrum = anp.conjugate(fft.rfft(g, None, axis, SWAPPED_NORMS[norm]))
    return fit(weigh(spectrum, g.shape[axis], axis, 2), a, axis)


linear(fft.irfft, transpose=irfft_vjp)
linear(fft.rfft, transpose=rfft_vjp)


@spells(np.fft.fftshift)
def fftshift(x, axes=None):
    return roll_by_half(x, axes, 1)


@spells(np.fft.ifftshift)
def ifftshift(x, axes=None):
    return roll_by_half(x, axes, -1)


def roll_by_half(x, axes, sign):
    x = as_array(x)
    axes = tuple(range(x.ndim)) if axes is None else checked_axes(whole_numbers(axes), x.ndim)
    shape = x.shape
    return call_on(moving.roll, x, tuple([sign * (shape[i] // 2) for i in axes]), axes)


# Of Hermitian signals


@define(np.fft.hfft)
def hfft(a, n=None, axis=-1, norm=None, out=None):
    return fft.irfft(anp.conjugate(a), n, axis, SWAPPED_NORMS[norm], out=out)


@define(np.fft.ihfft)
def ihfft(a, n=None, axis=-1, norm=None, out=None):
    ans = anp.conjugate(fft.rfft(a, n, axis, SWAPPED_NORMS[norm]))
    return ans if out is None else array_ops.store(out, ans)


# Along several axes


def lengths_and_axes(a, s, axes, real_output):
    """(length, axis) of each transform, in order. A length -1 is the array's, None the default of the transform."""
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    shape = [a.shape[axis] for axis in axes]
    if s is None:
        if real_output:
            shape[-1] = 2 * (shape[-1] - 1)
        return list(zip(shape, axes))
    if len(s) != len(axes):
        raise ValueError(f"s={s} and axes={axes} have different lengths")
    return [(size if n == -1 else n, axis) for n, size, axis in zip(s, shape, axes)]


def define_nd(function, along_one, along_last=None, default_axes=None):
    """Define the transform along several axes by ``along_one``, and ``along_last`` for the last axis, if it differs.

    From the last axis to the first, as in NumPy; where the output is real the last axis comes last.
    """
    real_output = along_last is fft.irfft

    def definition(a, s=None, axes=default_axes, norm=None, out=None):
        a = anp.asarray(a)
        steps = lengths_and_axes(a, s, axes, real_output)
        transforms = [along_one] * (len(steps) - 1) + [along_last or along_one]
        order = list(zip(transforms, steps))
        for transform, (n, axis) in order if real_output else reversed(order):
            a = transform(a, n, axis, norm)
        return a if out is None else array_ops.store(out, a)

    define(function)(definition)


define_nd(np.fft.fft2, fft.fft, default_axes=(-2, -1))
define_nd(np.fft.fftn, fft.fft)
define_nd(np.fft.ifft2, fft.ifft, default_axes=(-2, -1))
define_nd(np.fft.ifftn, fft.ifft)
define_nd(np.fft.irfft2, fft.ifft, fft.irfft, default_axes=(-2, -1))
define_nd(np.fft.irfftn, fft.ifft, fft.irfft)
define_nd(np.fft.rfft2, fft.fft, fft.rfft, default_axes=(-2, -1))
define_nd(np.fft.rfftn, fft.fft, fft.rfft)
