"""arctan, arctan2, arcsin, arccos: odd minimax polynomials (Remez) of a reduced argument, beside parts of π.

arctan t = t + t³ A(t²) on |t| <= 1, of relative error 2^-57.6 (float64), 2^-28.5 (float32); arcsin t = t + t³ B(t²) on
|t| <= 1/2, 2^-59.8 and 2^-27.6, and beyond 1/2 by arcsin x = π/2 - 2 arcsin sqrt((1 - x) / 2).
"""

from __future__ import annotations

import numpy as np

from .double_words import fast_sum
from .exponentials import larger_than
from .kernel import Kernel
from .trigonometric import HALF_PI

__all__ = ["ARCCOS", "ARCSIN", "ARCTAN", "ARCTAN2"]

A = {
    "float64": (-0.3333333333333307, 0.19999999999951454, -0.14285714282574818, 0.11111111007018755,
                -0.09090907002881665, 0.07692279838232124, -0.06666404050456301, 0.05880527780148657,
                -0.05253518429804105, 0.04722321888441468, -0.042191782992877264, 0.036641901183334706,
                -0.02990384814490461, 0.021984846192131976, -0.013900558059105384, 0.007196504774637391,
                -0.002884920692055098, 0.0008313230949771489, -0.00015216122608927192, 1.3225119973714734e-05),
    "float32": (-0.333332990940666, 0.19998548431902394, -0.14264243110009606, 0.10952192402138586,
                -0.08403467462503708, 0.05795785536100944, -0.03117808121145276, 0.010914720940622659,
                -0.001793645388769946),
}  # fmt: skip
B = {
    "float64": (0.16666666666666763, 0.07499999999970265, 0.04464285717511766, 0.030381942683756376,
                0.02237221565657637, 0.017351600156937156, 0.013980960678877422, 0.011397782325659396,
                0.010786493115545507, 0.003683180142961295, 0.02176315559184997, -0.02107679400604281,
                0.03267656997191695),
    "float32": (0.16666753918473357, 0.07495242315957491, 0.04547702075078031, 0.02414800431877976, 0.0422178802184884),
}  # fmt: skip

INFINITE = {"float64": float("inf"), "float32": float("inf")}
ONE = {"float64": 1.0, "float32": 1.0}

#: Ratios of numbers between these are normal.
RATIOS = {"float64": (2.0**-500, 2.0**500), "float32": (2.0**-60, 2.0**60)}


def magnitude(b, x):
    return b.from_bits(b.magnitude_bits(x))


def angle(b, t, turned):
    """arctan t, and where turned π/2 more."""
    z = b.mul(t, t)
    tail = b.mul(b.mul(z, t), b.polynomial(z, A[b.format.dtype]))
    return b.add(b.select(turned, b.const(HALF_PI[b.format.dtype][0]), b.const(0.0)), b.add(t, tail))


def arctan(b, x):
    """Of -1 / |x| where |x| > 1."""
    a = magnitude(b, x)
    turned = b.int_compare("ugt", b.bits(a), b.int_const(b.format.bits_of(1.0)))
    one = b.const(1.0)
    t = b.div(b.select(turned, b.const(-1.0), a), b.select(turned, a, one))
    return (b.intrinsic("copysign", angle(b, t, turned), x),)


def arctan2(b, y, x):
    """The smaller magnitude is divided by the larger one; and π - that where x < 0."""
    above, across = magnitude(b, y), magnitude(b, x)
    turned = b.int_compare("ugt", b.bits(above), b.bits(across))
    t = b.div(b.select(turned, b.neg(across), above), b.select(turned, above, across))
    first = angle(b, t, turned)
    high, low, _ = HALF_PI[b.format.dtype]
    other = b.sub(b.const(2 * high), b.sub(first, b.const(2 * low)))
    result = b.select(b.int_compare("slt", b.bits(x), b.int_const(0)), other, first)
    return (b.intrinsic("copysign", result, y),)


def ratio_check(b, y, x):
    """Zeros, infinities, NaN, and numbers whose ratio need not be normal."""
    low, high = [b.format.bits_of(value) for value in RATIOS[b.format.dtype]]
    outside = [
        b.int_compare("ugt", b.int_op("sub", b.magnitude_bits(value), b.int_const(low)), b.int_const(high - low))
        for value in (y, x)
    ]
    return b.bool_op("or", *outside)


def inner_arcsin(b, x):
    """``(t, tail, large)``: arcsin of t = |x|, or where that is large, above 1/2, of t = sqrt((1 - |x|) / 2)."""
    a = magnitude(b, x)
    large = b.int_compare("ugt", b.bits(a), b.int_const(b.format.bits_of(0.5)))
    half = b.fma(a, b.const(-0.5), b.const(0.5))
    z = b.select(large, half, b.mul(a, a))
    t = b.select(large, b.intrinsic("sqrt", half), a)
    return t, b.mul(b.mul(z, t), b.polynomial(z, B[b.format.dtype])), large


def arcsin(b, x):
    t, tail, large = inner_arcsin(b, x)
    high, low, _ = HALF_PI[b.format.dtype]
    outer, error = fast_sum(b, b.const(high), b.mul(t, b.const(-2.0)))
    outer = b.add(outer, b.fma(tail, b.const(-2.0), b.add(error, b.const(low))))
    return (b.intrinsic("copysign", b.select(large, outer, b.add(t, tail)), x),)


def arccos(b, x):
    """π/2 - arcsin x; beyond 1/2 twice the inner arcsine, beyond -1/2 π less that."""
    t, tail, large = inner_arcsin(b, x)
    high, low, _ = HALF_PI[b.format.dtype]
    inner = b.add(t, tail)
    twice = b.add(inner, inner)
    negative = b.int_compare("slt", b.bits(x), b.int_const(0))
    far = b.select(negative, b.sub(b.const(2 * high), b.sub(twice, b.const(2 * low))), twice)
    sign = b.sign_bits(x)
    t, tail = [b.from_bits(b.int_op("xor", b.bits(value), sign)) for value in (t, tail)]
    near = b.sub(b.const(high), b.add(t, b.sub(tail, b.const(low))))
    return (b.select(large, far, near),)


ARCTAN = Kernel("arctan", (np.arctan,), larger_than(INFINITE), arctan)
ARCTAN2 = Kernel("arctan2", (np.arctan2,), ratio_check, arctan2, (1.0, 1.0))
ARCSIN = Kernel("arcsin", (np.arcsin,), larger_than(ONE), arcsin, (0.5,))
ARCCOS = Kernel("arccos", (np.arccos,), larger_than(ONE), arccos, (0.5,))
