"""Rules of the elementwise functions, all that is known of each in one statement.

Functions with steps are in ``steps``, those that need a series in ``special_functions``, those that take complex
numbers apart in ``complex_parts``.
"""

from __future__ import annotations

import functools
import math
import operator

import numpy as np

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.traits import ANSWER, ARGUMENTS
from .. import wrapped as anp
from ..broadcasting import broadcast_tangent, unbroadcast
from ..definers import defrules, elementwise, linear, multilinear
from ..error_states import quiet
from ..selections import selects
from ..taylor.series import autonomous, convolve, fit, oscillation, quotient_integral


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


def sech_squared(ans, x):
    """1 − tanh² x, with all its digits also where tanh x is close to 1."""
    tail = anp.exp(-anp.absolute(x)) if x.dtype.kind != "c" else None
    if tail is None:
        return 1 - ans * ans
    half = 2 * tail / (1 + tail * tail)
    return half * half


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


# Of these the answer is NaN where an argument is
smooth = functools.partial(elementwise, shows_nan=True)

smooth(anp.add, 1, 1, commutative=True, fast_fun=operator.add, float_form=operator.add)
smooth(
    anp.arctan2, lambda ans, y, x: inverted(x, y), lambda ans, y, x: -inverted(y, x), singular=True,
    reads=ARGUMENTS, float_form=math.atan2, hides=(0, 1), cost=10,
)
smooth(
    anp.cos, lambda ans, x: -anp.sin(x), reads=ARGUMENTS, series=oscillation(anp.sin, -1, 1),
    float_form=math.cos, cost=7,
)
smooth(
    anp.cosh, lambda ans, x: anp.sinh(x), singular=True, reads=ARGUMENTS, series=oscillation(anp.sinh, 1, 1),
    float_form=math.cosh, cost=0.8,
)
smooth(
    anp.exp, lambda ans, x: ans, reads=ANSWER, series=autonomous(lambda ans, x: ans, 1, 0),
    float_form=math.exp, hides=(0,), cost=0.8,
)
smooth(
    anp.exp2, lambda ans, x: ans * log_of(2, x), singular=True, reads=ANSWER,
    series=autonomous(lambda ans, x: ans * log_of(2, x), lambda x: log_of(2, x), 0), cost=0.8,
)
smooth(
    anp.expm1, lambda ans, x: anp.exp(x), singular=True, reads=ARGUMENTS,
    series=autonomous(lambda ans, x: anp.exp(x), 1, 0), float_form=math.expm1, hides=(0,), cost=0.8,
)
smooth(anp.negative, -1, fast_fun=operator.neg, float_form=operator.neg)
smooth(anp.positive, 1)
smooth(
    anp.reciprocal, lambda ans, x: -ans * ans, singular=True, reads=ANSWER,
    series=autonomous(lambda ans, x: -ans * ans, 0, -1),
)
smooth(
    anp.sin, lambda ans, x: anp.cos(x), reads=ARGUMENTS, series=oscillation(anp.cos, 1, -1),
    float_form=math.sin, cost=7,
)
smooth(
    anp.sinh, lambda ans, x: anp.cosh(x), singular=True, reads=ARGUMENTS, series=oscillation(anp.cosh, 1, 1),
    float_form=math.sinh, cost=0.8,
)
smooth(anp.subtract, 1, -1, fast_fun=operator.sub, float_form=operator.sub)
smooth(
    anp.tan, lambda ans, x: 1 + ans * ans, reads=ANSWER, series=autonomous(lambda ans, x: 1 + ans * ans, 0, 1),
    float_form=math.tan, cost=10,
)
smooth(
    anp.tanh, lambda ans, x: 1 - ans * ans, reads=ANSWER, series=autonomous(sech_squared, 0, -1),
    float_form=math.tanh, hides=(0,), cost=0.8,
)


for _prim, _shows_nan in ((anp.fmax, False), (anp.fmin, False), (anp.maximum, True), (anp.minimum, True)):
    selects(
        _prim, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans), associative=True,
        shows_nan=_shows_nan,
    )


# Those whose slope is the reciprocal of y(x): one quotient instead of a reciprocal and a product


def inverse_slope(prim, y, **facts):
    @quiet
    def rule(g, ans, x):
        return unbroadcast(g / y(x), x)

    facts = {"series": quotient_integral(y), "shows_nan": True, **facts}
    defrules(prim, rule, rule, reads=ARGUMENTS, elementwise=True, answer_tells=True, **facts)


def one_plus_square(x):
    """x² + 1. Where it overflows its reciprocal is less than any normal number; not so in half precision."""
    x = anp.astype(x, np.float32) if x.dtype == np.float16 else x
    return x * x + 1


inverse_slope(anp.arccos, lambda x: -circle_root(x), float_form=math.acos, cost=0.8)
inverse_slope(anp.arccosh, lambda x: anp.sqrt(x - 1) * anp.sqrt(x + 1), float_form=math.acosh)
inverse_slope(anp.arcsin, circle_root, float_form=math.asin, cost=0.8)
inverse_slope(anp.arcsinh, asinh_root, float_form=math.asinh)
inverse_slope(
    anp.arctan, one_plus_square, series=quotient_integral(lambda x: 1 + x * x), float_form=math.atan,
    hides=(0,), cost=0.8,
)
inverse_slope(anp.arctanh, lambda x: (1 - x) * (1 + x), float_form=math.atanh, finite_at=0)
inverse_slope(anp.log, lambda x: x, float_form=math.log, cost=0.8)
inverse_slope(anp.log10, lambda x: x * log_of(10, x), float_form=math.log10, cost=0.8)
inverse_slope(anp.log1p, lambda x: 1 + x, float_form=math.log1p, cost=0.8)
inverse_slope(anp.log2, lambda x: x * log_of(2, x), float_form=math.log2, cost=0.8)


# multiply: by far the commonest, so its rules are written out (0.05 µs); by a Python number nothing is to be summed or
# cast back (0.2 of 0.8 µs on small arrays)


def multiply_series(order, nodes, ans, *operands):
    x, y = ([each, *nodes[i]] if i in nodes else [each, *[None] * order] for i, each in enumerate(operands))
    return [fit(convolve(x, y, k, 0, k), ans) for k in range(1, order + 1)]


multilinear(
    anp.multiply,
    lambda g, ans, x, y: g * y if type(y) is float else unbroadcast(g * y, x),
    lambda g, ans, x, y: g * x if type(x) is float else unbroadcast(g * x, y),
    elementwise=True, series=multiply_series, commutative=True, fast_fun=operator.mul, float_form=operator.mul,
    shows_nan=True,
)
defjvp(
    anp.multiply,
    lambda t, ans, x, y: broadcast_tangent(t * y, ans),
    lambda t, ans, x, y: broadcast_tangent(t * x, ans),
)


# Linear functions, element by element

for _prim in (anp.deg2rad, anp.degrees, anp.rad2deg, anp.radians):
    linear(_prim, lambda g, ans, x, prim=_prim: prim(g), shows_nan=True)
