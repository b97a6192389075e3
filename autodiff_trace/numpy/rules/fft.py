"""Rules of the Fourier transforms.

Each is linear. The matrix of a transform is symmetric, so that ``fft`` and ``ifft`` are their own transposes; ``rfft``
and ``irfft`` are, up to the weights of the frequencies, each other's. Transforms along several axes are, as in NumPy,
one after the other along each.
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...core.array_ops import array_ops
from ...core.unary import call_on
from .. import fft, moving
from .. import wrapped as anp
from ..along_axes import runs_along
from ..broadcasting import match_dtype
from ..canonical import as_array, unary_of
from ..definers import define, linear
from ..parameters import whole_numbers
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


# fft, ifft: yₖ = Σⱼ xⱼ wʲᵏ, so x̄ⱼ = Σₖ gₖ wʲᵏ
#
# rfft: yₖ = Σⱼ xⱼ wʲᵏ for k ≤ n/2, so x̄ⱼ = Re Σₖ gₖ wʲᵏ, which is irfft of conj(g), but for its counting the inner
# frequencies twice. irfft: yⱼ = Re Σₖ cₖ xₖ w⁻ʲᵏ with those counts cₖ, so x̄ₖ = cₖ Σⱼ gⱼ w⁻ʲᵏ.


def rfft_transpose(g, ans, x, axis, n, norm):
    return fit(irfft(weigh(anp.conjugate(g), n, axis, 0.5), axis, n, SWAPPED_NORMS[norm]), x, axis)


def irfft_transpose(g, ans, x, axis, n, norm):
    spectrum = anp.conjugate(rfft(g, axis, n, SWAPPED_NORMS[norm]))
    return fit(weigh(spectrum, n, axis, 2), x, axis)


def transform(function, transpose=None):
    """The primitive of a transform of length ``n`` along ``axis``, and its public form."""

    @unary_of(function)
    def along(x, axis, n, norm):
        return function(x, n, axis, norm)

    linear(along, transpose or (lambda g, ans, x, axis, n, norm: fit(along(g, axis, n, norm), x, axis)))
    runs_along(along)

    @define(function)
    def public(a, n, axis, norm, out):
        x = as_array(a)
        axis = normalize_axis_index(operator.index(axis), x.ndim)
        if n is None:
            n = 2 * (x.shape[axis] - 1) if function is np.fft.irfft else x.shape[axis]
        return array_ops.store(out, along(x, axis, operator.index(n), norm))

    return along


fft_along = transform(np.fft.fft)
ifft_along = transform(np.fft.ifft)
rfft = transform(np.fft.rfft, rfft_transpose)
irfft = transform(np.fft.irfft, irfft_transpose)


@define(np.fft.fftshift)
def fftshift(x, axes=None):
    return roll_by_half(x, axes, 1)


@define(np.fft.ifftshift)
def ifftshift(x, axes=None):
    return roll_by_half(x, axes, -1)


def roll_by_half(x, axes, sign):
    x = as_array(x)
    axes = tuple(range(x.ndim)) if axes is None else checked_axes(whole_numbers(axes), x.ndim)
    shape = x.shape
    return call_on(moving.roll, x, tuple([sign * (shape[i] // 2) for i in axes]), axes)


# Of Hermitian signals


@define(np.fft.hfft)
def hfft(a, n, axis, norm, out):
    return fft.irfft(anp.conjugate(a), n, axis, SWAPPED_NORMS[norm], out=out)


@define(np.fft.ihfft)
def ihfft(a, n, axis, norm, out):
    return array_ops.store(out, anp.conjugate(fft.rfft(a, n, axis, SWAPPED_NORMS[norm])))


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


def define_nd(name, first="fft"):
    """Define the transform along several axes by that along one, which for the last axis is ``name``'s own.

    From the last axis to the first, as in NumPy; where the output is real the last axis comes last.
    """
    real_output = name == "irfft"

    def definition(a, s, axes, norm, out):
        a = as_array(a)
        steps = lengths_and_axes(a, s, axes, real_output)
        order = list(zip([first] * (len(steps) - 1) + [name], steps))
        for transform, (n, axis) in order if real_output else reversed(order):
            a = getattr(fft, transform)(a, n, axis, norm)
        return array_ops.store(out, a)

    define(getattr(np.fft, f"{name}2"), getattr(np.fft, f"{name}n"))(definition)


define_nd("fft")
define_nd("ifft", "ifft")
define_nd("rfft")
define_nd("irfft", "ifft")
