"""Series rules of functions all of whose derivatives are known: sinc and the Bessel functions.

f(u₀ + v) = Σ f⁽ʲ⁾(u₀) / j! vʲ, composed with the series of v.
"""

from __future__ import annotations

import math

from ...core.taylor import deftaylor
from .. import wrapped as anp
from ..rules.special_functions import bessel_i, sinc_derivative
from .powers import compose


def composition(prim, derivative):
    """Give ``prim`` the rule of a function of which ``derivative(j, x, *args)`` is the one of order j."""

    def rule(order, nodes, ans, x, *args):
        if list(nodes) != [0]:
            return NotImplemented
        outer = [derivative(j, x, *args) / math.factorial(j) for j in range(order + 1)]
        return compose(order, outer, [x, *nodes[0]])

    deftaylor(prim, rule)


# I_n' = (I_{n−1} + I_{n+1}) / 2, so the derivative of order j has the binomial coefficients of j; I_{−n} = I_n


def bessel_derivative(j, x, n=0):
    total = 0
    for i in range(j + 1):
        total = total + math.comb(j, i) / 2**j * bessel_i(x, abs(n - j + 2 * i))
    return total


composition(anp.i0, bessel_derivative)
composition(anp.sinc, lambda j, x: sinc_derivative(x, j))
composition(bessel_i, bessel_derivative)
composition(sinc_derivative, lambda j, x, order: sinc_derivative(x, order + j))
