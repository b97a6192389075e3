"""Rules of the elementwise functions: one line a function, alphabetical.

Functions with steps are in ``steps``, those that need a series in ``special_functions``, those that take complex
numbers apart in ``complex_parts``.
"""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import unbroadcast
from ..definers import define, elementwise, linear, scale


def asinh_root(x):
    """√(x² + 1), which does not overflow where x² would."""
    return anp.sqrt(x * x + 1) if x.dtype.kind == "c" else anp.hypot(x, 1)


def log_of(base, x):
    """The natural logarithm of the number ``base`` in the precision of ``x``."""
    return anp.log(x.dtype.type(base))


def ratio(x, y):
    """x / y, and 0 where y = 0."""
    zero = anp.equal(y, 0)
    return anp.where(zero, 0, x / anp.where(zero, 1, y))


def share(x, y, ans):
    """1 where ``x`` is the answer of ``maximum(x, y)``, one half where both are; of ``fmax`` it never is where NaN."""
    return anp.where(anp.equal(x, y), 0.5, anp.equal(x, ans))


# arctan' = 1 / (x² + 1), d arctan2(y, x) = (x dy − y dx) / (x² + y²): the squares would overflow, and underflow


def arctan_slope(ans, x):
    if x.dtype.kind == "c":
        return 1 / (x * x + 1)
    cosine = 1 / anp.hypot(x, 1)
    return cosine * cosine


def arctan2_slope(x, y):
    radius = anp.hypot(x, y)
    return ratio(ratio(x, radius), radius)


# d xʸ = y xʸ⁻¹ dx + xʸ log x dy


def power_slope_x(ans, x, y):
    """y xʸ⁻¹, and 0 where y = 0, also at x = 0."""
    if type(y) in (int, float):
        return y * x ** (y - 1) if y else anp.zeros_like(x)
    # The exponent is replaced at x = 0 alone: elsewhere the slope has itself a derivative in y, 1/x at y = 0.
    zero = anp.logical_and(anp.equal(x, 0), anp.equal(y, 0))
    return y * x ** anp.where(zero, 1, y - 1)


def power_slope_y(ans, x, y):
    """xʸ log x, and 0 at x = 0."""
    zero = anp.equal(x, 0)
    return anp.where(zero, 0, ans * anp.log(anp.where(zero, 1, x)))


# An overflow makes the slope infinite: exp and its kin are singular, so that where(x <= 0, exp(x), 1 + x) is smooth.

elementwise(anp.add, 1, 1)
elementwise(anp.arccos, lambda ans, x: -1 / anp.sqrt((1 - x) * (1 + x)), singular=True)
elementwise(anp.arccosh, lambda ans, x: 1 / (anp.sqrt(x - 1) * anp.sqrt(x + 1)), singular=True)
elementwise(anp.arcsin, lambda ans, x: 1 / anp.sqrt((1 - x) * (1 + x)), singular=True)
elementwise(anp.arcsinh, lambda ans, x: 1 / asinh_root(x), singular=True)
elementwise(anp.arctan, arctan_slope, singular=True)
elementwise(anp.arctan2, lambda ans, y, x: arctan2_slope(x, y), lambda ans, y, x: -arctan2_slope(y, x), singular=True)
elementwise(anp.arctanh, lambda ans, x: 1 / ((1 - x) * (1 + x)), singular=True)
elementwise(anp.cbrt, lambda ans, x: 1 / (3 * ans * ans), singular=True)
elementwise(anp.cos, lambda ans, x: -anp.sin(x))
elementwise(anp.cosh, lambda ans, x: anp.sinh(x), singular=True)
elementwise(anp.exp2, lambda ans, x: ans * log_of(2, x), singular=True)
elementwise(anp.expm1, lambda ans, x: anp.exp(x), singular=True)
elementwise(anp.fmax, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.fmin, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.hypot, lambda ans, x, y: ratio(x, ans), lambda ans, x, y: ratio(y, ans), singular=True)
elementwise(anp.log, lambda ans, x: 1 / x, singular=True)
elementwise(anp.log10, lambda ans, x: 1 / (x * log_of(10, x)), singular=True)
elementwise(anp.log1p, lambda ans, x: 1 / (1 + x), singular=True)
elementwise(anp.log2, lambda ans, x: 1 / (x * log_of(2, x)), singular=True)
elementwise(anp.maximum, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.minimum, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.multiply, lambda ans, x, y: y, lambda ans, x, y: x)
elementwise(anp.negative, -1)
elementwise(anp.positive, 1)
elementwise(anp.power, power_slope_x, power_slope_y, singular=True)
elementwise(anp.reciprocal, lambda ans, x: -ans * ans, singular=True)
elementwise(anp.sin, lambda ans, x: anp.cos(x))
elementwise(anp.sinh, lambda ans, x: anp.cosh(x), singular=True)
elementwise(anp.sqrt, lambda ans, x: 0.5 / ans, singular=True)
elementwise(anp.square, lambda ans, x: 2 * x)
elementwise(anp.subtract, 1, -1)
elementwise(anp.tan, lambda ans, x: 1 + ans * ans)
elementwise(anp.tanh, lambda ans, x: 1 - ans * ans)


# multiply: by far the commonest, so its rules are written out (0.05 µs); by a Python number nothing is to be summed or
# cast back (0.2 of 0.8 µs on small arrays)
defvjp(
    anp.multiply,
    lambda g, ans, x, y: g * y if type(y) is float else unbroadcast(g * y, x),
    lambda g, ans, x, y: g * x if type(x) is float else unbroadcast(g * x, y),
)


# exp: singular as well, but its slope is at hand and computed without a warning (0.2 instead of 0.7 µs on scalars)
defvjp(anp.exp, lambda g, ans, x: scale(g, ans))
defjvp(anp.exp, lambda t, ans, x: scale(t, ans))


# power: squares are by far the commonest, and their slope is finite (0.1 instead of 0.9 µs on scalars)


def quick_square(rule):
    def square_or_rule(g, ans, x, y):
        return g * (2 * x) if type(y) in (int, float) and y == 2 else rule(g, ans, x, y)

    return square_or_rule


defvjp(anp.power, quick_square(anp.power.vjps[0]))
defjvp(anp.power, quick_square(anp.power.jvps[0]))


# Linear functions

linear(anp.deg2rad, transpose=lambda g, ans, x: anp.deg2rad(g))
linear(anp.degrees, transpose=lambda g, ans, x: anp.degrees(g))
linear(anp.rad2deg, transpose=lambda g, ans, x: anp.rad2deg(g))
linear(anp.radians, transpose=lambda g, ans, x: anp.radians(g))


@define(np.float_power)
def float_power(x1, x2):
    dtype = anp.result_type(x1, x2, float)
    return anp.power(anp.astype(x1, dtype), x2 if type(x2) in (int, float) else anp.astype(x2, dtype))
