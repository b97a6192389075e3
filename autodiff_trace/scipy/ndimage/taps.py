"""Splines at scattered places: which coefficients a place reads, and with which weights, as ndimage has it.

A place that lies beyond the ends is mapped into the array as the mode says, and so are coefficients beyond them. The
weights are B-splines, βⁿ(t) = Σ (−1)ᵏ C(n+1, k) (t + (n+1)/2 − k)₊ⁿ / n! (M. Unser, "Splines: a perfect fit for signal
and image processing", 1999), and their derivatives.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

__all__ = ["combinations", "taps_along"]


def weight(t, order, nu):
    """The derivative of order ``nu`` of the B-spline of degree ``order``, at ``t``."""
    degree = order - nu
    if degree < 0:
        return np.zeros_like(t)
    total = 0.0
    for k in range(order + 2):
        u = t + (order + 1) / 2 - k
        power = np.maximum(u, 0) ** degree if degree else (u >= 0).astype(float)
        total = total + (-1) ** k * math.comb(order + 1, k) * power
    return total / math.factorial(degree)


def mapped(x, size, mode):
    """Where in the array a place is, or an index, and the slope of that; whether it is anywhere."""
    below, above = x < 0, x > size - 1
    outside = below | above
    slope = np.ones(x.shape)
    if mode == "constant" or not outside.any():
        return x, slope, ~outside
    if mode in ("nearest", "grid-constant"):  # whose coefficients beyond the ends are read
        return x, slope, True
    if size <= 1:
        return np.clip(x, 0, size - 1), np.where(outside, 0.0, 1.0), True
    if mode in ("mirror", "reflect", "grid-mirror"):
        half = 0.0 if mode == "mirror" else 0.5
        period = 2 * size - 2 if mode == "mirror" else 2 * size
        turned = np.mod(x + half, period)
        back = turned > period / 2
        return np.where(outside, np.where(back, period - turned, turned) - half, x), np.where(back, -1.0, 1.0), True
    if mode == "wrap":
        period = size - 1
        return x + period * np.where(below, np.trunc(-x / period) + 1, -np.trunc(x / period) * above), slope, True
    turns = np.where(below, np.trunc((-1 - x) / size) + 1, -np.trunc(x / size) * above)
    return x + size * turns, slope, True  # grid-wrap


def taps_along(x, size, order, mode, nu):
    """For the places ``x`` along an axis: pairs of indices and weights, where an index −1 stands for the constant, and
    whether the place is anywhere."""
    x, slope, is_there = mapped(x, size, mode)
    start = np.floor(x if order % 2 else x + 0.5) - order // 2
    found = []
    for j in range(order + 1):
        index = start + j
        weights = weight(x - index, order, nu) if order else np.full(x.shape, float(nu == 0))
        if nu:
            weights = weights * slope**nu
        if mode == "grid-constant":
            index = np.where((index < 0) | (index >= size), -1, index)
        elif mode != "nearest":
            index = mapped(index, size, "mirror" if mode in ("constant", "wrap") else mode)[0]
        index = np.clip(index, -1 if mode == "grid-constant" else 0, size - 1)
        found.append((np.nan_to_num(index).astype(np.intp), weights))
    return found, is_there


def combinations(coordinates, shape, order, mode, nu):
    """Pairs of flat indices and weights, one for each combination of neighbours along the axes; where a place is in the
    array at all; a flat index −1 stands for the constant."""
    axes = [taps_along(x, size, order, mode, n) for x, size, n in zip(coordinates, shape, nu)]
    there = np.ones(coordinates.shape[1:], bool)
    for _, is_there in axes:
        there = there & is_there

    def pairs():
        for chosen in itertools.product(*[found for found, _ in axes]):
            flat, total = 0, 1.0
            for (index, weights), size in zip(chosen, shape):
                flat = np.where((flat < 0) | (index < 0), -1, flat * size + index)
                total = total * weights
            yield flat, total

    return pairs(), there
