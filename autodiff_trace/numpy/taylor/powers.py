"""Series rules of powers and roots, and of what is divided by a series: power, sqrt, square, hypot, divide."""

from __future__ import annotations

import numpy as np

from ...core.taylor import deftaylor
from ...core.tracer import is_box
from .. import wrapped as anp
from ..definers import quiet
from .series import (
    add, convolve, convolve_with_itself, derivative_of, fit, over, series_of, subtract,
)

__all__ = ["compose"]


# q y = x:  y₀ qₖ = xₖ − Σ qₖ₋ᵢ yᵢ


@quiet
def divide_series(order, nodes, ans, x, y):
    nones = [None] * (order + 1)
    x = [None, *nodes[0]] if 0 in nodes else nones
    v = [y, *nodes[1]] if 1 in nodes else nones
    q = [ans]
    for k in range(1, order + 1):
        q.append(over(subtract(x[k], convolve(v, q, k, 1, k)), y))
    return [fit(c, ans) for c in q[1:]]


deftaylor(anp.divide, divide_series)


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


deftaylor(anp.hypot, hypot_series)


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


deftaylor(anp.sqrt, sqrt_series)
deftaylor(anp.square, square_series)


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


deftaylor(anp.power, power_series)


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


def compose(order, outer, u):
    """The coefficients 1 … order of Σ outerⱼ vʲ, where v is u without its value: O(n³) operations."""
    total = [None] * (order + 1)
    power = v = [None, *u[1:]]
    for j in range(1, order + 1):
        for k in range(j, order + 1):
            if power[k] is not None:
                total[k] = add(total[k], power[k] * outer[j])
        power = [convolve(power, v, k, 0, k) for k in range(order + 1)]
    return total[1:]


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
