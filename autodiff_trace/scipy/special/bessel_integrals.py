"""Rules of the integrals of Bessel and Struve functions of order 0, and of Kelvin's functions."""

from __future__ import annotations

import numpy as np
import scipy.special

from ...numpy.definers import define
from . import wrapped as special
from .cylinder_functions import iv_derivative, jv_derivative, kv_derivative
from .families import family, family_of, quiet_elementwise
from .struve_functions import modstruve_derivative, struve_derivative

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


def quotient(x, order, function, factor):
    """The derivative of (f(x) − f(0)) / x, where f = ``factor`` C₀ and ``function`` is the family of C.

    Near 0 it is that of the integral of f'(x t) over t from 0 to 1, elsewhere from x qⁿ + n qⁿ⁻¹ = fⁿ.
    """
    t = NODES.reshape((-1,) + (1,) * x.ndim)
    near = (WEIGHTS.reshape(t.shape) * t**order * function(0, np.where(np.abs(x) < 1, x, 0) * t, 0, order + 1)).sum(0)
    far = np.where(np.abs(x) < 1, 1, x)
    value = (function(0, far, 0, 0) - 1) / far
    for n in range(1, order + 1):
        value = (function(0, far, 0, n) - n * value) / far
    return factor * np.where(np.abs(x) < 1, near, value)


@family_of("x")
def one_minus_j0_over(x, order):
    return quotient(x, order, jv_derivative, -1)


@family_of("x")
def i0_minus_one_over(x, order):
    return quotient(x, order, iv_derivative, 1)


def part(function, i, slope):
    """One of several integrals that ``function`` computes at once, with its slope."""

    def integral(x):
        return function(x)[i]

    integral.__name__ = f"{function.__name__}_{i}"
    return family(integral, "x", x=lambda ans, x: slope(x))


iti0k0_0 = part(scipy.special.iti0k0, 0, lambda x: special.i0(x))
iti0k0_1 = part(scipy.special.iti0k0, 1, lambda x: special.k0(x))
itj0y0_0 = part(scipy.special.itj0y0, 0, lambda x: special.j0(x))
itj0y0_1 = part(scipy.special.itj0y0, 1, lambda x: special.y0(x))
it2i0k0_0 = part(scipy.special.it2i0k0, 0, lambda x: i0_minus_one_over(x, 0))
it2i0k0_1 = part(scipy.special.it2i0k0, 1, lambda x: -special.k0(x) / x)
it2j0y0_0 = part(scipy.special.it2j0y0, 0, lambda x: one_minus_j0_over(x, 0))
it2j0y0_1 = part(scipy.special.it2j0y0, 1, lambda x: -special.y0(x) / x)


@define(scipy.special.iti0k0)
def iti0k0(x):
    return iti0k0_0(x), iti0k0_1(x)


@define(scipy.special.itj0y0)
def itj0y0(x):
    return itj0y0_0(x), itj0y0_1(x)


@define(scipy.special.it2i0k0)
def it2i0k0(x):
    return it2i0k0_0(x), it2i0k0_1(x)


@define(scipy.special.it2j0y0)
def it2j0y0(x):
    return it2j0y0_0(x), it2j0y0_1(x)


quiet_elementwise(special.itstruve0, lambda ans, x: struve_derivative(0, x, 0, 0))
quiet_elementwise(special.it2struve0, lambda ans, x: -struve_derivative(0, x, 0, 0) / x)
quiet_elementwise(special.itmodstruve0, lambda ans, x: modstruve_derivative(0, x, 0, 0))


# Kelvin's functions are the parts of J₀ (x e^(3πi/4)) and K₀ (x e^(πi/4)), DLMF 10.61(i)

TURN = np.exp(0.75j * np.pi)
HALF_TURN = np.exp(0.25j * np.pi)

# They solve x y'' + y' = i x y, of which near 0 the parts keep their digits beside one another.


def kelvin_near_zero(x, order, value, slope):
    """The derivative of order 0, 1 … by the equation, from those of the orders 0 and 1."""
    values = [value(x), slope(x)]
    for n in range(order - 1):
        before = n * values[n - 1] if n else 0
        values.append(1j * values[n] + (1j * before - (n + 1) * values[n + 1]) / x)
    return values[order]


def ker_and_kei(x):
    return scipy.special.ker(x) + 1j * scipy.special.kei(x)


def kerp_and_keip(x):
    return scipy.special.kerp(x) + 1j * scipy.special.keip(x)


def second_kind(x, order):
    """The derivative of ker x + i kei x, K₀ (x e^(πi/4))."""
    far = HALF_TURN**order * kv_derivative(0, HALF_TURN * x, 0, order)
    near = kelvin_near_zero(np.minimum(x, 1), order, ker_and_kei, kerp_and_keip)
    return np.where(x < 0, np.nan, np.where(x < 1, near, far))


@family_of("x")
def ber_derivative(x, order):
    return np.real(TURN**order * jv_derivative(0, TURN * x, 0, order))


@family_of("x")
def bei_derivative(x, order):
    return np.imag(TURN**order * jv_derivative(0, TURN * x, 0, order))


@family_of("x")
def ker_derivative(x, order):
    return np.real(second_kind(x, order))


@family_of("x")
def kei_derivative(x, order):
    return np.imag(second_kind(x, order))


for _name, _derivative in zip(
    ("ber", "bei", "ker", "kei"), (ber_derivative, bei_derivative, ker_derivative, kei_derivative)
):
    quiet_elementwise(getattr(special, _name), lambda ans, x, derivative=_derivative: derivative(x, 1))
    quiet_elementwise(getattr(special, f"{_name}p"), lambda ans, x, derivative=_derivative: derivative(x, 2))


@define(scipy.special.kelvin)
def kelvin(x):
    values = [special.ber(x), special.bei(x), special.ker(x), special.kei(x)]
    slopes = [special.berp(x), special.beip(x), special.kerp(x), special.keip(x)]
    real = [values[0], values[2], slopes[0], slopes[2]]
    imaginary = [values[1], values[3], slopes[1], slopes[3]]
    return tuple([x + 1j * y for x, y in zip(real, imaginary)])
