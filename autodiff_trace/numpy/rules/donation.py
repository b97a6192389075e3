"""Rules for large arrays of products and differences, which write into a cotangent that nobody else holds."""

from __future__ import annotations

import numpy as np

from ...core.fast.donation import defoverwriting
from .. import wrapped as anp
from ..broadcasting import unbroadcast


def times(is_free, g, y):
    """``g * y``; written into ``g`` where that is free and like the product."""
    if is_free and (type(y) is float or type(y) is np.ndarray and y.dtype in (g.dtype, bool) and y.shape == g.shape):
        return np.multiply(g, y, out=g)
    return g * y


def minus(is_free, g):
    return np.negative(g, out=g) if is_free else -g


def multiply_both(is_free, g, ans, x, y):
    return unbroadcast(g * y, x), unbroadcast(times(is_free, g, x), y)


def multiply_same(is_free, g, ans, x, y):
    """The rule of x · x, 2xg: one product less than that of x · y."""
    g = times(is_free, g, x)
    return (unbroadcast(times(type(g) is np.ndarray, g, 2.0), x),)  # a product is nobody else's


defoverwriting(anp.multiply, 0, lambda is_free, g, ans, x, y: (unbroadcast(times(is_free, g, y), x),))
defoverwriting(anp.multiply, 1, lambda is_free, g, ans, x, y: (unbroadcast(times(is_free, g, x), y),))
defoverwriting(anp.multiply, (0, 1), multiply_both)
defoverwriting(anp.multiply, (0, 0), multiply_same)
defoverwriting(anp.negative, 0, lambda is_free, g, ans, x: (minus(is_free, g),))
defoverwriting(anp.subtract, 1, lambda is_free, g, ans, x, y: (unbroadcast(minus(is_free, g), y),))
