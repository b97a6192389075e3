"""Rules of the gamma and beta functions, their logarithms, the polygamma functions, and of binomial coefficients."""

from __future__ import annotations

import functools
import math

import numpy as np
import scipy.special

from ...core.primitives import nondifferentiable
from ...core.errors import caller_line
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define, elementwise
from ...numpy.namespace import replace_wrapped
from . import wrapped as special
from .families import differentiate, family, family_of

elementwise(special.gamma, lambda ans, x: ans * special.psi(x), singular=True)
elementwise(special.gammaln, lambda ans, x: special.psi(x), singular=True)
elementwise(special.loggamma, lambda ans, z: special.psi(z), singular=True)


def distance_to_pole(z):
    """The distance of complex numbers from the nearest of 0, −1, −2 …"""
    return np.abs(z - np.minimum(np.round(z.real), 0))


@functools.partial(family, names="z")
def psi_derivative(z, order):
    """The polygamma functions. SciPy's own are of real arguments; near a pole that is taken off (DLMF 5.5.2)."""
    if z.dtype.kind != "c":
        return np.where(order % 2, 1, -1) * scipy.special.gamma(order + 1) * scipy.special.zeta(order + 1, z)
    return differentiate(scipy.special.psi, z, 0.5 * distance_to_pole(z), order, "psi")


elementwise(special.psi, lambda ans, z: psi_derivative(z, 1))
elementwise(special.polygamma, None, lambda ans, n, x: special.polygamma(n + 1, x))


def rgamma_slope(ans, x):
    """1/Γ is entire. Left of 1/2 it is sin(πx) Γ(1 − x) / π, DLMF 5.5.3, of which nothing is infinite at the zeros."""
    if x.dtype.kind == "c":
        return -ans * special.psi(x)
    is_left = x < 0.5
    left = anp.where(is_left, x, x.dtype.type(0.25))
    near = left - 2 * anp.round(left / 2)  # of which the sine has all digits
    mirrored = special.gamma(1 - left)
    slope = mirrored * (anp.cos(np.pi * near) - anp.sin(np.pi * near) * (special.psi(1 - left) / np.pi))
    is_near = anp.logical_not(anp.logical_or(is_left, anp.equal(x, np.inf)))
    return anp.where(is_left, slope, -ans * special.psi(anp.where(is_near, x, x.dtype.type(1))))


elementwise(special.rgamma, rgamma_slope, singular=True)


# ψ(x + d) − ψ(x): the difference of two values would lose what they have in common

STIRLING = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160]
"""B₂ₖ / 2k, DLMF 5.11.2."""

RECURRENCES = 16
"""Steps after which the expansion has all digits."""


@family_of("x d", d=lambda ans, x, d, order: psi_derivative(x + d, order + 1))
def psi_difference(x, d, order):
    """ψ⁽ⁿ⁾(x + d) − ψ⁽ⁿ⁾(x). By whole steps left of 0 by reflection (DLMF 5.15.6)."""
    x, d = (x, d) if x.shape == d.shape else np.broadcast_arrays(x, d)
    is_right = (x > 0) & (x + d > 0)
    if is_right.all():
        return difference_right_of_0(x, d, order)
    is_left = (x <= 0) & (x + d <= 0) & (d == np.round(d))
    x, d = np.where(is_left, 1 - x, x), np.where(is_left, -d, d)
    is_right = (x > 0) & (x + d > 0)
    ans = difference_right_of_0(np.where(is_right, x, 1.0), np.where(is_right, d, 0.0), order)

    def plain(x):
        return psi_derivative(x, order) if order else scipy.special.psi(x)

    return np.where(is_left, (-1) ** order, 1) * np.where(is_right, ans, plain(x + d) - plain(x))


def difference_right_of_0(x, d, order):
    """The same for x > 0 and x + d > 0, by the recurrence (DLMF 5.15.5) up to where the asymptotic expansion (5.11.2)
    has all digits, term by term."""
    sign, factorial = (-1) ** order, math.factorial(order)
    far = x + RECURRENCES
    logarithms = np.log1p(d / far)

    def far_difference(power):
        """(far + d)⁻ᵖ − far⁻ᵖ."""
        return far**-power * np.expm1(-power * logarithms)

    def total(term, count):
        """Σ term(k) of k = 0 … count − 1: of small arrays at once, which takes half the time."""
        rows = count if x.size <= 2048 else 1
        each = [np.arange(float(first), first + rows).reshape(-1, *[1] * x.ndim) for first in range(0, count, rows)]
        return sum([term(k).sum(axis=0) for k in each])

    def recurrence(k):
        base = x + k
        step = d / base
        return base ** -(order + 1.0) * np.expm1(-(order + 1.0) * np.log1p(step)) if order else -step / (base + d)

    def expansion(k):
        factors = [b * math.factorial(2 * i + 1 + order) / math.factorial(2 * i + 1) for i, b in enumerate(STIRLING)]
        return np.take(factors, k.astype(int)) * far_difference(2.0 * (k + 1) + order)

    ans = -sign * factorial * total(recurrence, RECURRENCES)
    ans += -sign * math.factorial(order - 1) * far_difference(float(order)) if order else logarithms
    return ans - sign * (factorial / 2 * far_difference(order + 1.0) + total(expansion, len(STIRLING)))


elementwise(
    special.beta,
    lambda ans, a, b: -ans * psi_difference(a, b, 0),
    lambda ans, a, b: -ans * psi_difference(b, a, 0), singular=True,
)
elementwise(
    special.betaln,
    lambda ans, a, b: -psi_difference(a, b, 0),
    lambda ans, a, b: -psi_difference(b, a, 0), singular=True,
)


def poch_in_z(ans, z, m):
    """Of Γ(z + m) / Γ(z). At its zeros the reciprocal has a slope."""
    is_zero = anp.equal(ans, 0)
    at_z, at_m = anp.where(is_zero, z, 0 * z + 1), anp.where(is_zero, m, 0 * m)
    reciprocal = special.rgamma(at_z)
    zero_slope = special.gamma(at_z + at_m) * (
        special.psi(at_z + at_m) * reciprocal + rgamma_slope(reciprocal, at_z)
    )
    return anp.where(is_zero, zero_slope, ans * psi_difference(z, m, 0))


elementwise(special.poch, poch_in_z, lambda ans, z, m: ans * special.psi(z + m), singular=True)


# Binomial coefficients Γ(n + 1) / (Γ(k + 1) Γ(n − k + 1)): at their zeros one of the two reciprocals has a slope


def binom_slope(in_n):
    def slope(ans, n, k):
        is_zero = anp.equal(ans, 0)
        at_n = anp.where(is_zero, n, 0 * n + 1)
        at_k = anp.where(is_zero, k, 0 * k)
        lower, upper = special.rgamma(at_k + 1), special.rgamma(at_n - at_k + 1)
        d_lower, d_upper = rgamma_slope(lower, at_k + 1), rgamma_slope(upper, at_n - at_k + 1)
        left = special.psi(at_n + 1) * lower if in_n else d_lower
        zero_slope = special.gamma(at_n + 1) * (left * upper + (lower if in_n else -lower) * d_upper)
        other = psi_difference(n - k + 1, k, 0) if in_n else psi_difference(k + 1, n - 2 * k, 0)
        return anp.where(is_zero, zero_slope, ans * other)

    return slope


elementwise(special.binom, binom_slope(True), binom_slope(False), singular=True)


def refuse_exact(name, exact):
    if exact:
        raise TypeError(f"{name}: exact=True counts with integers, of which there is no derivative ({caller_line()}).")


@define(scipy.special.comb)
def comb(N, k, exact=False, repetition=False):
    N, k = as_array(N), as_array(k)
    refuse_exact("comb", exact)
    if repetition:
        N = N + k - 1
    is_there = anp.logical_and(anp.logical_and(k <= N, N >= 0), k >= 0)
    return anp.where(is_there, special.binom(anp.where(is_there, N, 1.0), anp.where(is_there, k, 1.0)), 0.0)


@define(scipy.special.perm)
def perm(N, k, exact=False):
    N, k = as_array(N), as_array(k)
    refuse_exact("perm", exact)
    is_there = anp.logical_and(anp.logical_and(k <= N, N >= 0), k >= 0)
    return anp.where(is_there, special.poch(anp.where(is_there, N - k + 1, 1.0), anp.where(is_there, k, 1.0)), 0.0)


@define(scipy.special.factorial)
def factorial(n, exact=False):
    n = as_array(n)
    refuse_exact("factorial", exact)
    is_negative = n < 0
    return anp.where(is_negative, n.dtype.type(0), special.gamma(anp.where(is_negative, n.dtype.type(0), n) + 1))


@define(scipy.special.multigammaln)
def multigammaln(a, d):
    a = as_array(a)
    d = int(d)
    if anp.any(to_recorded(a) <= 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: a has to be above (d - 1) / 2 = {0.5 * (d - 1)} ({caller_line()})")
    total = d * (d - 1) * 0.25 * np.log(np.pi)
    for j in range(d):
        total = total + special.gammaln(a - 0.5 * j)
    return total


replace_wrapped(scipy.special.gammasgn, nondifferentiable(scipy.special.gammasgn))
