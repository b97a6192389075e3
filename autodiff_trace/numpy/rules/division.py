"""Rules of division, which are most of what nested derivatives of rational functions compute."""

from __future__ import annotations

import operator

from numpy import float64

from ...core.forward import defjvp
from ...core.reverse import defvjp, defvjp_pair
from ...core.traits import ANSWER, declare
from .. import wrapped as anp
from ..broadcasting import broadcast_tangent, unbroadcast
from ..error_states import quiet
from ..taylor.series import convolve, fit, over, subtract

__all__ = ["quotient"]


def quotient(g, y):
    """``g / y``, of whose infinities NumPy does not warn."""
    kind = type(y)
    return g / y if (kind is float64 or kind is float) and y else quiet_quotient(g, y)  # 0.05 instead of 0.4 µs


@quiet
def quiet_quotient(g, y):
    return g / y


# d(x/y) = dx/y − (x/y) dy/y: one quotient serves both, and no square of y loses digits when derivatives nest


def vjp_x(g, ans, x, y):
    return unbroadcast(quotient(g, y), x)


def vjp_y(g, ans, x, y):
    return unbroadcast(-(quotient(g, y) * ans), y)


def vjp_both(g, ans, x, y):
    g = quotient(g, y)
    return unbroadcast(g, x), unbroadcast(-(g * ans), y)


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


defvjp(anp.divide, vjp_x, vjp_y)
defvjp_pair(anp.divide, vjp_both)
declare(
    anp.divide, elementwise=True, answer_tells=True, fast_fun=operator.truediv, float_form=operator.truediv, hides=(1,),
    raises_on="n", series=divide_series, shows_nan=True, unread={0: (0, ANSWER), 1: (0,), (0, 1): (0,)},
)
defjvp(
    anp.divide,
    lambda t, ans, x, y: broadcast_tangent(quotient(t, y), ans),
    lambda t, ans, x, y: broadcast_tangent(-(quotient(t, y) * ans), ans),
)
