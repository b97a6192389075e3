"""Quantiles and distribution functions without a closed form: values by SciPy, derivatives from the density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.primitives import primitive
from ...numpy.definers import elementwise
from ...numpy import wrapped as anp
from ...transforms.products import vjp

__all__ = ["quantile_of"]


def quantile_of(plain: Callable, cdf: Callable, logpdf: Callable, count: int, sign: int = 1) -> Callable:
    """The inverse of ``cdf(x, *shapes)``, of ``count`` shapes; ``plain`` computes it. ``sign`` −1 of 1 − cdf.

    By the implicit function theorem dx = (dq − ∂F/∂θ dθ) / f.
    """

    def compute(q, *shapes):
        return plain(q, *shapes)

    compute.__name__ = compute.__qualname__ = plain.__name__
    quantile = primitive(compute)

    def slope(i):
        def in_shape(ans, q, *shapes):
            def of_shape(shape):
                return cdf(ans, *shapes[:i], shape, *shapes[i + 1 :])

            shape = anp.broadcast_to(shapes[i], ans.shape)  # so that each element has a slope of its own
            value, pull = vjp(of_shape, shape)
            return -pull(np.ones(value.shape))[0] / anp.exp(logpdf(ans, *shapes))

        return in_shape

    elementwise(quantile, lambda ans, q, *shapes: sign / anp.exp(logpdf(ans, *shapes)), *map(slope, range(count)))
    return quantile
