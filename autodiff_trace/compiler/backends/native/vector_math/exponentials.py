"""exp, exp2, expm1: the argument is split into n ln 2 + r, the exponential of r is a polynomial, 2^n a shift of bits.

The polynomials q are minimax ones (Remez), with e^r = 1 + r + r² q(r) on |r| <= ln 2 / 2, relative errors 2^-57.9
(exp, float64), 2^-28.3 (float32), 2^-61.7 and 2^-32 of e^r - 1; 2^r = 1 + r ln 2 + r² q(r) on |r| <= 1/2, 2^-58 and
2^-28.3. ln 2 is taken in two parts, with products and sums that are rounded once.
"""

from __future__ import annotations

import math

import numpy as np

from .kernel import Kernel

__all__ = ["EXP", "EXP2", "EXPM1", "LN2", "exp_minus_one", "larger_than", "nearest_integer", "power_of_two", "reduce"]

#: ln 2 in two parts of the format, from its leading digits.
LN2 = {"float64": (0.6931471805599453, 2.3190468138462996e-17), "float32": (0.693147182464599609375, -1.904654299957768e-09)}

EXP_Q = {
    "float64": (0.5000000000000011, 0.1666666666666641, 0.04166666666652979, 0.008333333333495056, 0.0013888888943753548,
                0.00019841269506194506, 2.4801492950434905e-05, 2.755758605799561e-06, 2.7630307385358087e-07,
                2.5000338080436436e-08),
    "float32": (0.4999999343371891, 0.16666520401933949, 0.04166839031709421, 0.008368744962139275, 0.0013814568877268645),
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

#: Up to this magnitude e^x is a normal number, and 2^n with n = x / ln 2 as well.
LARGEST = {"float64": 708.0, "float32": 87.0}
LARGEST_2 = {"float64": 1022.0, "float32": 126.0}


def larger_than(limits):
    """``special`` of a kernel: the magnitude is above a limit, or NaN."""

    def special(b, x):
        limit = b.int_const(b.format.bits_of(limits[b.format.dtype]))
        return b.int_compare("ugt", b.magnitude_bits(x), limit)

    return special


def nearest_integer(b, x, factor):
    """``n``, the integer next to ``x * factor``, as a float and in the last bits of an integer."""
    magic = b.const(b.format.round_magic)
    shifted = b.fma(x, b.const(factor), magic)
    return b.sub(shifted, magic), b.bits(shifted)


def reduce(b, x):
    """``(high, low, n)`` with x = n ln 2 + high + low: n in the last bits of an integer; high is exact, for it is less
    than 1/2 and a multiple of the last place of ln 2."""
    first, second = LN2[b.format.dtype]
    n, bits = nearest_integer(b, x, 1 / math.log(2))
    return b.fma(n, b.const(-first), x), b.mul(n, b.const(-second)), bits


def shift_exponent(b, value, n):
    """``value * 2**n`` for a normal result, where n stands in the last bits of an integer."""
    return b.from_bits(b.int_op("add", b.bits(value), b.int_op("shl", n, b.int_const(b.format.significand))))


def power_of_two(b, n):
    """``2**n`` as a float, for a normal one."""
    return shift_exponent(b, b.const(1.0), n)


def exp(b, x):
    high, low, n = reduce(b, x)
    r = b.add(high, low)
    one = b.const(1.0)
    whole = b.add(one, high)
    low = b.add(low, b.sub(high, b.sub(whole, one)))
    tail = b.fma(b.mul(r, r), b.polynomial(r, EXP_Q[b.format.dtype]), low)
    return (shift_exponent(b, b.add(whole, tail), n),)


def exp2(b, x):
    n, bits = nearest_integer(b, x, 1.0)
    r = b.sub(x, n)
    high, low = LN2[b.format.dtype]
    q = b.polynomial(r, EXP2_Q[b.format.dtype])
    p = b.fma(b.mul(r, r), q, b.mul(r, b.const(low)))
    p = b.fma(r, b.const(high), p)
    return (shift_exponent(b, b.add(p, b.const(1.0)), bits),)


def exp_minus_one(b, x):
    """``e**x - 1``, but for the sign of 0: (2^n - 1) + 2^n high + 2^n (low + r² q), the first sum with its error."""
    high, low, n = reduce(b, x)
    r = b.add(high, low)
    scale = power_of_two(b, n)
    before = b.sub(scale, b.const(1.0))
    step = b.mul(scale, high)
    whole = b.add(before, step)
    error = b.sub(step, b.sub(whole, before))
    tail = b.fma(b.mul(r, r), b.polynomial(r, EXPM1_Q[b.format.dtype]), low)
    return b.add(whole, b.fma(tail, scale, error))


def expm1(b, x):
    return (b.intrinsic("copysign", exp_minus_one(b, x), x),)


EXP = Kernel("exp", (np.exp,), larger_than(LARGEST), exp)
EXP2 = Kernel("exp2", (np.exp2,), larger_than(LARGEST_2), exp2)
EXPM1 = Kernel("expm1", (np.expm1,), larger_than(LARGEST), expm1)
