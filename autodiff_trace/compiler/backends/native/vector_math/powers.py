"""power: exp(y log x), where log x is known to some 65 bits: in two parts, operations on the leading ones with errors.

log m = 2 s + s³ (2/3 + s² Q(s²)), s = (m - 1) / (m + 1), with the minimax polynomial Q (Remez), of relative error 2^-65
of the whole. Arguments of float32 are computed in float64, with one part.
"""

from __future__ import annotations

import numpy as np

from .double_words import fast_sum, product, quotient, square
from .exponentials import EXP_Q, reduce, shift_exponent
from .kernel import Kernel
from .logarithms import log_of, not_positive_normal, split

__all__ = ["POWER"]

Q = (0.40000000000002267, 0.2857142857009522, 0.222222225207345, 0.1818178429344103, 0.15386760838571698,
     0.1325673361606298, 0.13197131003839568)  # fmt: skip
TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)

#: ln 2, so that an exponent times the first part is exact.
LN2_SHORT = (0.693147180559663, 2.8235290563031577e-13)

#: Up to this magnitude of y log x the result is a normal number.
LARGEST = {"float64": 708.0, "float32": 87.0}


def log_in_two_parts(b, x):
    """``(high, low)`` for positive normal x."""
    k, m = split(b, x)
    one = b.const(1.0)
    f = b.sub(m, one)
    below, below_low = fast_sum(b, one, m)
    s, s_low = quotient(b, f, None, below, below_low)
    z, z_low = square(b, s, s_low)
    w = b.mul(z, b.polynomial(z, Q))
    factor, factor_low = fast_sum(b, b.const(TWO_THIRDS[0]), w)
    factor_low = b.add(factor_low, b.const(TWO_THIRDS[1]))
    c, c_low = product(b, z, z_low, factor, factor_low)
    t, t_low = product(b, s, s_low, c, c_low)
    a, a_low = fast_sum(b, b.add(s, s), t)
    a_low = b.add(a_low, b.add(t_low, b.add(s_low, s_low)))
    high, low = fast_sum(b, b.mul(k, b.const(LN2_SHORT[0])), a)
    low = b.add(low, a_low)
    return high, b.fma(k, b.const(LN2_SHORT[1]), low)


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
    first, low, n = reduce(wide, high)
    if y is not None:
        low = b.add(low, b.fma(y, log_low, b.fma(y, log, b.neg(high))))
    r = wide.add(first, low)
    whole, error = fast_sum(wide, wide.const(1.0), first)
    tail = wide.fma(wide.mul(r, r), wide.polynomial(r, EXP_Q["float64"]), wide.add(error, low))
    result = shift_exponent(wide, wide.add(whole, tail), n)
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
