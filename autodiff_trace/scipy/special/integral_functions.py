"""Rules of functions that are integrals of others: of Fresnel, Faddeeva, Voigt and Owen."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.error_states import quiet
from . import wrapped as special
from .families import family_of, quiet_elementwise, slopes_of

# Fresnel's integrals of sin(πt²/2) and cos(πt²/2), DLMF 7.2(iii)


@family_of("z", z=lambda ans, z: anp.sin(np.pi / 2 * z * z))
def fresnel_sine(z):
    return scipy.special.fresnel(z)[0]


@family_of("z", z=lambda ans, z: anp.cos(np.pi / 2 * z * z))
def fresnel_cosine(z):
    return scipy.special.fresnel(z)[1]


@define(scipy.special.fresnel)
@quiet
def fresnel(z):
    return fresnel_sine(z), fresnel_cosine(z)


# w(z) = e^(−z²) erfc(−iz): w' = 2i/√π − 2 z w, DLMF 7.10.2. For large z that is a difference of nearly equal numbers:
# there its expansion i/√π Σ (½)ₖ z^(−2k−1), DLMF 7.12.1, is differentiated; where Im z < 0, w(z) = 2 e^(−z²) − w(−z).

LARGE = 6.5


def wofz_by_steps(z, w, order):
    """w⁽ⁿ⁺¹⁾ = −2 z w⁽ⁿ⁾ − 2n w⁽ⁿ⁻¹⁾."""
    values = [w, 2j / math.sqrt(math.pi) - 2 * z * w]
    for n in range(1, order):
        values.append(-2 * z * values[n] - 2 * n * values[n - 1])
    return values[order]


def gauss_by_steps(z, order):
    """The derivative of 2 e^(−z²)."""
    values = [2 * np.exp(-z * z), -4 * z * np.exp(-z * z)]
    for n in range(1, order):
        values.append(-2 * z * values[n] - 2 * n * values[n - 1])
    return values[order]


def wofz_expansion(z, order):
    total, coefficient = 0, 1.0
    for k in range(40):
        total = total + coefficient * math.prod(-2 * k - 1 - i for i in range(order)) * z ** (-2.0 * k - 1 - order)
        coefficient *= k + 0.5
    return 1j / math.sqrt(math.pi) * total


@family_of("z")
def wofz_derivative(z, order):
    w = scipy.special.wofz(z)
    if order == 0:
        return w
    far = np.abs(z) > LARGE
    size = np.where(far, z, LARGE)
    lower = np.imag(z) < 0
    outer = wofz_expansion(size, order) + np.where(lower, gauss_by_steps(size, order), 0)
    return np.where(far, outer, wofz_by_steps(z, w, order))


@define(scipy.special.wofz)
@quiet
def wofz(z):
    z = as_array(z)
    return wofz_derivative(anp.astype(z, np.result_type(z.dtype, np.complex64)), 0)


@slopes_of(scipy.special.voigt_profile)
def voigt_profile(x, sigma, gamma):
    """Re w((x + iγ) / (σ√2)) / (σ√(2π)), DLMF 7.19.1 to 7.19.4."""
    width = math.sqrt(2) * sigma
    return anp.real(special.wofz((x + 1j * gamma) / width)) / (math.sqrt(math.pi) * width)


# Owen's T: the integral of exp(−h² (1 + x²) / 2) / (2π (1 + x²)) from 0 to a


def owens_in_h(ans, h, a):
    return -anp.exp(-0.5 * h * h) * special.erf(a * h / math.sqrt(2)) / math.sqrt(8 * math.pi)


quiet_elementwise(
    special.owens_t, owens_in_h, lambda ans, h, a: anp.exp(-0.5 * h * h * (1 + a * a)) / (2 * np.pi * (1 + a * a))
)
