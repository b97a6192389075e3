"""Numbers in two parts (double words): the sum of a float and of a much smaller one, for some 100 bits of float64.

The error of a sum is exact (Dekker 1971), that of a product by one fused operation. See Joldes, Muller and Popescu,
"Tight and rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS 44 (2017).
"""

from __future__ import annotations

__all__ = ["fast_sum", "product", "quotient", "square_root", "total"]


def fast_sum(b, x, y):
    """``(x + y, error)``, where |x| >= |y|, or x is a multiple of the last place of y."""
    whole = b.add(x, y)
    return whole, b.sub(y, b.sub(whole, x))


def total(b, x, y):
    """``(x + y, error)`` in any order."""
    whole = b.add(x, y)
    back = b.sub(whole, x)
    return whole, b.add(b.sub(x, b.sub(whole, back)), b.sub(y, back))


def product(b, x, y):
    """``(x y, error)``."""
    high = b.mul(x, y)
    return high, b.fma(x, y, b.neg(high))


def quotient(b, x, x_low, y, y_low):
    """In two parts: the product with the reciprocal of y, and what its remainder asks for."""
    inverse = b.div(b.const(1.0), y)
    ratio = b.mul(x, inverse)
    opposite = b.neg(ratio)
    rest = b.fma(opposite, y, x)
    rest = b.add(rest, b.fma(opposite, y_low, x_low)) if x_low else b.fma(opposite, y_low, rest)
    return ratio, b.mul(rest, inverse)


def square_root(b, x, x_low):
    """In two parts: the root of the first part, and what its remainder asks for."""
    root = b.intrinsic("sqrt", x)
    rest = b.add(b.fma(b.neg(root), root, x), x_low)
    return root, b.div(rest, b.add(root, root))
