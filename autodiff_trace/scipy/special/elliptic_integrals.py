"""Rules of Legendre's elliptic integrals and of Jacobi's functions, in the amplitude and in the parameter m.

Derivatives in m are Carlson's integrals, without the quotients by m and 1 − m of DLMF 19.4 that lose digits; the first
are R_D, DLMF 19.25(i).
"""

from __future__ import annotations

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import define
from . import wrapped as special
from .carlson_integrals import integral, rising
from .families import family_of, quiet_elementwise

# ∂ʲ/∂mʲ ∫ (1 − m sin² θ)^(½ − k) dθ, with k = 1 of the first kind and 0 of the second, is (k − ½)ⱼ times the integral
# of sin²ʲ θ (1 − m sin² θ)^(½ − k − j), of which 1 / sin² θ = t + 1 / sin² φ makes Carlson's.


def in_parameter(sine, complement, kind, order):
    """That derivative, with ``complement`` = 1 − m sin² φ, for |φ| ≤ π/2."""
    exponents = [0.5, kind + order - 0.5, 1.5 - kind]
    bases = [1 - sine * sine, complement, np.ones_like(complement)]
    return rising(kind - 0.5, order) * 0.5 * sine ** (2 * order + 1) * integral(bases, exponents)


def complete(complement, kind, order):
    return in_parameter(np.ones_like(complement), complement, kind, order)


@family_of("m")
def ellipk_derivative(m, order):
    return complete(1 - m, 1, order) if order else scipy.special.ellipk(m)


@family_of("p")
def ellipkm1_derivative(p, order):
    return (-1) ** order * complete(p, 1, order) if order else scipy.special.ellipkm1(p)


@family_of("m")
def ellipe_derivative(m, order):
    return complete(1 - m, 0, order) if order else scipy.special.ellipe(m)


for _function, _derivative in (
    (special.ellipk, ellipk_derivative), (special.ellipkm1, ellipkm1_derivative), (special.ellipe, ellipe_derivative)
):
    quiet_elementwise(_function, lambda ans, m, derivative=_derivative: derivative(m, 1))


def incomplete(function, phi, m, kind, order):
    if order == 0:
        return function(phi, m)
    phi, m = np.broadcast_arrays(phi, m)
    m = np.where(m > 1, np.nan, m)  # of which SciPy has no values
    periods = np.rint(phi / np.pi)
    sine = np.sin(phi - periods * np.pi)
    whole = np.where(periods == 0, 0, 2 * periods * complete(1 - np.where(periods == 0, 0, m), kind, order))
    return whole + in_parameter(sine, 1 - m * sine * sine, kind, order)


def integrand(kind):
    def slope(ans, phi, m, order):
        sine = anp.sin(phi)
        square = sine * sine
        m = anp.where(anp.greater(m, 1), np.nan, m)  # of which SciPy has no values
        return rising(kind - 0.5, order) * square**order * (1 - m * square) ** (0.5 - kind - order)

    return slope


@family_of("phi m", phi=integrand(1))
def ellipkinc_derivative(phi, m, order):
    return incomplete(scipy.special.ellipkinc, phi, m, 1, order)


@family_of("phi m", phi=integrand(0))
def ellipeinc_derivative(phi, m, order):
    return incomplete(scipy.special.ellipeinc, phi, m, 0, order)


@define(scipy.special.ellipkinc)
def ellipkinc(phi, m):
    return ellipkinc_derivative(phi, m, 0)


@define(scipy.special.ellipeinc)
def ellipeinc(phi, m):
    return ellipeinc_derivative(phi, m, 0)


# Jacobi's functions, DLMF 22.13(i). The amplitude solves F(am, m) = u: ∂am/∂m = −dn ∂F/∂m (am, m)


@family_of("u m", u=lambda ans, u, m: jacobi_dn(u, m), m=lambda ans, u, m: amplitude_in_m(u, m))
def amplitude(u, m):
    return scipy.special.ellipj(u, m)[3]


def amplitude_in_m(u, m):
    return -jacobi_dn(u, m) * ellipkinc_derivative(amplitude(u, m), m, 1)


@family_of(
    "u m", u=lambda ans, u, m: jacobi_cn(u, m) * jacobi_dn(u, m),
    m=lambda ans, u, m: jacobi_cn(u, m) * amplitude_in_m(u, m),
)
def jacobi_sn(u, m):
    return scipy.special.ellipj(u, m)[0]


@family_of(
    "u m", u=lambda ans, u, m: -jacobi_sn(u, m) * jacobi_dn(u, m),
    m=lambda ans, u, m: -jacobi_sn(u, m) * amplitude_in_m(u, m),
)
def jacobi_cn(u, m):
    return scipy.special.ellipj(u, m)[1]


def dn_in_m(ans, u, m):
    sine = jacobi_sn(u, m)
    return -sine * (0.5 * sine / ans + m * jacobi_cn(u, m) * amplitude_in_m(u, m) / ans)


@family_of("u m", u=lambda ans, u, m: -m * jacobi_sn(u, m) * jacobi_cn(u, m), m=dn_in_m)
def jacobi_dn(u, m):
    return scipy.special.ellipj(u, m)[2]


@define(scipy.special.ellipj)
def ellipj(u, m):
    return jacobi_sn(u, m), jacobi_cn(u, m), jacobi_dn(u, m), amplitude(u, m)


# The arithmetic-geometric mean is b π / (2 K'((a/b)²)), DLMF 19.8.5, with K'(p) = K(1 − p), and symmetric


def agm_in_first(ans, a, b):
    ratio = a / b
    p = ratio * ratio
    whole = special.ellipkm1(p)
    slope = -np.pi * ratio * ellipkm1_derivative(p, 1) / (whole * whole)
    slope = anp.where(anp.equal(a, 0), np.inf, anp.where(anp.equal(b, 0), 0, slope))
    return anp.where(anp.greater(a * b, 0) | anp.not_equal(a, b) & anp.equal(a * b, 0), slope, np.nan)


quiet_elementwise(special.agm, agm_in_first, lambda ans, a, b: agm_in_first(ans, b, a))
