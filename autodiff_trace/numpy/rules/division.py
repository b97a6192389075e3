"""Rules of division, which are most of what nested derivatives of rational functions compute."""

from __future__ import annotations

import numpy as np
from numpy import float64

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp, defvjp_pair
from ...core.unread import ANSWER
from .. import wrapped as anp
from ..broadcasting import broadcast_tangent, unbroadcast
from ..definers import keep_zeros, quiet, scale

__all__ = ["quotient"]


@primitive
def quotient(g, y):
    """``g / y``, but 0 where ``g`` is 0, also where ``y`` is 0: the cotangent of a division by ``y``."""
    if type(g) is float64 and type(y) is float64 and y:  # the commonest scalars: 0.1 instead of 1 µs
        return g / y if g else float64(0)
    return quiet_quotient(g, y)


@quiet
def quiet_quotient(g, y):
    return keep_zeros(np.divide(g, y), g)


# d(x/y) = dx/y − (x/y) dy/y: one quotient serves both, and no square of y loses digits when derivatives nest


def vjp_x(g, ans, x, y):
    return unbroadcast(quotient(g, y), x)


def vjp_y(g, ans, x, y):
    return unbroadcast(-scale(quotient(g, y), ans), y)


def vjp_both(g, ans, x, y):
    g = quotient(g, y)
    return unbroadcast(g, x), unbroadcast(-scale(g, ans), y)


for _prim in (anp.divide, quotient):
    defvjp(_prim, vjp_x, vjp_y)
    defvjp_pair(_prim, vjp_both)
    _prim.unread.update({0: (0, ANSWER), 1: (0,), (0, 1): (0,)})
    defjvp(
        _prim,
        lambda t, ans, x, y: broadcast_tangent(quotient(t, y), ans),
        lambda t, ans, x, y: broadcast_tangent(-scale(quotient(t, y), ans), ans),
    )
