"""log, log1p, log2, log10: x = 2^k m with m next to 1, and log m = f - f²/2 + s (f²/2 + s² R(s²)), f = m - 1,
s = f / (2 + f): the scheme of fdlibm's e_log.c (K. C. Ng, Sun Microsystems), with products and sums rounded once.

R is a minimax polynomial (Remez) for 1/sqrt 2 <= m <= sqrt 2, of relative error 2^-58.5 (float64), 2^-29.2 (float32).
"""

from __future__ import annotations

import numpy as np

from .double_words import total
from .exponentials import LN2
from .kernel import Kernel

__all__ = ["LOG", "LOG10", "LOG1P", "LOG2", "log_of", "log_of_sum", "not_positive_normal", "split"]

R = {
    "float64": (0.6666666666666735, 0.39999999999412494, 0.28571428742924965, 0.2222219851338062, 0.1818356765735241,
                0.15313959952002879, 0.14796907363353223),
    "float32": (0.6666677657727722, 0.39977514582275, 0.2987252160971481),
}  # fmt: skip

#: 1 / ln 2 and 1 / ln 10 in two parts, and log10 2 in two parts of which n times the first is exact.
LOG2_E = {
    "float64": (1.4426950408889634, 2.0355273740931033e-17),
    "float32": (1.4426950216293335, 1.9259629911266175e-08),
}
LOG10_E = {
    "float64": (0.4342944819032518, 1.098319650216765e-17),
    "float32": (0.4342944920063019, -1.0103050052231683e-08),
}
LOG10_2 = {
    "float64": (0.30102999566383914, 1.42050232272661e-13),
    "float32": (0.301025390625, 4.605038981195214e-06),
}


def not_positive_normal(b, x):
    """Where x is not a positive normal number."""
    least = b.format.least_normal
    above = b.int_op("sub", b.bits(x), b.int_const(least))
    return b.int_compare("uge", above, b.int_const(b.format.infinity - least))


def split(b, x):
    """``(k, m)`` with x = 2^k m and 1/sqrt 2 <= m <= sqrt 2 for a normal x: k as a float."""
    form = b.format
    least = form.bits_of(0.5**0.5)
    bits = b.bits(x)
    above = b.int_op("sub", bits, b.int_const(least))
    exponent = b.int_op("and", above, b.int_const(-1 << form.significand))
    m = b.from_bits(b.int_op("sub", bits, exponent))
    k = b.int_op("ashr", above, b.int_const(form.significand))
    return b.emit(f"sitofp {b.int_type} {k} to {b.type}"), m


def parts(b, f):
    """``(f²/2, s (f²/2 + s² R))``: log(1 + f) is f - the first + the second."""
    s = b.div(f, b.add(f, b.const(2.0)))
    z = b.mul(s, s)
    half = b.mul(b.mul(f, f), b.const(0.5))
    return half, b.mul(s, b.fma(z, b.polynomial(z, R[b.format.dtype]), half))


def log_of(b, k, f):
    """``k ln 2 + log(1 + f)``."""
    high, low = LN2[b.format.dtype]
    half, rest = parts(b, f)
    rest = b.fma(k, b.const(low), rest)
    return b.fma(k, b.const(high), b.sub(f, b.sub(half, rest)))


def log(b, x):
    k, m = split(b, x)
    return (log_of(b, k, b.sub(m, b.const(1.0))),)


def log_of_sum(b, high, low):
    """``log(high + low)`` for a positive normal number and a much smaller one; where the sum is next to 1, of an error
    relative to its distance."""
    one = b.const(1.0)
    k, m = split(b, high)
    # 2^-k is m / high, exactly; it is made from the bits, for the exponents of the latter are those of m and of 2^k.
    scale = b.from_bits(b.int_op("add", b.bits(one), b.int_op("sub", b.bits(m), b.bits(high))))
    return log_of(b, k, b.fma(low, scale, b.sub(m, one)))


def log1p(b, x):
    return (b.intrinsic("copysign", log_of_sum(b, *total(b, b.const(1.0), x)), x),)


def log1p_special(b, x):
    """-1 and below, infinity and NaN; and above what 2^-k is normal for."""
    limit = b.int_const(b.format.bits_of(2.0 ** (b.format.bias - 1)))
    bits = b.bits(x)
    low = b.int_compare("uge", bits, b.int_const(b.format.bits_of(-1.0)))
    return b.bool_op("or", low, b.int_compare("sgt", bits, limit))


def in_base(b, x, factor, unit):
    """``log(x) / log(base)``: the leading part of log m is multiplied exactly. ``factor`` is 1 / log(base) in two
    parts, ``unit`` the log of 2 in two parts of which k times the first is exact."""
    k, m = split(b, x)
    f = b.sub(m, b.const(1.0))
    half, rest = parts(b, f)
    high = b.sub(f, half)
    low = b.add(b.sub(b.sub(f, high), half), rest)
    whole = k if unit == (1.0, 0.0) else b.mul(k, b.const(unit[0]))
    result = b.fma(high, b.const(factor[0]), whole)
    error = b.fma(high, b.const(factor[0]), b.sub(whole, result))
    error = b.fma(high, b.const(factor[1]), error)
    if unit[1]:
        error = b.fma(k, b.const(unit[1]), error)
    return (b.add(result, b.fma(low, b.const(factor[0]), error)),)


def log2(b, x):
    return in_base(b, x, LOG2_E[b.format.dtype], (1.0, 0.0))


def log10(b, x):
    return in_base(b, x, LOG10_E[b.format.dtype], LOG10_2[b.format.dtype])


LOG = Kernel("log", (np.log,), not_positive_normal, log)
LOG1P = Kernel("log1p", (np.log1p,), log1p_special, log1p)
LOG2 = Kernel("log2", (np.log2,), not_positive_normal, log2)
LOG10 = Kernel("log10", (np.log10,), not_positive_normal, log10)
