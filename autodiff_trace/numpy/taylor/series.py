"""Arithmetic with truncated power series, as lists of coefficients 0 … n in which None is zero, and the series rules of
functions that solve a differential equation, have known derivatives or are products.

The recurrences are those of A. Griewank and A. Walther, "Evaluating Derivatives", 2nd ed., SIAM 2008, chapter 13
(tables 13.1 and 13.2).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.taylor import Series, trace_taylor
from ..broadcasting import broadcast_tangent
from ..error_states import quiet

__all__ = [
    "add", "autonomous", "compose", "composition", "convolve", "convolve_with_itself", "derivative_of", "fit",
    "oscillation", "over", "product_series", "quotient_integral", "series_of", "subtract",
]


def add(x: Any, y: Any) -> Any:
    """The sum of two coefficients."""
    return y if x is None else x if y is None else x + y


def subtract(x: Any, y: Any) -> Any:
    """The difference of two coefficients."""
    return x if y is None else -y if x is None else x - y


def over(c: Any, value: Any) -> Any:
    """A coefficient divided by ``value``."""
    return None if c is None else c / value


def convolve(a: list, b: list, k: int, first: int, last: int) -> Any:
    """The sum of ``a[i] b[k − i]`` over i = first … last."""
    total = None
    for i in range(first, last + 1):
        x, y = a[i], b[k - i]
        if x is not None and y is not None:
            total = x * y if total is None else total + x * y
    return total


def convolve_with_itself(a: list, k: int, first: int) -> Any:
    """The sum of ``a[i] a[k − i]`` over i = first … k − first, each pair of equal terms computed once."""
    half = (k + 1) // 2
    total = convolve(a, a, k, k - half + 1, k - first)
    total = None if total is None else 2 * total
    if k % 2 or a[half] is None or half < first:
        return total
    return add(total, a[half] * a[half])


def fit(c: Any, ans: Any) -> Any:
    """A coefficient with the shape and dtype of the answer, which a broadcast operand's lack."""
    if type(c) is complex:  # as a Python number times a NumPy scalar is
        c = np.complex128(c)
    return None if c is None else broadcast_tangent(c, ans)


def derivative_of(node: Series) -> list:
    """The coefficients k uₖ, by k: those of t u'(t). Recurrences for integrals are written with them."""
    return [None, *(c if c is None or k == 1 else k * c for k, c in enumerate(node, 1))]


def series_of(fun: Callable, x: Any, node: Series, order: int) -> list:
    """The coefficients 0 … order of ``fun`` of a series of at least that order."""
    if order == 0:
        return [fun(x)]
    outputs, nodes = trace_taylor(lambda box: [fun(box)], [x], [Series(node[:order])], order)
    return [outputs[0], *(nodes[0] or [None] * order)]


def compose(order: int, outer: list, u: list) -> list:
    """The coefficients 1 … order of Σ outerⱼ vʲ, where v is u without its value: O(n³) operations."""
    total = [None] * (order + 1)
    power = v = [None, *u[1:]]
    for j in range(1, order + 1):
        for k in range(j, order + 1):
            if power[k] is not None:
                total[k] = add(total[k], power[k] * outer[j])
        power = [convolve(power, v, k, 0, k) for k in range(order + 1)]
    return total[1:]


# Series rules: rule(order, nodes, ans, *args) gives the coefficients 1 … order


def autonomous(slope: Callable, b: Any, c: float) -> Callable:
    """The rule of a function with y' = w u', w = a + b y + c y²:  k yₖ = Σ i uᵢ wₖ₋ᵢ,  wₖ = b yₖ + c Σ yᵢ yₖ₋ᵢ.

    ``slope(ans, x)`` is w at the value, in the form that keeps its digits; ``b`` and ``c`` are numbers, or ``b`` a
    function of x.
    """

    @quiet
    def rule(order, nodes, ans, x):
        factor = b(x) if callable(b) else b
        du = derivative_of(nodes[0])
        y, w = [ans], [slope(ans, x)]
        for k in range(1, order + 1):
            total = convolve(du, w, k, 1, k)
            y.append(over(total, k))
            change = None if total is None or b == 0 else y[k] if b == 1 else factor * y[k]
            if c:
                square = convolve_with_itself(y, k, 0)
                change = add(change, square) if c == 1 else subtract(change, square)
            w.append(change)
        return y[1:]

    return rule


def oscillation(other: Callable, sign: int, sign_of_other: int) -> Callable:
    """The rule of a function whose derivative is ± ``other``, of which the derivative is ± the function: sin, cosh."""

    @quiet
    def rule(order, nodes, ans, x):
        du = derivative_of(nodes[0])
        s, c = [ans], [other(x)]
        for k in range(1, order + 1):
            ds, dc = convolve(du, c, k, 1, k), convolve(du, s, k, 1, k)
            s.append(over(ds, sign * k))
            c.append(over(dc, sign_of_other * k))
        return s[1:]

    return rule


def quotient_integral(denominator: Callable) -> Callable:
    """The rule of a function whose derivative is 1 / v, v = ``denominator(x)``:  v₀ yₖ = uₖ − 1/k Σ i yᵢ vₖ₋ᵢ."""

    @quiet
    def rule(order, nodes, ans, x):
        u = nodes[0]
        v = series_of(denominator, x, u, order - 1)
        y, dy = [ans], [None]
        for k in range(1, order + 1):
            total = convolve(dy, v, k, 1, k - 1)
            y.append(over(subtract(u[k - 1], over(total, k)), v[0]))
            dy.append(None if y[k] is None else k * y[k])
        return y[1:]

    return rule


def composition(derivative: Callable) -> Callable:
    """The rule of a function of which ``derivative(j, x, *args)`` is the one of order j:
    f(u₀ + v) = Σ f⁽ʲ⁾(u₀) / j! vʲ, composed with the series of v."""

    def rule(order, nodes, ans, x, *args):
        if list(nodes) != [0]:
            return NotImplemented
        outer = [derivative(j, x, *args) / math.factorial(j) for j in range(order + 1)]
        return compose(order, outer, [x, *nodes[0]])

    return rule


def product_series(prim: Callable) -> Callable:
    """The rule of a function that is linear in each operand, Cauchy's: a coefficient is the sum over the ways to share
    its order among the operands."""

    def rule(order, nodes, ans, *args, **kwargs):
        series = {i: [args[i], *node] for i, node in nodes.items()}
        coefficients = []
        for k in range(1, order + 1):
            total = None
            for degrees in shares(k, len(series)):
                factors = [each[degree] for each, degree in zip(series.values(), degrees)]
                if all(factor is not None for factor in factors):
                    new = list(args)
                    for i, factor in zip(series, factors):
                        new[i] = factor
                    total = add(total, prim(*new, **kwargs))
            coefficients.append(fit(total, ans))
        return coefficients

    return rule


def shares(k: int, count: int):
    """The ways to write ``k`` as a sum of ``count`` whole numbers."""
    for degrees in itertools.product(range(k + 1), repeat=count - 1):
        if sum(degrees) <= k:
            yield (*degrees, k - sum(degrees))
