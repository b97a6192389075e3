"""Rules of the cylinder functions J, Y, I, K and H, in the argument z and in the order v."""

from __future__ import annotations

import math
import operator

import numpy as np
import scipy.special

from ...numpy.definers import define
from . import wrapped as special
from .families import differentiate, family, quiet_elementwise


def rate(v, z):
    """How fast a function of order ``v`` changes with it: (2 (v + 1) / z)^v for small z."""
    return 2 + np.arcsinh((np.abs(v) + 1) / np.maximum(np.abs(z), 1e-300))


def quick_slope(v, z, lower, upper, functions):
    """The slope at ``z`` of the function of order ``v``, 0 or 1, by SciPy's quick ``functions`` of these orders.

    It is upper C₁, and lower C₀ − C₁ / z, DLMF 10.6.2, 10.29.2; of that the third of ``functions`` is the value at 0.
    """
    zero, one, at_zero = functions
    if v == 0:
        return upper * one(z)
    first = lower * zero(z)
    return np.where(z == 0, at_zero, np.where(np.isinf(first), first, first - one(z) / z))


def is_quick(functions, v, z, i, j):
    return bool(functions) and np.ndim(v) == 0 and v in (0, 1) and (i, j) == (0, 1) and z.dtype.kind != "c"


def cylinder(function, lower, upper, quick=None):
    """The family of a function with 2 C' = lower C(v − 1) + upper C(v + 1), DLMF 10.6.1 and 10.29.1.

    In z by repeating that, DLMF 10.6.7 and 10.29.5; in v from the values for neighbouring orders.
    """

    def compute(v, z, i, j):
        if is_quick(quick, v, z, i, j):
            return quick_slope(v, z, lower, upper, quick)

        def in_z(v):
            total = 0
            for k in range(j + 1):
                total = total + math.comb(j, k) * lower ** (j - k) * upper**k * function(v - j + 2 * k, z)
            return total / 2**j

        v, z = np.broadcast_arrays(v, z)
        return differentiate(in_z, v, 2 / rate(v, z), i, function.__name__)

    compute.__name__ = f"{function.__name__}_derivative"
    derivative = family(compute, "v z")
    quiet_elementwise(
        getattr(special, function.__name__),
        lambda ans, v, z: derivative(v, z, 1, 0), lambda ans, v, z: derivative(v, z, 0, 1),
    )
    return derivative


jv_derivative = cylinder(scipy.special.jv, 1, -1, (scipy.special.j0, scipy.special.j1, 0.5))
yv_derivative = cylinder(scipy.special.yv, 1, -1, (scipy.special.y0, scipy.special.y1, np.inf))
hankel1_derivative = cylinder(scipy.special.hankel1, 1, -1)
hankel2_derivative = cylinder(scipy.special.hankel2, 1, -1)
iv_derivative = cylinder(scipy.special.iv, 1, 1, (scipy.special.i0, scipy.special.i1, 0.5))
kv_derivative = cylinder(scipy.special.kv, -1, -1, (scipy.special.k0, scipy.special.k1, -np.inf))


# Of fixed order: SciPy has quicker functions

quiet_elementwise(special.j0, lambda ans, x: -special.j1(x))
quiet_elementwise(special.j1, lambda ans, x: jv_derivative(1, x, 0, 1))
quiet_elementwise(special.y0, lambda ans, x: -special.y1(x))
quiet_elementwise(special.y1, lambda ans, x: yv_derivative(1, x, 0, 1))
quiet_elementwise(special.i0, lambda ans, x: special.i1(x))
quiet_elementwise(special.i1, lambda ans, x: iv_derivative(1, x, 0, 1))
quiet_elementwise(special.k0, lambda ans, x: -special.k1(x))
quiet_elementwise(special.k1, lambda ans, x: kv_derivative(1, x, 0, 1))
quiet_elementwise(special.yn, None, lambda ans, n, x: yv_derivative(n, x, 0, 1))
quiet_elementwise(special.kn, None, lambda ans, n, x: kv_derivative(n, x, 0, 1))


# Derivatives in z that SciPy has as functions of their own


def as_order(n):
    """The order ``n`` as SciPy takes it."""
    if operator.index(n) < 0:
        raise ValueError(f"n must be a non-negative integer, not {n}")
    return int(n)


for _function, _derivative in (
    (scipy.special.jvp, jv_derivative), (scipy.special.yvp, yv_derivative), (scipy.special.ivp, iv_derivative),
    (scipy.special.kvp, kv_derivative), (scipy.special.h1vp, hankel1_derivative),
    (scipy.special.h2vp, hankel2_derivative),
):
    define(_function)(lambda v, z, n=1, derivative=_derivative: derivative(v, z, 0, as_order(n)))
