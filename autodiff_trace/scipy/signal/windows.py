"""``scipy.signal.windows``, traced: the windows that have a parameter are differentiable in it."""

from __future__ import annotations

import numpy as np
import scipy.signal

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.namespace import wrap_namespace
from ..plain_arguments import refuse_traced

wrap_namespace(scipy.signal.windows, globals(), __name__)
__all__ = [name for name in scipy.signal.windows.__all__ if name in globals()]


def places(M, sym):
    """The places of the points of a symmetric window, from 0, and the middle of it; one point more if periodic."""
    if int(M) != M or M < 0:
        raise ValueError("Window length M must be a non-negative integer")
    count = M if sym else M + 1
    return np.arange(count), (count - 1) / 2, M


windows = scipy.signal.windows


@define(windows.gaussian)
def gaussian(M, std, sym=True, xp=None, device=None):
    n, middle, count = places(M, sym)
    return ones_if_short(anp.exp(-((n - middle) ** 2) / (2 * std * std)), count)


def ones_if_short(values, count):
    """``count`` values; a window of one point is 1."""
    return values[:count] if count > 1 else 0 * values[:count] + 1


@define(windows.general_gaussian)
def general_gaussian(M, p, sig, sym=True, xp=None, device=None):
    n, middle, count = places(M, sym)
    return ones_if_short(anp.exp(-0.5 * anp.abs((n - middle) / sig) ** (2 * p)), count)


@define(windows.general_cosine)
def general_cosine(M, a, sym=True):
    n, _, count = places(M, sym)
    a, phase = as_array(a), np.linspace(-np.pi, np.pi, len(n))
    values = 0.0
    for k in range(a.shape[0]):
        values = values + a[k] * np.cos(k * phase)
    return ones_if_short(values, count)


@define(windows.general_hamming)
def general_hamming(M, alpha, sym=True, xp=None, device=None):
    return general_cosine(M, anp.stack([as_array(alpha), 1 - as_array(alpha)]), sym)


@define(windows.kaiser)
def kaiser(M, beta, sym=True, xp=None, device=None):
    n, middle, count = places(M, sym)
    if count <= 1:
        return np.ones(count) + 0 * beta
    return (anp.i0(beta * np.sqrt(1 - ((n - middle) / middle) ** 2)) / anp.i0(1.0 * beta))[:count]


@define(windows.kaiser_bessel_derived)
def kaiser_bessel_derived(M, beta, sym=True, xp=None, device=None):
    if not sym:
        raise ValueError("Kaiser-Bessel Derived windows are only defined for symmetric shapes")
    if M < 1:
        return np.zeros(0)
    if M % 2:
        raise ValueError("Kaiser-Bessel Derived windows are only defined for even number of points")
    sums = anp.cumsum(kaiser(M // 2 + 1, beta))
    half = anp.sqrt(sums[:-1] / sums[-1])
    return anp.concatenate([half, anp.flip(half)])


@define(windows.exponential)
def exponential(M, center=None, tau=1.0, sym=True, xp=None, device=None):
    refuse_traced("exponential", center=center)
    if sym and center is not None:
        raise ValueError("If sym==True, center must be None.")
    n, middle, count = places(M, sym)
    return ones_if_short(anp.exp(-np.abs(n - (middle if center is None else center)) / tau), count)


@define(windows.tukey)
def tukey(M, alpha=0.5, sym=True, xp=None, device=None):
    n, middle, count = places(M, sym)
    width = alpha * middle  # of the cosine at each end
    distance = np.minimum(n, 2 * middle - n)
    inside = anp.logical_or(distance >= width, count <= 1)
    rising = 0.5 - 0.5 * anp.cos(np.pi * distance / anp.where(width > 0, anp.minimum(width, middle), 1.0))
    return ones_if_short(anp.where(inside, 1.0, rising), count)
