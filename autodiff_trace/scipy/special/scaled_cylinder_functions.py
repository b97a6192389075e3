"""Rules of the cylinder functions that are scaled by an exponential: ive, kve, jve, yve, hankel1e, hankel2e, i0e …"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from . import wrapped as special
from .cylinder_functions import is_quick, jv_derivative, quick_slope, rate, yv_derivative
from .families import differentiate, family, quiet_elementwise

TERMS = 30


def expansion(v, z, j, factor, sign):
    """The derivative of order ``j`` in z of Hankel's expansion, ``factor`` / √z Σ (sign / z)ᵏ aₖ(v), DLMF 10.17(i) and
    10.40(i), for |z| > 25 and > v²/2."""
    power = z ** (-0.5 - j)
    total, term = 0, 1
    for k in range(TERMS):
        total = total + term * math.prod(-0.5 - k - i for i in range(j)) * power
        term = term * (4 * v * v - (2 * k + 1) ** 2) / (8 * (k + 1)) * sign
        power = power / z
    return factor * total


def scaled(function, lower, upper, rate_of, factor, sign, quick=None):
    """The family of e^(cz) C(z), with 2 C' = lower C(v − 1) + upper C(v + 1) and c = ``rate_of(z)``.

    Where z is large its derivatives are small beside each of the terms of Leibniz' rule: there they are those of
    Hankel's expansion, factor(v) / √z Σ (sign / z)ᵏ aₖ(v).
    """

    def compute(v, z, i, j):
        def beside_zero(v):
            near = 0
            for n in range(j + 1):
                for k in range(n + 1):
                    weight = math.comb(j, n) * math.comb(n, k) / 2**n * lower ** (n - k) * upper**k
                    near = near + weight * rate_of(z) ** (j - n) * function(v - n + 2 * k, z)
            return near

        def in_z(v):
            if is_quick(quick, order, z, i, j):
                near = rate_of(z) * quick[int(order)](z) + quick_slope(order, z, lower, upper, quick)
                near = np.broadcast_to(near, v.shape)
            else:
                near = beside_zero(v)
            large = np.abs(z) > np.maximum(25, v * v / 2)
            if j == 0 or not np.any(large):
                return near
            side = 1
            size = z
            if z.dtype.kind != "c" and np.any(z < 0):
                side = np.where(z > 0, 1, np.where(v == np.rint(v), np.where((v + j) % 2, -1.0, 1.0), np.nan))
                size = np.abs(z)
            undefined = np.isnan(near) & np.isfinite(z)
            return np.where(large & ~undefined, side * expansion(v, size, j, factor(v), sign), near)

        order, (v, z) = v, np.broadcast_arrays(v, z)
        return differentiate(in_z, v, 2 / rate(v, z), i, function.__name__)

    compute.__name__ = f"{function.__name__}_derivative"
    return family(compute, "v z")


def phase(v):
    return math.sqrt(2 / math.pi) * np.exp(-0.5j * math.pi * (v + 0.5))


ive_derivative = scaled(
    scipy.special.ive, 1, 1, lambda z: -np.sign(z), lambda v: 1 / math.sqrt(2 * math.pi), -1,
    (scipy.special.i0e, scipy.special.i1e, 0.5),
)
kve_derivative = scaled(
    scipy.special.kve, -1, -1, np.ones_like, lambda v: math.sqrt(math.pi / 2), 1,
    (scipy.special.k0e, scipy.special.k1e, -np.inf),
)
hankel1e_derivative = scaled(scipy.special.hankel1e, 1, -1, lambda z: np.full_like(z, -1j, complex), phase, 1j)
hankel2e_derivative = scaled(
    scipy.special.hankel2e, 1, -1, lambda z: np.full_like(z, 1j, complex), lambda v: np.conj(phase(v)), -1j
)

for _function, _derivative in (
    (special.kve, kve_derivative), (special.hankel1e, hankel1e_derivative), (special.hankel2e, hankel2e_derivative)
):
    quiet_elementwise(
        _function,
        lambda ans, v, z, derivative=_derivative: derivative(v, z, 1, 0),
        lambda ans, v, z, derivative=_derivative: derivative(v, z, 0, 1),
    )

quiet_elementwise(special.i0e, lambda ans, x: ive_derivative(0, x, 0, 1))
quiet_elementwise(special.i1e, lambda ans, x: ive_derivative(1, x, 0, 1))
quiet_elementwise(special.k0e, lambda ans, x: kve_derivative(0, x, 0, 1))
quiet_elementwise(special.k1e, lambda ans, x: kve_derivative(1, x, 0, 1))


# ive, jve and yve of complex z are scaled by the exponential of −|Re z| or −|Im z|, so that they are no holomorphic
# functions: these are functions of z, which is followed as such, and of the real exponent.


def with_exponent(function, lower, upper, exponent):
    """The family of e⁻ˢ C(z), s = ``exponent(z)``."""

    def compute(v, z, s, i, j, n):
        def in_z(v):
            total = 0
            for k in range(j + 1):
                total = total + math.comb(j, k) * lower ** (j - k) * upper**k * function(v - j + 2 * k, z)
            return total / 2**j

        v, z, s = np.broadcast_arrays(v, z, s)
        slope = differentiate(in_z, v, 2 / rate(v, z), i, function.__name__)
        return slope * (-1) ** n * np.exp(exponent(z) - s)

    compute.__name__ = f"scaled_{function.__name__}_derivative"
    return family(compute, "v z s")


def abs_real(z):
    return np.abs(np.real(z))


def abs_imag(z):
    return np.abs(np.imag(z))


scaled_ive_derivative = with_exponent(scipy.special.ive, 1, 1, abs_real)
scaled_jve_derivative = with_exponent(scipy.special.jve, 1, -1, abs_imag)
scaled_yve_derivative = with_exponent(scipy.special.yve, 1, -1, abs_imag)


@define(scipy.special.ive)
def ive(v, z):
    z = as_array(z)
    if z.dtype.kind != "c":
        return ive_derivative(v, z, 0, 0)
    return scaled_ive_derivative(v, z, anp.absolute(anp.real(z)), 0, 0, 0)


@define(scipy.special.jve)
def jve(v, z):
    z = as_array(z)
    if z.dtype.kind != "c":
        return jv_derivative(v, z, 0, 0)
    return scaled_jve_derivative(v, z, anp.absolute(anp.imag(z)), 0, 0, 0)


@define(scipy.special.yve)
def yve(v, z):
    z = as_array(z)
    if z.dtype.kind != "c":
        return yv_derivative(v, z, 0, 0)
    return scaled_yve_derivative(v, z, anp.absolute(anp.imag(z)), 0, 0, 0)
