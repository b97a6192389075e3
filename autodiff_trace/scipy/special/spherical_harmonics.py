"""Rules of spherical harmonics and of the associated Legendre functions, in the angles and in x."""

from __future__ import annotations

import math

import numpy as np
import scipy.special
from scipy.special import poch

from ...core.primitives import composite
from ...numpy import wrapped as anp
from ...numpy.namespace import replace_wrapped, wrapped_functions
from . import wrapped as special
from .families import differentiate, family_of, quiet_elementwise, refuse
from .orthogonal_polynomials import MOST_STEPS, eval_legendre_derivative, lower, spread


def harmonic(n, m, theta, phi):
    """SciPy's function of the polar angle ``theta`` and the azimuth ``phi``, by either name."""
    if hasattr(scipy.special, "sph_harm_y"):
        return scipy.special.sph_harm_y(n, m, theta, phi)
    return np.where(np.abs(m) > n, 0, scipy.special.sph_harm(m, n, phi, theta))


@family_of("(n) (m) theta phi")
def sph_harm_y_derivative(n, m, theta, phi, i, j):
    """In θ by the ladder operators L±, 2 ∂Y/∂θ = (e^(−iφ) L₊ − e^(iφ) L₋) Y, which has no pole at the poles (E. U.
    Condon, G. H. Shortley, "The Theory of Atomic Spectra", 1935, chapter 3)."""

    def slope(m, i):
        if i == 0:
            return harmonic(n, m, theta, phi)
        up = np.sqrt(np.maximum((n - m) * (n + m + 1), 0)) * np.exp(-1j * phi)
        down = np.sqrt(np.maximum((n + m) * (n - m + 1), 0)) * np.exp(1j * phi)
        return (up * slope(m + 1, i - 1) - down * slope(m - 1, i - 1)) / 2

    n, m = n.astype(int), m.astype(int)
    return (1j * m) ** j * slope(m, i)


def with_derivatives(y, theta, phi, diff_n):
    """What SciPy gives for ``diff_n``: the value, and with it the gradient and the Hessian, behind the other axes."""
    if diff_n == 0:
        return y(0, 0)
    gradient = anp.stack([y(1, 0), y(0, 1)], axis=-1)
    if diff_n == 1:
        return y(0, 0), gradient
    mixed = y(1, 1)
    rows = [anp.stack([y(2, 0), mixed], axis=-1), anp.stack([mixed, y(0, 2)], axis=-1)]
    return y(0, 0), gradient, anp.stack(rows, axis=-2)


def sph_harm_y(n, m, theta, phi, *, diff_n=0):
    if diff_n not in (0, 1, 2):
        raise ValueError(f"diff_n is currently only implemented for orders 0, 1, and 2, not for {diff_n}")
    return with_derivatives(lambda i, j: sph_harm_y_derivative(n, m, theta, phi, i, j), theta, phi, diff_n)


def sph_harm(m, n, theta, phi):
    return sph_harm_y_derivative(n, m, phi, theta, 0, 0)


# Legendre functions: Pᵐ = (−1)ᵐ (1 − x²)^(m/2) dᵐP/dxᵐ, DLMF 14.6.1, where dᵐP/dxᵐ is (2m − 1)!! times Gegenbauer's
# function of degree v − m and parameter m + ½; P⁻ᵐ is in proportion to Pᵐ, DLMF 14.9.3.


def falling(a, n):
    return math.prod(a - i for i in range(n))


def power_slope(a, x, order):
    """The derivative of (1 − x²)ᵃ, by Leibniz' rule for the powers of 1 − x and 1 + x."""
    total = 0
    for i in range(order + 1):
        factor = math.comb(order, i) * (-1) ** i * falling(a, i) * falling(a, order - i)
        total = total + np.where(factor == 0, 0, factor * (1 - x) ** (a - i) * (1 + x) ** (a - order + i))
    return total


@family_of("(m) v x")
def lpmv_derivative(m, v, x, i, j):
    m, v, x = np.broadcast_arrays(np.trunc(m), v, x)
    m = np.where(np.abs(m) > MOST_STEPS, np.nan, m)
    size = np.abs(m)

    def in_x(v):
        if j == 0:
            return scipy.special.lpmv(m, v, x)
        total = 0
        for n in range(j + 1):
            k = size + n
            slope = np.exp2(k) * poch(0.5, k) * lower(scipy.special.eval_gegenbauer, v, v - k, k + 0.5, x)
            total = total + math.comb(j, n) * power_slope(size / 2, x, j - n) * slope
        return total * np.where(m < 0, 1 / poch(v - size + 1, 2 * size), np.where(size % 2, -1.0, 1.0))

    return differentiate(in_x, v, 1 / spread(v, x), i, "lpmv in v")


quiet_elementwise(
    special.lpmv, None, lambda ans, m, v, x: lpmv_derivative(m, v, x, 1, 0),
    lambda ans, m, v, x: lpmv_derivative(m, v, x, 0, 1),
)


def legendre_p(n, z, *, diff_n=0):
    # The derivatives stand in front of the other axes, also if there is none but the value.
    return anp.stack([eval_legendre_derivative(n, z, 0, i) for i in range(diff_n + 1)])


def sph_legendre_p(n, m, theta, *, diff_n=0):
    return anp.stack([anp.real(sph_harm_y_derivative(n, m, theta, 0.0, i, 0)) for i in range(diff_n + 1)])


def assoc_legendre_p(n, m, z, *, branch_cut=2, norm=False, diff_n=0):
    if np.any(np.asarray(branch_cut) != 2):
        refuse("assoc_legendre_p on the branch_cut from −1 to 1", "z")
    if z.dtype.kind == "c":
        refuse("assoc_legendre_p of complex numbers", "z")
    n, m = np.asarray(n, float), np.asarray(m, float)
    scale = np.sqrt((2 * n + 1) / 2 * poch(n + m + 1, -2 * m)) if norm else 1.0
    return anp.stack([scale * lpmv_derivative(m, n, z, 0, i) for i in range(diff_n + 1)])


for _definition in (sph_harm_y, sph_harm, legendre_p, assoc_legendre_p, sph_legendre_p):
    _function = getattr(scipy.special, _definition.__name__, None)
    if _function in wrapped_functions:
        replace_wrapped(_function, composite(_function)(_definition))
