"""Splines at scattered places: which coefficients a place reads, and with which weights, as ndimage has it.

A place that lies beyond the ends is mapped into the array as the mode says, and so are coefficients beyond them. The
weights are B-splines, βⁿ(t) = Σ (−1)ᵏ C(n+1, k) (t + (n+1)/2 − k)₊ⁿ / n! (M. Unser, "Splines: a perfect fit for signal
and image processing", 1999), and their derivatives.
"""

from __future__ import annotations

import functools
import math

import numpy as np

__all__ = ["combinations", "taps_along"]


@functools.cache
def weights_by_powers(order, nu):
    """For each of the neighbours the coefficients, the highest power first, of its weight as a polynomial of the
    distance of the place from the point that it rounds to."""
    rows, low = [], 0.0 if order % 2 else -0.5
    for j in range(order + 1):
        total = np.poly1d(0.0)
        for k in range(order + 2):
            shift = order // 2 - j + (order + 1) / 2 - k
            if shift + low >= 0:
                total = total + (-1) ** k * math.comb(order + 1, k) * np.poly1d([1.0, shift]) ** order
        rows.append((total / math.factorial(order)).deriv(nu).coeffs)
    return rows


def polynomial(coefficients, u):
    total = np.full(u.shape, coefficients[0])
    for each in coefficients[1:]:
        total *= u
        total += each
    return total


def mapped(x, size, mode):
    """Where in the array a place is, or an index, the slope of that, None for 1, and whether it is anywhere."""
    if x.size and x.min() >= 0 and x.max() <= size - 1 or mode in ("nearest", "grid-constant"):
        return x, None, True  # of these modes the coefficients beyond the ends are read
    below, above = x < 0, x > size - 1
    outside = below | above
    if mode == "constant":
        return x, None, ~outside
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
        return x + period * np.where(below, np.trunc(-x / period) + 1, -np.trunc(x / period) * above), None, True
    turns = np.where(below, np.trunc((-1 - x) / size) + 1, -np.trunc(x / size) * above)
    return x + size * turns, None, True  # grid-wrap


def taps_along(x, size, order, mode, nu):
    """For the places ``x`` along an axis: pairs of indices and weights, where an index −1 stands for the constant, and
    whether the place is anywhere."""
    x, slope, is_there = mapped(x, size, mode)
    middle = np.floor(x if order % 2 else x + 0.5)
    u, found = x - middle, []
    start = middle - order // 2
    is_inside = start.size and start.min() >= 0 and start.max() + order < size
    if is_inside:
        start = start.astype(np.intp)
    for j, coefficients in enumerate(weights_by_powers(order, nu)):
        index = start + j
        weights = polynomial(coefficients, u)
        if nu and slope is not None:
            weights *= slope**nu
        if is_inside:
            found.append((index, weights))
            continue
        if mode == "grid-constant":
            index = np.where((index < 0) | (index >= size), -1, index)
        elif mode != "nearest":
            index = mapped(index, size, "mirror" if mode in ("constant", "wrap") else mode)[0]
        # What is not in the array at all, or NaN, may have any index that is there.
        index = np.nan_to_num(np.clip(index, -1 if mode == "grid-constant" else 0, size - 1))
        found.append((index.astype(np.intp), weights))
    return found, is_there


def combinations(coordinates, shape, order, mode, nu):
    """Pairs of flat indices and weights, one for each combination of neighbours along the axes; where a place is in the
    array at all; a flat index −1 stands for the constant."""
    axes = [taps_along(x, size, order, mode, n) for x, size, n in zip(coordinates, shape, nu)]
    there = [is_there for _, is_there in axes if is_there is not True]
    has_constant = mode == "grid-constant"

    def pairs(axes, shape, flat, total):
        """Each combination of what is left of the axes with the one that is chosen of those before."""
        (found, _), size = axes[0], shape[0]
        for index, weights in found:
            place = index if flat is None else flat * size + index
            if has_constant:
                place = np.where(index < 0 if flat is None else (index < 0) | (flat < 0), -1, place)
            weights = weights if total is None else total * weights
            if len(axes) == 1:
                yield place, weights
            else:
                yield from pairs(axes[1:], shape[1:], place, weights)

    return pairs(axes, shape, None, None), functools.reduce(np.logical_and, there) if there else True
