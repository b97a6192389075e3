"""Rules of x log y and of the entropies, of Box and Cox's transformations, and of Huber's losses."""

from __future__ import annotations

import numpy as np

from ...numpy import wrapped as anp
from ...numpy.definers import elementwise
from . import wrapped as special
from .exponential_integrals import exprel_derivative
from .families import family_of, in_domain

# x log y is 0 at x = 0, whatever y: so are its slopes there but for log y, where that is finite


def log_slope(log):
    return lambda ans, x, y: anp.where(anp.logical_and(anp.equal(x, 0), anp.isinf(log(y))), 0 * x, log(y))


def ratio_slope(shift):
    return lambda ans, x, y: quotient(x, y + shift)


def quotient(x, y):
    """x / y, and 0 where both are 0. (At x = 0 alone its own slope is 1 / y, which second derivatives need.)"""
    return anp.where(anp.logical_and(anp.equal(x, 0), anp.equal(y, 0)), 0 * x, x / y)


def outside_is_none(x, y, slope):
    """NaN where x or y is negative: the value is infinite there."""
    return anp.where(anp.logical_or(x < 0, y < 0), np.nan, slope)


elementwise(special.xlogy, log_slope(anp.log), ratio_slope(0), singular=True)
elementwise(special.xlog1py, log_slope(anp.log1p), ratio_slope(1), singular=True)
elementwise(special.entr, lambda ans, x: -1 - anp.log(x), singular=True)
elementwise(
    special.rel_entr, lambda ans, x, y: in_domain(ans, anp.log(x / y) + 1),
    lambda ans, x, y: outside_is_none(x, y, -quotient(x, y)), singular=True,
)
elementwise(
    special.kl_div, lambda ans, x, y: in_domain(ans, anp.log(x / y)),
    lambda ans, x, y: outside_is_none(x, y, 1 - quotient(x, y)), singular=True,
)


# With l = log x: boxcox is l exprel(λ l)


def boxcox_rules(prim, log, shift):
    def in_power(ans, x, power):
        level = log(x)
        is_end = anp.isinf(level)  # x = 0: the value is −1/λ
        level = anp.where(is_end, 0 * power + 1, level)
        inner = level * level * exprel_derivative(power * level, 1)
        return anp.where(is_end, 1 / anp.where(is_end, power * power, 1), inner)

    elementwise(
        prim, lambda ans, x, power: anp.power(x + shift if shift else x, power - 1), in_power, singular=True
    )


boxcox_rules(special.boxcox, anp.log, 0)
boxcox_rules(special.boxcox1p, anp.log1p, 1)


# Their inverses (1 + λ y)^(1/λ), whose logarithm is log(1 + λ y) / λ


def inverse_boxcox_rules(prim, xlog, shift):
    def value(ans):
        return ans + shift if shift else ans

    def in_y(ans, y, power):
        return anp.exp(xlog(1 - power, ans))

    def in_power(ans, y, power):
        """s/(1 + s) − log(1 + s) is −s²/2 · 2F1(2, 2; 3; −s)."""
        return -value(ans) * y * y * special.hyp2f1(2, 2, 3, -power * y) / 2

    elementwise(prim, in_y, in_power, singular=True)


inverse_boxcox_rules(special.inv_boxcox, special.xlogy, 0)
inverse_boxcox_rules(special.inv_boxcox1p, special.xlog1py, 1)


# Losses of a residual r, whose slope is bounded by δ


def huber_in_delta(ans, delta, r):
    return anp.maximum(anp.absolute(r) - delta, 0 * delta)


elementwise(special.huber, huber_in_delta, lambda ans, delta, r: anp.clip(r, -delta, delta))


def pseudo_huber_in_delta(ans, delta, r):
    square = (r / delta) ** 2
    root = anp.sqrt(1 + square)
    return delta * (square / (root + 1)) ** 2 / root


def cubed_root(delta, r):
    """(1 + (r / δ)²)^(−3/2), which the slope of r / √(1 + (r / δ)²) is: not a difference of two terms."""
    return (1 + (r / delta) ** 2) ** -1.5


@family_of(
    "delta r",
    delta=lambda ans, delta, r: (r / delta) ** 3 * cubed_root(delta, r),
    r=lambda ans, delta, r: cubed_root(delta, r),
)
def pseudo_huber_slope(delta, r):
    return r / np.sqrt(1 + (r / delta) ** 2)


elementwise(
    special.pseudo_huber, pseudo_huber_in_delta, lambda ans, delta, r: pseudo_huber_slope(delta, r), singular=True
)
