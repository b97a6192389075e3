"""Rules of Carlson's symmetric elliptic integrals, differentiated under the integral, by the trapezoidal rule."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...core.errors import MissingRuleError, caller_line
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.error_states import quiet
from .families import family, family_of, slopes_of

__all__ = ["integral", "rising"]

STEP = 0.4
"""Of the trapezoidal rule in u = log t. The integrand is analytic for |Im u| < π/2 at least, so that the error is below
exp(−π² / STEP) (L. N. Trefethen, J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56,
2014, theorem 5.1)."""

DIGITS = 39.0
"""The integrand is followed until it has fallen by exp(−39), below the precision of doubles."""


def rising(a: float, n: int) -> float:
    """(a)ₙ = a (a + 1) … (a + n − 1)."""
    return math.prod(a + i for i in range(n))


def integral(bases: list, exponents: list, power: int = 0) -> np.ndarray:
    """∫₀^∞ tᵖ Π (t + xᵢ)^(−eᵢ) dt for arrays ``bases`` that share a shape; infinite where it diverges at 0."""
    if sorted(exponents) == [0.5, 0.5, 1.5] and power == 0:  # DLMF 19.16.5
        x, y, z = [bases[i] for i in np.argsort(exponents)]
        diverges = (z == 0) | (x == 0) & (y == 0)
        return np.where(diverges, np.inf, scipy.special.elliprd(x, y, np.where(diverges, 1, z)) / 1.5)
    bases = np.array(np.broadcast_arrays(*bases))
    size = np.abs(bases)
    step, tilt = STEP, 1.0
    if bases.dtype.kind == "c":  # the line of integration lies in the middle of the arguments, away from −xᵢ
        phases = np.angle(bases)
        step = STEP / 2
        tilt = np.exp(0.5j * (np.where(size == 0, -4, phases).max(0) + np.where(size == 0, 4, phases).min(0)))
    exponents = np.array(exponents).reshape((-1,) + (1,) * (bases.ndim - 1))
    falls = exponents.sum() - 1 - power
    rises = 1 + power - np.where(size == 0, exponents, 0).sum(0)
    logs = np.log(np.where(size == 0, 1, size))
    low = np.where(size == 0, np.inf, logs).min(0) - DIGITS / np.maximum(rises, 0.5)
    high = np.where(size == 0, -np.inf, logs).max(0) + DIGITS / falls
    span = np.nanmax(np.where(np.isfinite(high - low), high - low, 0), initial=0)
    u = low + step * np.arange(int(span / step) + 2).reshape((-1,) + (1,) * low.ndim)
    t = np.exp(np.minimum(u, high)) * tilt
    product = np.where(u > high, 0, t) * t**power
    for x, e in zip(bases, exponents.ravel()):
        product = product * (t + x) ** -e
    return np.where(rises > 0, step * product.sum(0), np.inf)


def carlson(function, names, weights, factor=1.0, power=0):
    """The family of factor ∫ tᵖ Π (t + xᵢ)^(−eᵢ) dt, DLMF 19.16(i)."""

    def compute(*args):
        count = len(weights)
        values, orders = args[:count], args[count:]
        if not any(orders):
            return function(*values)
        constant = factor * math.prod((-1) ** n * rising(e, n) for e, n in zip(weights, orders))
        return constant * integral(values, [e + n for e, n in zip(weights, orders)], power)

    compute.__name__ = f"{function.__name__}_derivative"
    return family(compute, names)


elliprc_derivative = carlson(scipy.special.elliprc, "x y", [0.5, 1.0], 0.5)
elliprd_derivative = carlson(scipy.special.elliprd, "x y z", [0.5, 0.5, 1.5], 1.5)
elliprf_derivative = carlson(scipy.special.elliprf, "x y z", [0.5, 0.5, 0.5], 0.5)
elliprg_derivative = carlson(scipy.special.elliprg, "x y z", [0.5, 0.5, 0.5], -0.25, 1)
elliprj_derivative = carlson(scipy.special.elliprj, "x y z p", [0.5, 0.5, 0.5, 1.0], 1.5)


@define(scipy.special.elliprd)
@quiet
def elliprd(x, y, z):
    return elliprd_derivative(x, y, z, 0, 0, 0)


@define(scipy.special.elliprf)
@quiet
def elliprf(x, y, z):
    return elliprf_derivative(x, y, z, 0, 0, 0)


@define(scipy.special.elliprg)
@quiet
def elliprg(x, y, z):
    return elliprg_derivative(x, y, z, 0, 0, 0)


@slopes_of(scipy.special.elliprc)
def elliprc(x, y):
    x, y = as_array(x), as_array(y)
    if x.dtype.kind == "c" or y.dtype.kind == "c":
        return elliprc_derivative(x, y, 0, 0)
    # Cauchy's principal value for y < 0, DLMF 19.2.20
    negative = anp.less(y, 0)
    above, below = anp.where(negative, x - y, x), anp.absolute(y)
    ratio = anp.where(negative, x, 1) / anp.where(negative, x - y, 1)
    return anp.sqrt(ratio) * elliprc_derivative(above, below, 0, 0)


@family_of("p", p=lambda ans, p: 1.0)
def positive(p):
    """``p``, which is not to be negative: there elliprj is a principal value, of which no derivative is here."""
    if p.dtype.kind != "c" and np.any(p < 0):
        raise MissingRuleError(
            f"elliprj has no derivative where p is negative ({caller_line()}): the integral is a principal value."
        )
    return p


@define(scipy.special.elliprj)
@quiet
def elliprj(x, y, z, p):
    return elliprj_derivative(x, y, z, positive(p), 0, 0, 0, 0)
