"""tanh, sinh, cosh by e^x - 1, and their inverses by logarithms of sums in two parts."""

from __future__ import annotations

import numpy as np

from ..builder import FLOAT64
from .double_words import fast_sum, quotient, square_root, total
from .exponentials import EXP_Q, NORMAL, exp_minus_one, exp_parts, larger_than, power_of_two, reduce, shift_exponent
from .kernel import Kernel
from .logarithms import log_of_sum

__all__ = ["ARCCOSH", "ARCSINH", "ARCTANH", "COSH", "SINH", "TANH"]

#: tanh t = t + t³ P(t²) for |t| <= 0.6 in float32: a minimax polynomial (Remez), of relative error 2^-28.5.
TANH_P = (-0.3333329927162274, 0.1333195826218804, -0.05378668619331413, 0.020805393628112918, -0.005905877627771583)

#: From here on tanh is 1 in the format.
ONE = {"float64": 20.0, "float32": 10.0}


def tanh(b, x):
    """NaN is itself. All arguments are ordinary: NumPy's loop would clear the floating-point flags."""
    result = long_tanh(b, x) if b.format is FLOAT64 else short_tanh(b, x)
    return (b.select(b.compare("uno", x, x), x, b.intrinsic("copysign", result, x)),)


def long_tanh(b, x):
    """``e / (e + 2)`` with e = exp(2 |x|) - 1, in two parts."""
    a = bounded(b, x)
    e, e_low = fast_sum(b, *exp_minus_one(b, b.add(a, a)))
    below, below_low = fast_sum(b, b.const(2.0), e)
    return b.add(*quotient(b, e, e_low, below, b.add(below_low, e_low)))


def short_tanh(b, x):
    """``1 - 2 / (1 + exp(2 |x|))``, and up to 0.6 a polynomial."""
    a = bounded(b, x)
    high, low, n = reduce(b, b.add(a, a))
    r, scale = b.add(high, low), power_of_two(b, n)
    p = b.fma(b.mul(r, r), b.polynomial(r, EXP_Q[b.format.dtype]), r)
    far = b.add(b.const(1.0), b.div(b.const(-2.0), b.fma(p, scale, b.add(scale, b.const(1.0)))))
    z = b.mul(a, a)
    near = b.fma(b.mul(z, a), b.polynomial(z, TANH_P), a)
    small = b.int_compare("ult", b.bits(a), b.int_const(b.format.bits_of(0.6)))
    return b.select(small, near, far)


def bounded(b, x):
    """The magnitude of x, at most where tanh is 1: of infinity and NaN as well."""
    kind = b.int_type
    name = f"umin.v{b.width}{b.format.integer}" if b.width > 1 else f"umin.{b.format.integer}"
    b.declares.add(f"declare {kind} @llvm.{name}({kind}, {kind})")
    largest = b.int_const(b.format.bits_of(ONE[b.format.dtype]))
    return b.from_bits(b.emit(f"call {kind} @llvm.{name}({kind} {b.magnitude_bits(x)}, {kind} {largest})"))


def sinh(b, x):
    """``(e + e / (e + 1)) / 2`` with e = exp |x| - 1."""
    e, e_low = fast_sum(b, *exp_minus_one(b, b.from_bits(b.magnitude_bits(x))))
    ratio = b.div(e, b.add(e, b.const(1.0)))
    result = b.mul(b.add(e, b.add(ratio, e_low)), b.const(0.5))
    return (b.intrinsic("copysign", result, x),)


def cosh(b, x):
    """``(e + 1 / e) / 2`` with e = exp |x|."""
    y, n = exp_parts(b, b.from_bits(b.magnitude_bits(x)))
    half = shift_exponent(b, b.mul(y, b.const(0.5)), n)
    return (b.add(half, b.div(b.const(0.25), half)),)


def arcsinh(b, x):
    """``log(a + sqrt(1 + a²))``, a = |x|, in two parts."""
    a = b.from_bits(b.magnitude_bits(x))
    square = b.mul(a, a)
    inside, error = total(b, b.const(1.0), square)
    root, root_low = square_root(b, inside, b.add(error, b.fma(a, a, b.neg(square))))
    high, low = fast_sum(b, root, a)
    return (b.intrinsic("copysign", log_of_sum(b, high, b.add(low, root_low)), x),)


def arccosh(b, x):
    """``log(x + sqrt(x² - 1))``, in two parts."""
    square = b.mul(x, x)
    inside, error = fast_sum(b, square, b.const(-1.0))
    root, root_low = square_root(b, inside, b.add(error, b.fma(x, x, b.neg(square))))
    high, low = fast_sum(b, x, root)
    return (log_of_sum(b, high, b.add(low, root_low)),)


def arctanh(b, x):
    """``log((1 + a) / (1 - a)) / 2``, a = |x|, in two parts."""
    a, one = b.from_bits(b.magnitude_bits(x)), b.const(1.0)
    ratio, low = quotient(b, *fast_sum(b, one, a), *fast_sum(b, one, b.neg(a)))
    return (b.intrinsic("copysign", b.mul(log_of_sum(b, *fast_sum(b, ratio, low)), b.const(0.5)), x),)


def not_above_one(b, x):
    """1 and below, and what is too large to be squared, or NaN."""
    one = b.format.bits_of(1.0)
    above = b.int_op("sub", b.bits(x), b.int_const(one + 1))
    return b.int_compare("ugt", above, b.int_const(b.format.bits_of(SQUARED[b.format.dtype]) - one - 1))


SQUARED = {"float64": 2.0**500, "float32": 2.0**60}
BELOW_ONE = {"float64": 1 - 2.0**-53, "float32": 1 - 2.0**-24}

TANH = Kernel("tanh", (np.tanh,), None, tanh)
SINH = Kernel("sinh", (np.sinh,), larger_than(NORMAL["exp"]), sinh)
COSH = Kernel("cosh", (np.cosh,), larger_than(NORMAL["exp"]), cosh)
ARCSINH = Kernel("arcsinh", (np.arcsinh,), larger_than(SQUARED), arcsinh)
ARCCOSH = Kernel("arccosh", (np.arccosh,), not_above_one, arccosh, (2.0,))
ARCTANH = Kernel("arctanh", (np.arctanh,), larger_than(BELOW_ONE), arctanh, (0.5,))
