"""Powers and roots: power, float_power, square, sqrt, cbrt, hypot."""

from __future__ import annotations

import math
import operator

import numpy as np

from ...core.tracer import is_box
from ...core.traits import ANSWER, ARGUMENTS
from .. import wrapped as anp
from ..definers import define, elementwise
from ..error_states import quiet
from ..taylor.series import add, compose, convolve, convolve_with_itself, derivative_of, fit, over, series_of, subtract

__all__: list[str] = []

# s² = x:  2 s₀ sₖ = xₖ − Σ sᵢ sₖ₋ᵢ (0 < i < k)


@quiet
def sqrt_series(order, nodes, ans, x):
    s = [ans]
    for k in range(1, order + 1):
        s.append(over(subtract(nodes[0][k - 1], convolve_with_itself(s, k, 1)), 2 * ans))
    return s[1:]


def square_series(order, nodes, ans, x):
    u = [x, *nodes[0]]
    return [convolve_with_itself(u, k, 0) for k in range(1, order + 1)]


elementwise(
    anp.sqrt, lambda ans, x: 0.5 / ans, singular=True, reads=ANSWER, series=sqrt_series, shows_nan=True,
    float_form=math.sqrt, cost=0.8,
)
elementwise(anp.cbrt, lambda ans, x: 1 / (3 * ans * ans), singular=True, reads=ANSWER, shows_nan=True)
elementwise(anp.square, lambda ans, x: 2 * x, reads=ARGUMENTS, series=square_series, shows_nan=True)


# r² = x² + y²:  2 r₀ rₖ = Σ xᵢ xₖ₋ᵢ + Σ yᵢ yₖ₋ᵢ − Σ rᵢ rₖ₋ᵢ (0 < i < k); at r₀ = 0 all are 0, as in grad


@quiet
def hypot_series(order, nodes, ans, x, y):
    at_zero = anp.equal(ans, 0)
    radius = anp.where(at_zero, 1, ans)
    operands = [[value, *nodes[i]] for i, value in enumerate((x, y)) if i in nodes]
    r = [ans]
    for k in range(1, order + 1):
        total = None
        for operand in operands:
            total = add(total, convolve_with_itself(operand, k, 0))
        total = subtract(total, convolve_with_itself(r, k, 1))
        r.append(None if total is None else anp.where(at_zero, 0, total / (2 * radius)))
    return [fit(c, ans) for c in r[1:]]


def ratio(x, y):
    """x / y, and 0 where y = 0."""
    zero = anp.equal(y, 0)
    return anp.where(zero, 0, x / anp.where(zero, 1, y))


elementwise(
    anp.hypot, lambda ans, x, y: ratio(x, ans), lambda ans, x, y: ratio(y, ans), singular=True,
    unread={0: (1,), 1: (0,)}, series=hypot_series, associative=True, float_form=math.hypot, cost=3,
)


# power: by products where the exponent is a whole number, which divides by nothing


@quiet
def power_series(order, nodes, ans, x, y):
    return [fit(c, ans) for c in unbroadcast_power(order, nodes, ans, x, y)]


def unbroadcast_power(order, nodes, ans, x, y):
    if 1 in nodes:
        return traced_exponent(order, nodes, ans, x, y)
    exponent = None if is_box(y) or np.ndim(y) else np.asarray(y)[()]
    u = [x, *nodes[0]]
    if exponent is None or exponent.dtype.kind == "c" or exponent != np.floor(exponent) or np.isinf(exponent):
        return constant_exponent(order, u, ans, y)
    if exponent >= 0:
        return whole_power(order, u, int(exponent))[1:]
    return series_inverse(order, whole_power(order, u, -int(exponent)), ans)


def whole_power(order, u, exponent):
    """The coefficients 0 … order of uⁿ for a whole n ≥ 0, by squaring."""
    result = None
    while exponent:
        if exponent % 2:
            result = u if result is None else [convolve(result, u, k, 0, k) for k in range(order + 1)]
        exponent //= 2
        if exponent:
            u = [convolve_with_itself(u, k, 0) for k in range(order + 1)]
    return result or [None] * (order + 1)


def series_inverse(order, v, ans):
    """The coefficients 1 … order of 1 / v, where ``ans`` is its value: v₀ qₖ = −Σ vᵢ qₖ₋ᵢ."""
    q = [ans]
    for k in range(1, order + 1):
        q.append(over(subtract(None, convolve(v, q, k, 1, k)), v[0]))
    return q[1:]


# p = uᵃ:  k u₀ pₖ = Σ (a i − (k − i)) uᵢ pₖ₋ᵢ. Where u₀ = 0 that says nothing, and the binomial series of (u₀ + v)ᵃ,
# Σ binom(a, j) u₀ᵃ⁻ʲ vʲ, says what there is to say.


def constant_exponent(order, u, ans, a):
    binomials = binomial_series(order, u[0], a)
    if all(c is None for c in u[2:]):  # along a straight line its terms are the answer
        return [None if u[1] is None else binomials[k] * u[1] ** k for k in range(1, order + 1)]
    base = u[0]
    has_zeros = is_box(base) or not np.all(base)
    if has_zeros:
        zero = anp.equal(base, 0)
        base = anp.where(zero, 1, base)
    p = [ans]
    for k in range(1, order + 1):
        weighted = [None, *(None if u[i] is None else (a * i - (k - i)) * u[i] for i in range(1, k + 1))]
        total = convolve(weighted, p, k, 1, k)
        p.append(None if total is None else total / (k * base))
    return at_zeros(zero, p[1:], compose(order, binomials, u)) if has_zeros else p[1:]


def binomial_series(order, u0, a):
    """binom(a, j) u₀ᵃ⁻ʲ for j = 0 … order."""
    terms = []
    binomial = anp.ones_like(u0)[()]
    for j in range(order + 1):
        # Of a whole a < j nothing is left, and a − j would be the exponent of a pole.
        terms.append(binomial * u0 ** anp.where(anp.equal(binomial, 0), 0, a - j))
        binomial = binomial * (a - j) / (j + 1)
    return terms


def at_zeros(zero, coefficients, others):
    """``coefficients``, replaced by ``others`` at the elements that ``zero`` names."""
    return [
        None if c is None and other is None else anp.where(zero, 0 if other is None else other, 0 if c is None else c)
        for c, other in zip(coefficients, others)
    ]


# p = uʸ = exp(w), w = y log u:  k pₖ = Σ i wᵢ pₖ₋ᵢ. Where u₀ = 0 the change with y is 0, as in grad; together with a
# change of u it has terms u₀ʸ⁻ʲ logᵏ⁻ʲ u₀ for j < k, which vanish if y > k − 1 and are no number otherwise.


def traced_exponent(order, nodes, ans, x, y):
    zero = anp.equal(x, 0)
    base = anp.where(zero, 1, x)
    log = series_of(anp.log, base, nodes[0], order) if 0 in nodes else [anp.log(base)]
    log += [None] * (order + 1 - len(log))
    exponent = [y, *nodes[1]]
    dw = derivative_of([convolve(exponent, log, k, 0, k) for k in range(1, order + 1)])
    p = [ans]
    for k in range(1, order + 1):
        total = convolve(dw, p, k, 1, k)
        p.append(None if total is None else total / k)
    others = [None] * order
    if 0 in nodes:
        others = compose(order, binomial_series(order, x, y), [x, *nodes[0]])
        for k in range(2, order + 1):
            others[k - 1] = add(others[k - 1], anp.where(anp.greater(y, k - 1), 0, np.nan))
    return at_zeros(zero, p[1:], others)


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


elementwise(
    anp.power, power_slope_x, power_slope_y, singular=True, unread={0: (ANSWER,), 1: (1,)}, series=power_series,
    fast_fun=operator.pow, float_form=math.pow, hides=(0, 1), raises_on="niu", cost=3,
)


# Squares are by far the commonest, and their slope is finite (0.1 instead of 0.9 µs on scalars)


def quick_square(rule):
    def square_or_rule(g, ans, x, y):
        return g * (2 * x) if type(y) in (int, float) and y == 2 else rule(g, ans, x, y)

    return square_or_rule


for _rules in (anp.power.vjps, anp.power.jvps):
    _rules[0] = quick_square(_rules[0])


@define(np.float_power)
def float_power(x1, x2):
    dtype = anp.result_type(x1, x2, float)
    return anp.power(anp.astype(x1, dtype), x2 if type(x2) in (int, float) else anp.astype(x2, dtype))
