"""tanh, sinh, cosh, by e^x - 1."""

from __future__ import annotations

import numpy as np

from .double_words import fast_sum, quotient
from .exponentials import exp_minus_one
from .kernel import Kernel

__all__ = ["TANH"]

#: From here on tanh is 1 in the format.
ONE = {"float64": 20.0, "float32": 10.0}


def is_nan(b, x):
    """Infinity is ordinary."""
    return b.int_compare("ugt", b.magnitude_bits(x), b.int_const(b.format.infinity))


def tanh(b, x):
    """``e / (e + 2)`` with e = exp(2 |x|) - 1."""
    bits = b.magnitude_bits(x)
    largest = b.int_const(b.format.bits_of(ONE[b.format.dtype]))
    kind = b.int_type
    name = f"umin.v{b.width}{b.format.integer}" if b.width > 1 else f"umin.{b.format.integer}"
    b.declares.add(f"declare {kind} @llvm.{name}({kind}, {kind})")
    a = b.from_bits(b.emit(f"call {kind} @llvm.{name}({kind} {bits}, {kind} {largest})"))
    e, e_low = fast_sum(b, *exp_minus_one(b, b.add(a, a)))
    below, below_low = fast_sum(b, b.const(2.0), e)
    result = b.add(*quotient(b, e, e_low, below, b.add(below_low, e_low)))
    return (b.intrinsic("copysign", result, x),)


TANH = Kernel("tanh", (np.tanh,), is_nan, tanh)
