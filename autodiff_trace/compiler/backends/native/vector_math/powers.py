"""power: exp(y log x), where log x is known to some 65 bits: in two parts, operations on the leading ones with errors.

log m = 2 s + s³ (2/3 + s² Q(s²)), s = (m - 1) / (m + 1), with the minimax polynomial Q (Remez), of relative error 2^-66
of the whole. Arguments of float32 are computed in float64, with one part.
"""

from __future__ import annotations

import numpy as np

from .double_words import fast_sum, product, quotient
from .exponentials import exp_parts, shift_exponent
from .kernel import Kernel
from .logarithms import log_of, not_positive_normal, split

__all__ = ["POWER"]

TWO_THIRDS = 2 / 3  # as a float: Q makes up for its error
Q = (0.4000000000000493, 0.28571428569406626, 0.22222222607848072, 0.1818177827375971, 0.15386992768234892,
     0.13252054087181306, 0.13235670224040863)  # fmt: skip

#: ln 2, so that an exponent times the first part is exact.
LN2_SHORT = (0.693147180559663, 2.8235290563031577e-13)

#: Up to this magnitude of y log x the result is a normal number.
LARGEST = {"float64": 708.0, "float32": 87.0}


def log_in_two_parts(b, x):
    """``(high, low)`` for positive normal x."""
    k, m = split(b, x)
    one = b.const(1.0)
    s, s_low = quotient(b, b.sub(m, one), None, *fast_sum(b, one, m))
    z, z_low = product(b, s, s)
    cube, cube_low = product(b, z, s)
    cube_low = b.fma(z_low, s, cube_low)
    rest = b.polynomial(z, Q)
    factor = b.fma(z, rest, b.const(TWO_THIRDS))
    factor_low = b.fma(z, rest, b.sub(b.const(TWO_THIRDS), factor))
    t, t_low = product(b, cube, factor)
    t_low = b.fma(cube_low, factor, b.fma(cube, factor_low, t_low))
    twice = b.add(s_low, s_low)
    a, a_low = fast_sum(b, b.add(s, s), t)
    a_low = b.add(a_low, b.add(b.fma(z, twice, twice), t_low))  # 2 s² s_low is what s_low adds to t
    high, low = fast_sum(b, b.mul(k, b.const(LN2_SHORT[0])), a)
    return high, b.add(b.fma(k, b.const(LN2_SHORT[1]), low), a_low)


def exponent_of(b, x, y):
    """Where y log x is too large or NaN; and that product in float64, with what its low part is made of. Of an x that
    is not positive and normal, the bits are read as if they were those of such a number, so that no flag is raised."""
    wide = b.of_format("float64")
    if b.format is wide.format:
        log, log_low = log_in_two_parts(b, x)
        high = b.mul(y, log)
        parts = (high, y, log, log_low)
    else:
        k, m = split(b, x)
        m = wide.convert(m, b)
        high = wide.mul(wide.convert(y, b), log_of(wide, wide.convert(k, b), wide.sub(m, wide.const(1.0))))
        parts = (high,)
    limit = wide.int_const(wide.format.bits_of(LARGEST[b.format.dtype]))
    return wide.int_compare("ugt", wide.magnitude_bits(high), limit), parts


def exp_of(b, high, y=None, log=None, log_low=None):
    wide = b.of_format("float64")
    rest = None if y is None else b.fma(y, log_low, b.fma(y, log, b.neg(high)))
    result = shift_exponent(wide, *exp_parts(wide, high, rest))
    return result if b.format is wide.format else b.convert(result, wide)


def check(b, x, y):
    """Not positive, or infinite, NaN or subnormal bases; and results that are not normal."""
    large, parts = exponent_of(b, x, y)
    return b.bool_op("or", not_positive_normal(b, x), large), parts


def power(b, *parts):
    return (exp_of(b, *parts),)


def is_whole(b, x):
    return b.compare("oeq", x, b.intrinsic("nearbyint", x))


def signed_check(b, x, y):
    """As above; a negative base is ordinary where the exponent is whole."""
    size = b.from_bits(b.magnitude_bits(x))
    large, parts = exponent_of(b, size, y)
    special = b.bool_op("or", not_positive_normal(b, size), large)
    negative = b.int_compare("slt", b.bits(x), b.int_const(0))
    whole, even = is_whole(b, y), is_whole(b, b.mul(y, b.const(0.5)))
    odd = b.bool_op("and", negative, b.bool_op("xor", even, b.bools(True)))
    root = b.bool_op("and", negative, b.bool_op("xor", whole, b.bools(True)))
    return b.bool_op("or", special, root), (odd, *parts)


def signed_power(b, odd, *parts):
    sign = b.select(odd, b.int_const(b.format.sign), b.int_const(0), b.int_type)
    return (b.from_bits(b.int_op("xor", b.bits(exp_of(b, *parts)), sign)),)


SIGNED_POWER = Kernel("power.signed", (np.power,), signed_check, signed_power, (1.0, 1.0))
POWER = Kernel("power", (np.power,), check, power, (1.0, 1.0), rest=SIGNED_POWER)
