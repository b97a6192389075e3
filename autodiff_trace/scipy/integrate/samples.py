"""Integrals of samples: linear in the samples, and traced in the spacing too."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate

from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from . import wrapped as integrate

__all__: list[str] = []


def samples_last(y: Any, axis: int) -> Any:
    """The samples along the last axis, floating."""
    y = anp.moveaxis(as_array(y), axis, -1)
    return y if y.dtype.kind in "fc" else anp.astype(y, float)


def spacing(y: Any, x: Any, dx: Any, axis: int, is_checked: bool = True) -> Any:
    """The distances of the samples along the last axis: a number, or an array that goes with those of ``y``."""
    if x is None:
        return dx if np.ndim(dx) == 0 else anp.moveaxis(anp.broadcast_to(dx, y.shape), axis, -1)[..., :-1]
    x = as_array(x)
    if x.ndim > 1:
        if is_checked and x.ndim != y.ndim:
            raise ValueError("If given, shape of x must be 1-D or the same as y.")
        x = anp.moveaxis(x if is_checked else anp.broadcast_to(x, y.shape), axis, -1)
    if x.shape[-1] != y.shape[axis]:
        raise ValueError("If given, length of x along axis must be the same as y.")
    return anp.diff(x, axis=-1)


def divided(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is."""
    return anp.where(y != 0, x / anp.where(y != 0, y, 1.0), 0.0)


@define(scipy.integrate.trapezoid)
def trapezoid(y, x, dx=1.0, axis=-1):
    d = spacing(as_array(y), x, dx, axis, is_checked=False)
    y = samples_last(y, axis)
    return anp.sum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


@define(scipy.integrate.cumulative_trapezoid)
def cumulative_trapezoid(y, x, dx=1.0, axis=-1, initial=None):
    if as_array(y).shape[axis] == 0:
        raise ValueError("At least one point is required along `axis`.")
    d = spacing(as_array(y), x, dx, axis)
    y = samples_last(y, axis)
    ans = anp.cumsum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ValueError("`initial` must be `None` or `0`.")
        ans = anp.concatenate([anp.zeros_like(y[..., :1]), ans], axis=-1)
    return anp.moveaxis(ans, -1, axis)


@define(scipy.integrate.simpson)
def simpson(y, x, dx=1.0, axis=-1):
    """Parabolas through three samples each; where their number is even, Cartwright's formula for the last interval
    (K. V. Cartwright, Simpson's rule cumulative integration with MS Excel and irregularly-spaced data, 2017)."""
    d = spacing(as_array(y), x, dx, axis)
    y = samples_last(y, axis)
    count = y.shape[-1]
    if count == 2:
        return 0.5 * (d if np.ndim(d) == 0 else d[..., 0]) * (y[..., 0] + y[..., 1])
    last = count - 1 - (count % 2 == 0)
    y0, y1, y2 = y[..., 0 : last - 1 : 2], y[..., 1:last:2], y[..., 2 : last + 1 : 2]
    if np.ndim(d) == 0:
        ans = anp.sum(y0 + 4.0 * y1 + y2, axis=-1) * (d / 3.0)
        h0 = h1 = d
    else:
        d = anp.astype(d, float)
        h0, h1 = d[..., 0 : last - 1 : 2], d[..., 1:last:2]
        ratio = divided(h0, h1)
        middle = (h0 + h1) * divided(h0 + h1, h0 * h1)
        terms = y0 * (2.0 - divided(1.0, ratio)) + y1 * middle + y2 * (2.0 - ratio)
        ans = anp.sum((h0 + h1) / 6.0 * terms, axis=-1)
        h0, h1 = d[..., -2], d[..., -1]
    if count % 2:
        return ans
    alpha = divided(2 * h1**2 + 3 * h0 * h1, 6 * (h0 + h1))
    beta = divided(h1**2 + 3.0 * h0 * h1, 6 * h0)
    eta = divided(h1**3, 6 * h0 * (h0 + h1))
    return ans + alpha * y[..., -1] + beta * y[..., -2] - eta * y[..., -3]


@define(scipy.integrate.cumulative_simpson)
def cumulative_simpson(y, x, dx=1.0, axis=-1, initial=None):
    """Each interval by the parabola through its ends and the next sample, or the one before (Cartwright, equations 8
    and 10)."""
    y = as_array(y)
    d = spacing(y, x, dx, axis)
    if y.shape[axis] < 3:
        ans = samples_last(integrate.cumulative_trapezoid(y, x, dx=dx, axis=axis), axis)
        y = samples_last(y, axis)
    else:
        y = samples_last(y, axis)
        if x is None:
            d = d + anp.zeros_like(y[..., 1:])
        elif np.any(to_recorded(d) <= 0):
            raise ValueError("Input x must be strictly increasing.")
        else:
            d = anp.broadcast_to(d, y[..., 1:].shape)
        first = parabola(y[..., :-2], y[..., 1:-1], y[..., 2:], d[..., :-1], d[..., 1:])
        second = parabola(y[..., 2:], y[..., 1:-1], y[..., :-2], d[..., 1:], d[..., :-1])
        # The intervals by turns; the last one has no sample after it.
        places = np.arange(y.shape[-1] - 1)
        is_second = (places % 2 == 1) | (places == places[-1])
        both = anp.concatenate([first, second], axis=-1)
        ans = anp.cumsum(both[..., np.where(is_second, first.shape[-1] + places - 1, places)], axis=-1)
    if initial is not None:
        if np.ndim(initial):
            initial = anp.moveaxis(as_array(initial), axis, -1)
        start = initial + anp.zeros_like(y[..., :1])
        ans = anp.concatenate([start, ans + start], axis=-1)
    return anp.moveaxis(ans, -1, axis)


def parabola(f1, f2, f3, h, k):
    """The integral over the first of two intervals, of lengths h and k, of the parabola through three samples."""
    a, b = h / (h + k), h / k
    return h / 6 * ((3 - a) * f1 + (3 + a * b + a) * f2 - a * b * f3)


@define(scipy.integrate.romb)
def romb(y, dx=1.0, axis=-1):
    """Richardson's extrapolation of the trapezoidal rule."""
    y = samples_last(y, axis)
    count = y.shape[-1] - 1
    levels = count.bit_length() - 1
    if count != 1 << levels:
        raise ValueError("Number of samples must be one plus a non-negative power of 2.")
    h = count * anp.asarray(dx, dtype=float)
    row = [(y[..., 0] + y[..., -1]) / 2.0 * h]
    for i in range(1, levels + 1):
        step = count >> (i - 1)
        new = [0.5 * (row[0] + h * anp.sum(y[..., step >> 1 :: step], axis=-1))]
        for j in range(1, i + 1):
            new.append(new[-1] + (new[-1] - row[j - 1]) / (4**j - 1))
        row = new
        h = h / 2.0
    return row[-1]
