"""sin, cos, tan: x = k π/2 + r, with r in two parts, and polynomials of r.

π/2 is taken in three parts of the format (Cody and Waite's reduction). With products and sums that are rounded once,
x - k times the first part is exact up to the limit, since it is below 1 and a multiple of the last place of that part;
the second product and difference are kept with their errors. So r has a relative error far below the last place, also
next to multiples of π/2. Above the limit NumPy's own loop is used. The polynomials are minimax ones (Remez) in r² for
|r| <= π/4 (1 + 0.0003): sin r = r + r³ S, of relative error 2^-58 (float64), 2^-28 (float32); cos r = 1 - r²/2 + r⁴ C,
2^-64 and 2^-33; tan r = r + r³ T, 2^-56 and 2^-25.6.
"""

from __future__ import annotations

import math

import numpy as np

from .double_words import fast_sum
from .exponentials import larger_than, nearest_integer
from .kernel import Kernel

__all__ = ["COS", "SIN", "SIN_COS", "TAN"]

S = {
    "float64": (-0.16666666666666632, 0.008333333333322392, -0.00019841269829789292, 2.7557313685161023e-06,
                -2.505075701250822e-08, 1.5896729397732318e-10),
    "float32": (-0.16666654922555185, 0.008332176762917289, -0.00019517105731491034),
}  # fmt: skip
C = {
    "float64": (0.0416666666666666, -0.0013888888888874092, 2.480158728946218e-05, -2.755731434654369e-07,
                2.0875722480300664e-09, -1.135960611964076e-11),
    "float32": (0.04166664683344933, -0.0013887365816399226, 2.4438247515163674e-05),
}  # fmt: skip

T = {
    "float64": (0.33333333333332776, 0.13333333333415043, 0.05396825392646465, 0.021869489613906792,
                0.00886321909471859, 0.003592289710326233, 0.0014547541018511414, 0.0005950811330005468,
                0.00022233114662678538, 0.00013662635225190304, -2.652892385123188e-05, 8.958406946426111e-05,
                -4.49479366748046e-05, 2.0880485006152244e-05),
    "float32": (0.33333138656553496, 0.13339221970695905, 0.05337944358990038, 0.024534736454832763,
                0.0029640165217655577, 0.00947180440691739),
}  # fmt: skip

#: π/2 in three parts.
HALF_PI = {
    "float64": (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
    "float32": (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
}

#: The rounding of x * 2/π keeps |r| below π/4 (1 + 0.0003).
LIMITS = {"float64": 2.0**32, "float32": 2.0**16}


def reduce(b, x):
    """``(r, low, quadrant)`` of x >= 0: r and its low part, and the number of quarter turns in the last bits."""
    first, second, third = HALF_PI[b.format.dtype]
    k, quadrant = nearest_integer(b, x, 2 / math.pi)
    whole = b.fma(k, b.const(-first), x)
    product = b.mul(k, b.const(-second))
    r, low = fast_sum(b, whole, product)
    low = b.add(low, b.fma(k, b.const(-second), b.neg(product)))
    return r, b.fma(k, b.const(-third), low), quadrant


def sine(b, r, low, z):
    return b.add(r, b.fma(b.mul(z, r), b.polynomial(z, S[b.format.dtype]), low))


def cosine(b, r, low, z):
    whole, tail = fast_sum(b, b.const(1.0), b.mul(z, b.const(-0.5)))
    tail = b.fma(b.neg(r), low, tail)
    return b.add(whole, b.fma(b.mul(z, z), b.polynomial(z, C[b.format.dtype]), tail))


def is_odd(b, quadrant):
    last = b.int_op("and", quadrant, b.int_const(1))
    return b.int_compare("ne", last, b.int_const(0))


def signed(b, value, quadrant, sign=None):
    """The sign is changed in two of the four quadrants, and by the bit ``sign``."""
    turns = b.int_op("shl", b.int_op("and", quadrant, b.int_const(2)), b.int_const(b.format.bits - 2))
    if sign is not None:
        turns = b.int_op("xor", turns, sign)
    return b.from_bits(b.int_op("xor", b.bits(value), turns))


def both(b, x):
    """sine and cosine of r, whether they are to be exchanged, the quadrant, and the sign of x."""
    r, low, quadrant = reduce(b, b.from_bits(b.magnitude_bits(x)))
    z = b.mul(r, r)
    return sine(b, r, low, z), cosine(b, r, low, z), is_odd(b, quadrant), quadrant, b.sign_bits(x)


def next_quadrant(b, quadrant):
    return b.int_op("add", quadrant, b.int_const(1))


def sin(b, x):
    s, c, odd, quadrant, sign = both(b, x)
    return (signed(b, b.select(odd, c, s), quadrant, sign),)


def cos(b, x):
    s, c, odd, quadrant, _ = both(b, x)
    return (signed(b, b.select(odd, s, c), next_quadrant(b, quadrant)),)


def sin_cos(b, x):
    s, c, odd, quadrant, sign = both(b, x)
    first = signed(b, b.select(odd, c, s), quadrant, sign)
    return first, signed(b, b.select(odd, s, c), next_quadrant(b, quadrant))


def tan(b, x):
    """A polynomial of r, or its reciprocal, mended by the remainder."""
    r, low, quadrant = reduce(b, b.from_bits(b.magnitude_bits(x)))
    z = b.mul(r, r)
    t, t_low = fast_sum(b, r, b.fma(b.mul(z, r), b.polynomial(z, T[b.format.dtype]), low))
    odd = is_odd(b, quadrant)
    below = b.select(odd, t, b.const(1.0))  # t is 0 at 0
    inverse = b.div(b.const(-1.0), below)
    rest = b.fma(inverse, t_low, b.fma(inverse, below, b.const(1.0)))
    value = b.select(odd, b.fma(rest, inverse, inverse), t)
    return (b.from_bits(b.int_op("xor", b.bits(value), b.sign_bits(x))),)


SIN = Kernel("sin", (np.sin,), larger_than(LIMITS), sin)
COS = Kernel("cos", (np.cos,), larger_than(LIMITS), cos)
TAN = Kernel("tan", (np.tan,), larger_than(LIMITS), tan)
SIN_COS = Kernel("sin_cos", (np.sin, np.cos), larger_than(LIMITS), sin_cos)
