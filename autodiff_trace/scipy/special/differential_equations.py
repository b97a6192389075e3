"""Rules of functions that SciPy gives with their slopes, solutions of y'' = W(x) y: parabolic cylinder and Mathieu's.

In x they follow from the equation, in the parameters by interpolation.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import define
from . import wrapped as special
from .families import differentiate, family, family_of, quiet_elementwise


def solutions(function, names, potential, radius, unit=1.0):
    """The families of y and y' that ``function`` gives, of arguments ``names``, of which the last is x, in ``unit``.

    ``potential(k, *args)`` is the derivative of order k of W in the parameter before x; ``radius`` is how far that may
    vary.
    """

    def part(i, slope):
        def compute(*args):
            *counts, v, x, order = args
            v, x, *counts = np.broadcast_arrays(v, x, *counts)
            value = differentiate(
                lambda v: function(*counts, v, x)[i], v, radius(v), order, f"{function.__name__} in {names.split()[-2]}"
            )
            return np.asarray(value)

        compute.__name__ = f"{function.__name__}_{'slope' if i else 'value'}"
        return family(compute, names, x=slope)

    def slope_of_value(ans, *args):
        return unit * slope(*args)

    def slope_of_slope(ans, *args):
        *args, order = args
        total = 0
        for k in range(order + 1):
            total = total + math.comb(order, k) * potential(k, *args) * value(*args, order - k)
        return unit * total

    value, slope = part(0, slope_of_value), part(1, slope_of_slope)
    define(function)(lambda *args: (value(*args, 0), slope(*args, 0)))
    return value, slope


# Parabolic cylinder functions, DLMF 12.2.2 and 12.14.1


def weber(k, v, x):
    return [0.25 * x * x - v - 0.5, -1.0, 0.0][min(k, 2)]


def turned_weber(k, a, x):
    return [a - 0.25 * x * x, 1.0, 0.0][min(k, 2)]


def half(v):
    return 0.5


pbdv_value, pbdv_slope = solutions(scipy.special.pbdv, "v x", weber, half)
pbvv_value, pbvv_slope = solutions(scipy.special.pbvv, "v x", weber, half)
pbwa_value, pbwa_slope = solutions(scipy.special.pbwa, "a x", turned_weber, half)


# Mathieu functions, DLMF 28.2.1 and 28.20.1: y'' = −(a − 2q cos 2x) y, of whole orders m, with x in degrees; the
# modified ones have cosh. The characteristic values branch at complex q, of which none has |q| < 1.4 (DLMF 28.7).


@family_of("(m) q")
def mathieu_a_derivative(m, q, order):
    m, q = np.broadcast_arrays(m, q)
    return differentiate(lambda q: scipy.special.mathieu_a(m, q), q, 0.3, order, "mathieu_a in q")


@family_of("(m) q")
def mathieu_b_derivative(m, q, order):
    m, q = np.broadcast_arrays(m, q)
    return differentiate(lambda q: scipy.special.mathieu_b(m, q), q, 0.3, order, "mathieu_b in q")


quiet_elementwise(special.mathieu_a, None, lambda ans, m, q: mathieu_a_derivative(m, q, 1))
quiet_elementwise(special.mathieu_b, None, lambda ans, m, q: mathieu_b_derivative(m, q, 1))


def mathieu(characteristic, wave, sign):
    def potential(k, m, q, x):
        waves = [2 * q * wave(x), 2 * wave(x), 0.0][min(k, 2)]
        return sign * (waves - characteristic(m, q, k))

    return potential


def in_degrees(x):
    return anp.cos(x * (np.pi / 90))


def in_radians(x):
    return anp.cosh(2 * x)


def around(q):
    return 0.3


def beside_zero(q):
    return np.minimum(0.3, np.abs(q) / 4)


mathieu_cem_value, mathieu_cem_slope = solutions(
    scipy.special.mathieu_cem, "(m) q x", mathieu(mathieu_a_derivative, in_degrees, 1), around, np.pi / 180
)
mathieu_sem_value, mathieu_sem_slope = solutions(
    scipy.special.mathieu_sem, "(m) q x", mathieu(mathieu_b_derivative, in_degrees, 1), around, np.pi / 180
)
even, odd = mathieu(mathieu_a_derivative, in_radians, -1), mathieu(mathieu_b_derivative, in_radians, -1)
mathieu_modcem1_value, mathieu_modcem1_slope = solutions(scipy.special.mathieu_modcem1, "(m) q x", even, beside_zero)
mathieu_modcem2_value, mathieu_modcem2_slope = solutions(scipy.special.mathieu_modcem2, "(m) q x", even, beside_zero)
mathieu_modsem1_value, mathieu_modsem1_slope = solutions(scipy.special.mathieu_modsem1, "(m) q x", odd, beside_zero)
mathieu_modsem2_value, mathieu_modsem2_slope = solutions(scipy.special.mathieu_modsem2, "(m) q x", odd, beside_zero)
