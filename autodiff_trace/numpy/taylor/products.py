"""Series rules of products, which are linear in each factor: multiply, matmul, dot, tensordot, einsum.

The coefficients of a product are sums over the ways to share the order among the factors (Cauchy's product).
"""

from __future__ import annotations

import itertools

from ...core.taylor import deftaylor
from .. import wrapped as anp
from ..rules.einsum import contract
from .series import convolve, fit

__all__: list[str] = []


def product(prim):
    """Give a primitive that is linear in each of its array arguments its rule."""

    def rule(order, nodes, ans, *args, **kwargs):
        if any(isinstance(argument, str) for argument in nodes):
            return NotImplemented
        series = {i: [args[i], *node] for i, node in nodes.items()}
        if prim is anp.multiply:
            x, y = (series.get(i, [arg] + [None] * order) for i, arg in enumerate(args))
            return [fit(convolve(x, y, k, 0, k), ans) for k in range(1, order + 1)]
        coefficients = []
        for k in range(1, order + 1):
            total = None
            for degrees in shares(k, len(series)):
                factors = [each[degree] for each, degree in zip(series.values(), degrees)]
                if all(factor is not None for factor in factors):
                    new = list(args)
                    for i, factor in zip(series, factors):
                        new[i] = factor
                    term = prim(*new, **kwargs)
                    total = term if total is None else total + term
            coefficients.append(fit(total, ans))
        return coefficients

    deftaylor(prim, rule)


def shares(k, count):
    """The ways to write ``k`` as a sum of ``count`` whole numbers."""
    for degrees in itertools.product(range(k + 1), repeat=count - 1):
        if sum(degrees) <= k:
            yield (*degrees, k - sum(degrees))


for prim in (anp.dot, anp.matmul, anp.multiply, anp.tensordot, contract):
    product(prim)
