"""Series rules of the elementary functions of one argument, each by the differential equation that it solves.

What has no rule here (``arctan2``, ``cbrt``, ``logaddexp``, ``sinc``, the functions with steps) follows from its JVP.
"""

from __future__ import annotations

from ...core.taylor import deftaylor
from .. import wrapped as anp
from ..definers import quiet
from ..rules.elementwise import asinh_root, circle_root, log_of
from .series import (
    add, convolve, convolve_with_itself, derivative_of, over, series_of, subtract,
)

__all__ = ["autonomous", "oscillation", "quotient_integral"]


# y' = w u', w = a + b y + c y²:  k yₖ = Σ i uᵢ wₖ₋ᵢ,  wₖ = b yₖ + c Σ yᵢ yₖ₋ᵢ


def autonomous(prim, slope, b, c):
    """Give ``prim`` the rule of a solution of such an equation. ``slope(ans, x)`` is w at the value, in the form that
    keeps its digits; ``b`` and ``c`` are numbers, or ``b`` a function of x."""

    @quiet
    def rule(order, nodes, ans, x):
        factor = b(x) if callable(b) else b
        du = derivative_of(nodes[0])
        y, w = [ans], [slope(ans, x)]
        for k in range(1, order + 1):
            total = convolve(du, w, k, 1, k)
            y.append(None if total is None else total / k)
            change = None if total is None or b == 0 else y[k] if b == 1 else factor * y[k]
            if c:
                square = convolve_with_itself(y, k, 0)
                change = add(change, square) if c == 1 else subtract(change, square)
            w.append(change)
        return y[1:]

    deftaylor(prim, rule)


def sech_squared(ans, x):
    """1 − tanh² x, with all its digits also where tanh x is close to 1."""
    tail = anp.exp(-anp.absolute(x)) if x.dtype.kind != "c" else None
    if tail is None:
        return 1 - ans * ans
    half = 2 * tail / (1 + tail * tail)
    return half * half


autonomous(anp.exp, lambda ans, x: ans, 1, 0)
autonomous(anp.exp2, lambda ans, x: ans * log_of(2, x), lambda x: log_of(2, x), 0)
autonomous(anp.expm1, lambda ans, x: anp.exp(x), 1, 0)
autonomous(anp.reciprocal, lambda ans, x: -ans * ans, 0, -1)
autonomous(anp.tan, lambda ans, x: 1 + ans * ans, 0, 1)
autonomous(anp.tanh, sech_squared, 0, -1)


# s' = c u', c' = ± s u'


def oscillation(sine, cosine, sign):
    """Give a pair of functions their rules: the derivative of ``sine`` is ``cosine``, that of ``cosine`` is ``sign``
    times ``sine``."""

    def pair(order, node, s0, c0):
        du = derivative_of(node)
        s, c = [s0], [c0]
        for k in range(1, order + 1):
            ds, dc = convolve(du, c, k, 1, k), convolve(du, s, k, 1, k)
            s.append(None if ds is None else ds / k)
            c.append(None if dc is None else dc / (sign * k))
        return s[1:], c[1:]

    deftaylor(sine, quiet(lambda order, nodes, ans, x: pair(order, nodes[0], ans, cosine(x))[0]))
    deftaylor(cosine, quiet(lambda order, nodes, ans, x: pair(order, nodes[0], sine(x), ans)[1]))


oscillation(anp.sin, anp.cos, -1)
oscillation(anp.sinh, anp.cosh, 1)


# v y' = u', where v is a function of u:  v₀ yₖ = uₖ − 1/k Σ i yᵢ vₖ₋ᵢ


def quotient_integral(prim, denominator):
    """Give ``prim``, whose derivative is 1 / ``denominator(x)``, its rule."""

    @quiet
    def rule(order, nodes, ans, x):
        u = nodes[0]
        v = series_of(denominator, x, u, order - 1)
        y, dy = [ans], [None]
        for k in range(1, order + 1):
            total = convolve(dy, v, k, 1, k - 1)
            y.append(over(subtract(u[k - 1], None if total is None else total / k), v[0]))
            dy.append(None if y[k] is None else k * y[k])
        return y[1:]

    deftaylor(prim, rule)


quotient_integral(anp.arccos, lambda x: -circle_root(x))
quotient_integral(anp.arccosh, lambda x: anp.sqrt(x - 1) * anp.sqrt(x + 1))
quotient_integral(anp.arcsin, circle_root)
quotient_integral(anp.arcsinh, asinh_root)
quotient_integral(anp.arctan, lambda x: 1 + x * x)
quotient_integral(anp.arctanh, lambda x: (1 - x) * (1 + x))
quotient_integral(anp.log, lambda x: x)
quotient_integral(anp.log10, lambda x: x * log_of(10, x))
quotient_integral(anp.log1p, lambda x: 1 + x)
quotient_integral(anp.log2, lambda x: x * log_of(2, x))
