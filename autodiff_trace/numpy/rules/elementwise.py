"""Rules of the elementwise functions: one line a function, alphabetical.

Functions with steps are in ``steps``, those that need a series in ``special_functions``, those that take complex
numbers apart in ``complex_parts``.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp
from ...core.traits import ANSWER, ARGUMENTS, declare
from .. import wrapped as anp
from ..broadcasting import unbroadcast
from ..definers import define, elementwise, linear, quiet
from ..selections import selects


def asinh_root(x):
    """√(x² + 1), which does not overflow where x² would."""
    return anp.sqrt(x * x + 1) if x.dtype.kind == "c" else anp.hypot(x, 1)


def circle_root(x):
    """√(1 − x²). On the branch cut, at real x beyond 1, on the side that the sign of a zero imaginary part says, which
    1 − x and x + 1 would lose."""
    return anp.sqrt(-(x - 1)) * anp.sqrt(x - -1) if x.dtype.kind == "c" else anp.sqrt((1 - x) * (1 + x))


def log_of(base, x):
    """The natural logarithm of the number ``base`` in the precision of ``x``."""
    return anp.log(x.dtype.type(base))


def ratio(x, y):
    """x / y, and 0 where y = 0."""
    zero = anp.equal(y, 0)
    return anp.where(zero, 0, x / anp.where(zero, 1, y))


def share(x, y, ans):
    """1 where ``x`` is the answer of ``maximum(x, y)``, one half where both are; of ``fmax`` it never is where NaN."""
    attains, tie = anp.equal(x, ans), anp.equal(x, y)
    if type(tie) is np.ndarray and not np.count_nonzero(tie):  # half the time of what follows
        return attains
    return attains - 0.5 * tie  # where() takes seven times as long


# d arctan2(y, x) = (x dy − y dx) / (x² + y²)


@primitive
def inverted(x, y):
    """x / (x² + y²), the first coordinate of the point (x, y) inverted in the unit circle; 0 at the origin."""
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        square = x * x + y * y
        # Where the squares neither overflow nor lose digits one quotient will do: hypot takes 14 ns an element.
        if square.size and np.min(square) > 1e6 * np.finfo(square.dtype).tiny and np.max(square) < np.inf:
            return x / square
        radius = np.hypot(x, y)
        zero = np.equal(radius, 0)
        radius = np.where(zero, 1, radius)
        return np.where(zero, 0, x / radius / radius)[()]


# With u = inverted(x, y) and v = inverted(y, x): du = (v² − u²) dx − 2uv dy


def inverted_slope_x(ans, x, y):
    other = inverted(y, x)
    return other * other - ans * ans


elementwise(inverted, inverted_slope_x, lambda ans, x, y: -2 * ans * inverted(y, x), singular=True)


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


elementwise(anp.add, 1, 1, commutative=True, fast_fun=operator.add, float_form=operator.add)
elementwise(
    anp.arccos, lambda ans, x: -1 / circle_root(x), singular=True, reads=ARGUMENTS, float_form=math.acos, cost=0.8
)
elementwise(
    anp.arccosh, lambda ans, x: 1 / (anp.sqrt(x - 1) * anp.sqrt(x + 1)), singular=True,
    reads=ARGUMENTS, float_form=math.acosh,
)
elementwise(
    anp.arcsin, lambda ans, x: 1 / circle_root(x), singular=True, reads=ARGUMENTS, float_form=math.asin, cost=0.8
)
elementwise(anp.arcsinh, lambda ans, x: 1 / asinh_root(x), singular=True, reads=ARGUMENTS, float_form=math.asinh)
elementwise(
    anp.arctan2, lambda ans, y, x: inverted(x, y), lambda ans, y, x: -inverted(y, x), singular=True,
    reads=ARGUMENTS, float_form=math.atan2, hides=(0, 1), cost=10,
)
elementwise(
    anp.arctanh, lambda ans, x: 1 / ((1 - x) * (1 + x)), singular=True,
    reads=ARGUMENTS, float_form=math.atanh, finite_at=0,
)
elementwise(anp.cbrt, lambda ans, x: 1 / (3 * ans * ans), singular=True, reads=ANSWER)
elementwise(anp.cos, lambda ans, x: -anp.sin(x), reads=ARGUMENTS, float_form=math.cos, cost=7)
elementwise(anp.cosh, lambda ans, x: anp.sinh(x), singular=True, reads=ARGUMENTS, float_form=math.cosh, cost=0.8)
elementwise(anp.exp, lambda ans, x: ans, reads=ANSWER, float_form=math.exp, hides=(0,), cost=0.8)
elementwise(anp.exp2, lambda ans, x: ans * log_of(2, x), singular=True, reads=ANSWER, cost=0.8)
elementwise(
    anp.expm1, lambda ans, x: anp.exp(x), singular=True, reads=ARGUMENTS, float_form=math.expm1, hides=(0,), cost=0.8
)
elementwise(
    anp.hypot, lambda ans, x, y: ratio(x, ans), lambda ans, x, y: ratio(y, ans), singular=True,
    unread={0: (1,), 1: (0,)}, associative=True, float_form=math.hypot, cost=3,
)
elementwise(anp.multiply, lambda ans, x, y: y, lambda ans, x, y: x)
elementwise(anp.negative, -1, fast_fun=operator.neg, float_form=operator.neg)
elementwise(anp.positive, 1)
elementwise(anp.power, power_slope_x, power_slope_y, singular=True)
elementwise(anp.reciprocal, lambda ans, x: -ans * ans, singular=True, reads=ANSWER)
elementwise(anp.sin, lambda ans, x: anp.cos(x), reads=ARGUMENTS, float_form=math.sin, cost=7)
elementwise(anp.sinh, lambda ans, x: anp.cosh(x), singular=True, reads=ARGUMENTS, float_form=math.sinh, cost=0.8)
elementwise(anp.sqrt, lambda ans, x: 0.5 / ans, singular=True, reads=ANSWER, float_form=math.sqrt, cost=0.8)
elementwise(anp.square, lambda ans, x: 2 * x, reads=ARGUMENTS)
elementwise(anp.subtract, 1, -1, fast_fun=operator.sub, float_form=operator.sub)
elementwise(anp.tan, lambda ans, x: 1 + ans * ans, reads=ANSWER, float_form=math.tan, cost=10)
elementwise(anp.tanh, lambda ans, x: 1 - ans * ans, reads=ANSWER, float_form=math.tanh, hides=(0,), cost=0.8)


for _prim in (anp.fmax, anp.fmin, anp.maximum, anp.minimum):
    selects(_prim, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans), associative=True)


# Those whose slope is the reciprocal of y(x): one quotient instead of a reciprocal and a product


def inverse_slope(prim, y, **facts):
    @quiet
    def rule(g, ans, x):
        return unbroadcast(g / y(x), x)

    defvjp(prim, rule)
    defjvp(prim, rule)
    declare(prim, reads=ARGUMENTS, elementwise=True, answer_tells=True, **facts)


def one_plus_square(x):
    """x² + 1. Where it overflows its reciprocal is less than any normal number; not so in half precision."""
    x = anp.astype(x, np.float32) if x.dtype == np.float16 else x
    return x * x + 1


inverse_slope(anp.arctan, one_plus_square, float_form=math.atan, hides=(0,), cost=0.8)
inverse_slope(anp.log, lambda x: x, float_form=math.log, cost=0.8)
inverse_slope(anp.log10, lambda x: x * log_of(10, x), float_form=math.log10, cost=0.8)
inverse_slope(anp.log1p, lambda x: 1 + x, float_form=math.log1p, cost=0.8)
inverse_slope(anp.log2, lambda x: x * log_of(2, x), float_form=math.log2, cost=0.8)


# multiply: by far the commonest, so its rules are written out (0.05 µs); by a Python number nothing is to be summed or
# cast back (0.2 of 0.8 µs on small arrays)
defvjp(
    anp.multiply,
    lambda g, ans, x, y: g * y if type(y) is float else unbroadcast(g * y, x),
    lambda g, ans, x, y: g * x if type(x) is float else unbroadcast(g * x, y),
)
declare(anp.multiply, multilinear_in=(0, 1), commutative=True, fast_fun=operator.mul, float_form=operator.mul)


# power: squares are by far the commonest, and their slope is finite (0.1 instead of 0.9 µs on scalars)


def quick_square(rule):
    def square_or_rule(g, ans, x, y):
        return g * (2 * x) if type(y) in (int, float) and y == 2 else rule(g, ans, x, y)

    return square_or_rule


defvjp(anp.power, quick_square(anp.power.vjps[0]))
defjvp(anp.power, quick_square(anp.power.jvps[0]))


declare(
    anp.power, unread={0: (ANSWER,), 1: (1,)}, fast_fun=operator.pow, float_form=math.pow, hides=(0, 1),
    raises_on="niu", cost=3,
)


# Linear functions, element by element

linear(anp.deg2rad, transpose=lambda g, ans, x: anp.deg2rad(g))
linear(anp.degrees, transpose=lambda g, ans, x: anp.degrees(g))
linear(anp.rad2deg, transpose=lambda g, ans, x: anp.rad2deg(g))
linear(anp.radians, transpose=lambda g, ans, x: anp.radians(g))

declare(
    anp.add, anp.arccos, anp.arccosh, anp.arcsin, anp.arcsinh, anp.arctan, anp.arctan2, anp.arctanh, anp.cbrt, anp.cos,
    anp.cosh, anp.deg2rad, anp.degrees, anp.exp, anp.exp2, anp.expm1, anp.log, anp.log10, anp.log1p, anp.log2,
    anp.maximum, anp.minimum, anp.multiply, anp.negative, anp.positive, anp.rad2deg, anp.radians, anp.reciprocal,
    anp.sin, anp.sinh, anp.sqrt, anp.square, anp.subtract, anp.tan, anp.tanh, shows_nan=True,
)


@define(np.float_power)
def float_power(x1, x2):
    dtype = anp.result_type(x1, x2, float)
    return anp.power(anp.astype(x1, dtype), x2 if type(x2) in (int, float) else anp.astype(x2, dtype))
