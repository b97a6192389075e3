"""Rules of the Airy functions, plain and scaled, and of their integrals. All follow from y'' = z y, DLMF 9.2.1."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from .families import family_of


def derivative_of_order(n, z, y, slope):
    """By y⁽ⁿ⁺²⁾ = z y⁽ⁿ⁾ + n y⁽ⁿ⁻¹⁾ from the value and the slope."""
    values = [y, slope]
    for k in range(n - 1):
        values.append(z * values[k] + (k * values[k - 1] if k else 0))
    return values[n]


@family_of("z")
def airy_ai(z, n):
    return derivative_of_order(n, z, *scipy.special.airy(z)[:2])


@family_of("z")
def airy_bi(z, n):
    return derivative_of_order(n, z, *scipy.special.airy(z)[2:])


@define(scipy.special.airy)
def airy(z):
    return airy_ai(z, 0), airy_ai(z, 1), airy_bi(z, 0), airy_bi(z, 1)


@define(scipy.special.itairy)
def itairy(x):
    return airy_integral(x, 0, 0), airy_integral(x, 1, 0), airy_integral(x, 2, 0), airy_integral(x, 3, 0)


@family_of("x (which)")
def airy_integral(x, which, order):
    """The integrals from 0 to x of Ai(t), Bi(t), Ai(−t), Bi(−t), one after the other."""
    which = int(which)
    if order == 0:
        return scipy.special.itairy(x)[which]
    sign = -1 if which > 1 else 1
    return sign ** (order - 1) * (airy_bi if which % 2 else airy_ai)(sign * x, order - 1)


# Scaled: e^ζ Ai and e^−ζ Bi, with ζ = 2/3 z^(3/2), so that ζ' = √z


def scaled_derivative(z, y, slope, sign, first, order):
    """The derivative of ``order`` of e^(sign ζ) y, or of that of the slope if ``first`` is 1.

    It is a sum of terms c zᵃ e^(sign ζ) y⁽ᵇ⁾, with b = 0 or 1.
    """
    terms = {(0.0, first): 1.0}
    for _ in range(order):
        new = {}
        for (a, b), c in terms.items():
            followers = [((a - 1, b), a * c), ((a + 0.5, b), sign * c), ((a, 1) if b == 0 else (a + 1, 0), c)]
            for key, weight in followers:
                if weight:
                    new[key] = new.get(key, 0) + weight
        terms = new
    return sum(c * (z**a if a else 1) * (slope if b else y) for (a, b), c in terms.items())


def scaled_expansion(z, sign, first, order, terms=16):
    """The same by the expansions for large z, DLMF 9.7.5 to 9.7.8."""
    total, u = 0, 1.0
    for k in range(terms):
        coefficient = u * (6 * k + 1) / (1 - 6 * k) if first else u
        a = 0.25 * (2 * first - 1) - 1.5 * k
        weight = (-sign) ** k * 1.5**k * coefficient * math.prod(a - i for i in range(order))
        total = total + weight * z ** (a - order)
        u = u * (6 * k + 5) * (6 * k + 3) * (6 * k + 1) / (216 * (k + 1) * (2 * k + 1))
    return total / math.sqrt(math.pi) * (1 if sign < 0 else 0.5 * (-1) ** first)


LARGE = 16
"""From here on the expansions have all digits."""


@family_of("z (first)")
def airye_ai(z, first, order):
    first = int(first)
    near = scaled_derivative(z, *scipy.special.airye(z)[:2], 1, first, order)
    return np.where(np.abs(z) > LARGE, scaled_expansion(z, 1, first, order), near) if order else near


@family_of("z (first)")
def airye_bi(z, first, order):
    first = int(first)
    y, slope = scipy.special.airye(z)[2:]
    near = scaled_derivative(np.maximum(z, 0), y, slope, -1, first, order)
    if order == 0:
        return near
    below = derivative_of_order(first + order, z, y, slope)  # it is not scaled where z < 0
    return np.where(z < 0, below, np.where(z > LARGE, scaled_expansion(z, -1, first, order), near))


@family_of("z s")
def airye_complex_bi(z, s, order, n):
    """e⁻ˢ Bi(z) with s = |Re ζ|, which is followed as a variable of its own, for it is no holomorphic function of z."""
    zeta = np.abs(np.real(2 / 3 * z * np.sqrt(z)))
    return derivative_of_order(order, z, *scipy.special.airye(z)[2:]) * (-1) ** n * np.exp(zeta - s)


@define(scipy.special.airye)
def airye(z):
    z = as_array(z)
    if z.dtype.kind != "c":
        return airye_ai(z, 0, 0), airye_ai(z, 1, 0), airye_bi(z, 0, 0), airye_bi(z, 1, 0)
    s = anp.absolute(anp.real(2 / 3 * z * anp.sqrt(z)))
    return airye_ai(z, 0, 0), airye_ai(z, 1, 0), airye_complex_bi(z, s, 0, 0), airye_complex_bi(z, s, 1, 0)
