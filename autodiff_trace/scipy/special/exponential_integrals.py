"""Rules of the exponential, sine and cosine integrals, of Spence's function, and of exponentials and roots."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import define, elementwise
from . import wrapped as special
from .families import family, family_of, in_domain

elementwise(special.exp1, lambda ans, z: in_domain(ans, -anp.exp(-z) / z), singular=True)
elementwise(special.expi, lambda ans, x: anp.exp(x) / x, singular=True)


def expn_slope(ans, n, x):
    is_zero = anp.equal(n, 0)
    return -anp.where(is_zero, anp.exp(-x) * (1 + 1 / x) / x, special.expn(anp.where(is_zero, 1, n) - 1, x))


elementwise(special.expn, None, expn_slope, singular=True)


def pair(function, slopes):
    """A function with two answers, of which ``slopes`` are the derivatives."""
    names = f"{function.__name__}"
    parts = []
    for which, slope in enumerate(slopes):
        def compute(x, which=which):
            return function(x)[which]

        compute.__name__ = f"{names}_{which}"
        part = family(compute, "x", x=slope)
        parts.append(part)

    def definition(x):
        return tuple([part(x) for part in parts])

    define(function)(definition)
    return parts


sici_parts = pair(
    scipy.special.sici, (lambda ans, x: anp.sinc(x / np.pi), lambda ans, x: anp.cos(x) / x)
)
shichi_parts = pair(
    scipy.special.shichi,
    (lambda ans, x: special.hyp0f1(1.5, x * x / 4), lambda ans, x: anp.cosh(x) / x),  # DLMF 10.39.9: sinh(x)/x
)


# The derivatives of exprel are ∫ tⁿ e^(xt) dt from 0 to 1: 1F1(n + 1; n + 2; x) / (n + 1), DLMF 13.4.1, near 0, and
# elsewhere by parts. (SciPy's 1F1 takes a time that grows with x.)


@family_of("x")
def exprel_derivative(x, order):
    far = np.abs(x) > order + 2
    value = scipy.special.exprel(x)
    for n in range(1, order + 1):
        value = (np.exp(x) - n * value) / np.where(far, x, 1)
    near = scipy.special.hyp1f1(order + 1, order + 2, np.where(far, 0, x)) / (order + 1)
    return np.where(far, np.where(x > 709, np.inf, value), near)


# Spence's function is ∫₁ᶻ log t / (1 − t) dt, and log(1 + s) / s = 2F1(1, 1; 2; −s)


def spence_slope(ans, z):
    s = z - 1
    is_near = anp.absolute(s) < 0.5
    near = anp.where(is_near, s, 0 * s)
    far = anp.where(is_near, 0 * s + 1, s)
    series = anp.astype(special.hyp2f1(1, 1, 2, -near), z.dtype)  # (SciPy's is double for single precision)
    return -anp.where(is_near, series, anp.log(anp.where(is_near, 0 * z + 2, z)) / far)


elementwise(special.spence, spence_slope, singular=True)
elementwise(special.exprel, lambda ans, x: exprel_derivative(x, 1), singular=True)
elementwise(special.expm1, lambda ans, x: anp.exp(x), singular=True)
elementwise(special.exp2, lambda ans, x: ans * x.dtype.type(math.log(2)), singular=True, reads="ans")
elementwise(special.exp10, lambda ans, x: ans * x.dtype.type(math.log(10)), singular=True, reads="ans")
elementwise(special.log1p, lambda ans, x: in_domain(ans, 1 / (1 + x)), singular=True)
elementwise(special.cbrt, lambda ans, x: 1 / (3 * ans * ans), singular=True)
elementwise(special.cosm1, lambda ans, x: -anp.sin(x))


def degrees(function, slope, reads):
    elementwise(function, lambda ans, x: x.dtype.type(math.pi / 180) * slope(ans, x), singular=True, reads=reads)


degrees(special.sindg, lambda ans, x: special.cosdg(x), "args")
degrees(special.cosdg, lambda ans, x: -special.sindg(x), "args")
degrees(special.tandg, lambda ans, x: 1 + ans * ans, "ans")
degrees(special.cotdg, lambda ans, x: -1 - ans * ans, "ans")
elementwise(
    special.powm1, lambda ans, x, y: y * anp.power(x, y - 1), lambda ans, x, y: (ans + 1) * anp.log(x), singular=True
)
