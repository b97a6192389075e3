"""Rules of the zeta functions of Riemann and Hurwitz, in both arguments."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy.definers import define
from . import wrapped as special
from .families import family_of, quiet_elementwise

# ζ(s, q) by Euler and Maclaurin's formula, DLMF 25.11.28, of which each term is differentiated as a power series in s
# (F. Johansson, "Rigorous high-precision computation of the Hurwitz zeta function and its derivatives", Numerical
# Algorithms 69, 2015). Series are arrays of coefficients along their first axis.

TERMS = 15
"""Of the tail, with Bernoulli's numbers."""

MOST_TERMS = 10_000
"""Before the tail: as many as the imaginary part of s is, beyond which the answer is NaN."""

BERNOULLI = scipy.special.bernoulli(2 * TERMS)[2::2]


def times(a, b):
    """The product of two series, as far as the shorter goes."""
    return np.array([sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(min(len(a), len(b)))])


def power_series(base, s, order):
    """base^−(s + h) as a series in h."""
    log = -np.log(base)
    return np.array([log**k / math.factorial(k) for k in range(order + 1)]) * base**-s


def linear_series(c, order):
    """c + h."""
    return np.array([c, np.ones_like(c), *[np.zeros_like(c)] * (order - 1)][: order + 1])


def reciprocal_series(c, order):
    """1 / (c + h)."""
    return np.array([(-1) ** k / c ** (k + 1) for k in range(order + 1)])


def hurwitz_series(s, q, order):
    """ζ(s + h, q) as a series in h, for Re s > −1 and q > 0."""
    s, q = np.broadcast_arrays(s, q)
    height = np.abs(np.imag(s))
    s = np.where(height < MOST_TERMS, s, np.nan)
    first = int(10 + np.where(height < MOST_TERMS, height, 0).max(initial=0))
    total = sum(power_series(q + k, s, order) for k in range(first))
    end = q + first
    power = power_series(end, s, order)
    total = total + times(reciprocal_series(s - 1, order), power) * end + power / 2
    rising = linear_series(s, order)  # (s)₂ⱼ₋₁
    for j in range(1, TERMS + 1):
        total = total + BERNOULLI[j - 1] / math.factorial(2 * j) * times(rising, power) * end ** (1 - 2 * j)
        rising = times(times(rising, linear_series(s + 2 * j - 1, order)), linear_series(s + 2 * j, order))
    return total


def reflected_series(s, order):
    """ζ(s + h) as a series in h for Re s < 0, by 2 (2π)^(s−1) sin(πs/2) Γ(1 − s) ζ(1 − s), DLMF 25.4.1."""
    sign = (-1.0) ** np.arange(order + 1).reshape((-1,) + (1,) * s.ndim)
    wave = [(np.pi / 2) ** k / math.factorial(k) * np.sin(np.pi / 2 * (s + k)) for k in range(order + 1)]
    log_gamma = np.array(
        [np.zeros_like(s), *[(-1) ** k * polygamma(k - 1, 1 - s) / math.factorial(k) for k in range(1, order + 1)]]
    )
    gamma = [np.ones_like(s)]
    for k in range(1, order + 1):
        gamma.append(sum(i * log_gamma[i] * gamma[k - i] for i in range(1, k + 1)) / k)
    gamma = np.array(gamma) * scipy.special.gamma(1 - s)
    power = power_series(1 / (2 * np.pi) + 0 * s, s - 1, order)
    return 2 * times(times(power, np.array(wave)), times(gamma, sign * hurwitz_series(1 - s, 1.0, order)))


def polygamma(n, x):
    """ψ⁽ⁿ⁾, of complex numbers, too: −(−1)ⁿ n! ζ(n + 1, x), DLMF 25.11.12, by shifts to where its expansion is good."""
    if n == 0:
        return scipy.special.digamma(x)
    return -((-1) ** n) * math.factorial(n) * hurwitz_series(np.full_like(x, n + 1), x, 0)[0]


@family_of("x q")
def hurwitz_derivative(x, q, i, j):
    """∂ᵢ ∂ⱼ of ζ(x, q): in q of order j it is (−1)ʲ (x)ⱼ ζ(x + j, q), DLMF 25.11.17."""
    if i == j == 0:
        return scipy.special.zeta(x, q)
    x, q = np.broadcast_arrays(x, q)
    shifted = x + j
    series = hurwitz_series(shifted, q, i) if i else scipy.special.zeta(shifted, q)[None]
    factor = linear_series(x, i) if j else np.array([np.ones_like(x)] + [np.zeros_like(x)] * i)
    for k in range(1, j):
        factor = times(factor, linear_series(x + k, i))
    slope = (-1) ** j * math.factorial(i) * times(factor, series)[i]
    return np.where((shifted > 1) & (q > 0), slope, np.nan)


@family_of("x")
def riemann_derivative(x, order):
    if order == 0:
        return scipy.special.zeta(x)
    left = np.real(x) < 0
    right = hurwitz_series(np.where(left, 2, x), np.ones_like(np.real(x)), order)[order]
    slope = np.where(left, reflected_series(np.where(left, x, -1), order)[order], right) if np.any(left) else right
    return math.factorial(order) * slope


@define(scipy.special.zeta)
def zeta(x, q=None, out=None):
    return riemann_derivative(x, 0) if q is None else hurwitz_derivative(x, q, 0, 0)


quiet_elementwise(special.zetac, lambda ans, x: riemann_derivative(x, 1))
