"""exp, exp2, expm1: the argument is split into n ln 2 + r, the exponential of r is a polynomial, 2^n a shift of bits.

The polynomials q are minimax ones (Remez), with e^r = 1 + r + r² q(r) on |r| <= ln 2 / 2, relative errors 2^-57.9
(exp, float64), 2^-28.3 (float32), 2^-61.7 and 2^-32 of e^r - 1; 2^r = 1 + r ln 2 + r² q(r) on |r| <= 1/2, 2^-58 and
2^-28.3. ln 2 is taken in two parts, with products and sums that are rounded once.
"""

from __future__ import annotations

import math

import numpy as np

from .double_words import fast_sum
from .kernel import Kernel

__all__ = ["EXP", "EXP2", "EXPM1", "LN2", "exp_minus_one", "larger_than", "nearest_integer", "power_of_two", "reduce"]

#: ln 2 in two parts of the format, from its leading digits.
LN2 = {
    "float64": (0.6931471805599453, 2.3190468138462996e-17),
    "float32": (0.6931471824645996, -1.9046542121259336e-09),
}

EXP_Q = {
    "float64": (0.5000000000000011, 0.1666666666666641, 0.04166666666652979, 0.008333333333495056,
                0.0013888888943753548, 0.00019841269506194506, 2.4801492950434905e-05, 2.755758605799561e-06,
                2.7630307385358087e-07, 2.5000338080436436e-08),
    "float32": (0.4999999343371891, 0.16666520401933949, 0.04166839031709421, 0.008368744962139275,
                0.0013814568877268645),
}  # fmt: skip
EXPM1_Q = {
    "float64": (0.5, 0.16666666666666677, 0.0416666666666667, 0.008333333333321579, 0.0013888888888866704,
                0.00019841269886265446, 2.480158736077755e-05, 2.7557244062550424e-06, 2.7557242593479825e-07,
                2.5109090255304587e-08, 2.0924490340692155e-09),
    "float32": (0.5, 0.1666666681817451, 0.04166635416832171, 0.008333272807030789, 0.001394105029610949,
                0.00019914299290262966),
}  # fmt: skip
EXP2_Q = {
    "float64": (0.24022650695910133, 0.05550410866482169, 0.009618129107593599, 0.0013333558146386448,
                0.00015403530457799307, 1.5252733862795222e-05, 1.3215434937721341e-06, 1.0178047886406611e-07,
                7.073841811077102e-09, 4.457224349221754e-10),
    "float32": (0.24022651155857988, 0.055503616552863295, 0.00961802237489847, 0.0013390437942291454,
                0.00015471947169046942),
}  # fmt: skip

#: Up to this magnitude the result is a normal number.
NORMAL = {
    "exp": {"float64": 708.0, "float32": 87.0},
    "exp2": {"float64": 1022.0, "float32": 126.0},
}

#: The largest argument without overflow: of e^x - 1, without overflow of 2^n.
LARGEST = {
    "exp": {"float64": 709.782712893384, "float32": 88.72283172607422},
    "exp2": {"float64": 1023.9999999999999, "float32": 127.99999237060547},
    "expm1": {"float64": 709.43, "float32": 88.37},
}


def larger_than(limits):
    """``check`` of a kernel: the magnitude is above a limit, or NaN."""

    def check(b, x):
        limit = b.int_const(b.format.bits_of(limits[b.format.dtype]))
        return b.int_compare("ugt", b.magnitude_bits(x), limit)

    return check


def above(limits):
    """``check`` of a kernel: x is above the largest argument without overflow, or NaN."""

    def check(b, x):
        nan = b.int_compare("ugt", b.magnitude_bits(x), b.int_const(b.format.infinity))
        limit = b.int_const(b.format.bits_of(limits[b.format.dtype]))
        return b.bool_op("or", nan, b.int_compare("sgt", b.bits(x), limit))

    return check


def nearest_integer(b, x, factor):
    """``n``, the integer next to ``x * factor``, as a float and in the last bits of an integer."""
    magic = b.const(b.format.round_magic)
    shifted = b.fma(x, b.const(factor), magic)
    return b.sub(shifted, magic), b.bits(shifted)


def reduce(b, x, x_low=None):
    """``(high, low, n)`` with x + x_low = n ln 2 + high + low: n in the last bits of an integer; high is exact, for it
    is less than 1/2 and a multiple of the last place of ln 2."""
    first, second = LN2[b.format.dtype]
    n, bits = nearest_integer(b, x, 1 / math.log(2))
    low = b.mul(n, b.const(-second)) if x_low is None else b.fma(n, b.const(-second), x_low)
    return b.fma(n, b.const(-first), x), low, bits


def shift_exponent(b, value, n):
    """``value * 2**n`` for a normal result, where n stands in the last bits of an integer."""
    return b.from_bits(b.int_op("add", b.bits(value), b.int_op("shl", n, b.int_const(b.format.significand))))


def power_of_two(b, n):
    """``2**n`` as a float, for a normal one."""
    return shift_exponent(b, b.const(1.0), n)


def exp_parts(b, x, x_low=None):
    """``(y, n)`` with e^(x + x_low) = y 2^n."""
    high, low, n = reduce(b, x, x_low)
    r = b.add(high, low)
    whole, error = fast_sum(b, b.const(1.0), r)
    return b.add(whole, b.fma(b.mul(r, r), b.polynomial(r, EXP_Q[b.format.dtype]), error)), n


def exp2_parts(b, x):
    """``(y, n)`` with 2^x = y 2^n."""
    magic = b.const(b.format.round_magic)
    shifted = b.add(x, magic)
    r = b.sub(x, b.sub(shifted, magic))
    p = b.fma(r, b.const(math.log(2)), b.mul(b.mul(r, r), b.polynomial(r, EXP2_Q[b.format.dtype])))
    return b.add(b.const(1.0), p), b.bits(shifted)


def at_least(b, x, least):
    """The larger of x, which is not NaN, and a number."""
    return b.select(b.compare("ogt", x, b.const(least)), x, b.const(least))


def exponential(name, ufunc, parts):
    """The kernel for normal results; where one is smaller, another that scales in two steps, the second one rounding to
    a subnormal number or to 0, does all but what overflows."""

    def normal(b, x):
        return (shift_exponent(b, *parts(b, x)),)

    def gradual(b, x):
        y, n = parts(b, at_least(b, x, -1.25 * NORMAL[name][b.format.dtype]))
        # n stands in the last bits of the number that rounded it, whose others do not count.
        places = b.int_const(b.format.significand)
        n = b.int_op("ashr", b.int_op("shl", n, places), places)
        half = b.int_op("ashr", n, b.int_const(1))
        return (b.mul(shift_exponent(b, y, half), power_of_two(b, b.int_op("sub", n, half))),)

    rest = Kernel(f"{name}.gradual", (ufunc,), above(LARGEST[name]), gradual)
    return Kernel(name, (ufunc,), larger_than(NORMAL[name]), normal, rest=rest)


def exp_minus_one(b, x):
    """``e**x - 1`` as a sum of two, but for the sign of 0: (2^n - 1) + 2^n high + 2^n (low + r² q), the first sum with
    its error."""
    high, low, n = reduce(b, x)
    r = b.add(high, low)
    scale = power_of_two(b, n)
    whole, error = fast_sum(b, b.sub(scale, b.const(1.0)), b.mul(scale, high))
    tail = b.fma(b.mul(r, r), b.polynomial(r, EXPM1_Q[b.format.dtype]), low)
    return whole, b.fma(tail, scale, error)


def expm1(b, x):
    """2^n is a number for smaller arguments than 2^n times the exponential of r; below -60 it is -1."""
    return (b.intrinsic("copysign", b.add(*exp_minus_one(b, x)), x),)


EXP = exponential("exp", np.exp, exp_parts)
EXP2 = exponential("exp2", np.exp2, exp2_parts)
EXPM1 = Kernel(
    "expm1", (np.expm1,), larger_than(NORMAL["exp"]), expm1,
    rest=Kernel("expm1.small", (np.expm1,), above(LARGEST["expm1"]), lambda b, x: expm1(b, at_least(b, x, -60.0))),
)  # fmt: skip
