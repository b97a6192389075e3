"""cbrt, hypot.

The cube root of m 2^r with 1/sqrt 2 <= m <= sqrt 2 and r = -1, 0, 1 begins as a minimax polynomial (Remez) of m, of
relative error 2^-19.6 (float64), 2^-13.7 (float32), times that of 2^r; one step of Halley's method (which leaves the
third power of an error) ends it, with the residual from products of which the errors are kept.
"""

from __future__ import annotations

import numpy as np

from .exponentials import nearest_integer, shift_exponent
from .kernel import Kernel
from .logarithms import not_positive_normal, split

__all__ = ["CBRT", "HYPOT"]

ROOT = {
    "float64": (0.4216902224423622, 1.0560128930845707, -0.8360655883971376, 0.5109619426163784, -0.17955505179861422,
                0.026954595420616106),
    "float32": (0.49251015596416914, 0.7397161256977773, -0.29037739940212665, 0.05822036175430476),
}  # fmt: skip

#: The polynomial that is 2^(r / 3) at -1, 0 and 1, as 1 + 3/4 r + r²/4 is 2^r.
POWERS = (1.0, (2 ** (1 / 3) - 0.5 ** (1 / 3)) / 2, (2 ** (1 / 3) + 0.5 ** (1 / 3)) / 2 - 1)

#: Squares of numbers up to the second are numbers; sums of them from the square of the first on are normal.
SQUARED = {"float64": (2.0**-480, 2.0**510), "float32": (2.0**-50, 2.0**62)}


def magnitude(b, x):
    return b.from_bits(b.magnitude_bits(x))


def cbrt(b, x):
    k, m = split(b, magnitude(b, x))
    third, bits = nearest_integer(b, k, 1 / 3)
    r = b.fma(third, b.const(-3.0), k)
    number = b.mul(m, b.polynomial(r, (1.0, 0.75, 0.25)))
    y = b.mul(b.polynomial(m, ROOT[b.format.dtype]), b.polynomial(r, POWERS))
    square = b.mul(y, y)
    rest = b.fma(square, y, b.neg(number))
    rest = b.fma(b.fma(y, y, b.neg(square)), y, rest)
    below = b.fma(b.add(square, square), y, number)
    root = b.sub(y, b.div(b.mul(y, rest), below))
    return (b.intrinsic("copysign", shift_exponent(b, root, bits), x),)


def hypot_check(b, x, y):
    """Infinities, NaN, numbers whose squares overflow, and those of which both are small."""
    low, high = SQUARED[b.format.dtype]
    x_bits, y_bits = b.magnitude_bits(x), b.magnitude_bits(y)
    above = b.int_compare("ugt", x_bits, y_bits)
    larger = b.select(above, x_bits, y_bits, b.int_type)
    low, high = b.format.bits_of(low), b.format.bits_of(high)
    special = b.int_compare("ugt", b.int_op("sub", larger, b.int_const(low)), b.int_const(high - low))
    return special, (b.from_bits(larger), b.from_bits(b.select(above, y_bits, x_bits, b.int_type)))


def hypot(b, larger, smaller):
    """The root of the sum of squares in two parts."""
    square = b.mul(larger, larger)
    total = b.fma(smaller, smaller, square)
    error = b.fma(larger, larger, b.neg(square))
    error = b.add(error, b.fma(smaller, smaller, b.sub(square, total)))
    root = b.intrinsic("sqrt", total)
    rest = b.add(b.fma(b.neg(root), root, total), error)
    return (b.add(root, b.div(rest, b.add(root, root))),)


CBRT = Kernel("cbrt", (np.cbrt,), lambda b, x: not_positive_normal(b, magnitude(b, x)), cbrt)
HYPOT = Kernel("hypot", (np.hypot,), hypot_check, hypot, (1.0, 1.0))
