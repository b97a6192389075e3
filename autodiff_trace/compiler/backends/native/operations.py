"""Operations: what is written for elementwise functions, on values in registers, so that each number is NumPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .registers import Lanes, Value

__all__ = ["exponent_of_infinity", "find_operation"]

INTEGERS, UNSIGNED = "bBhHiIlLqQ", "BHILQ"
REALS = "fd"

OPERATIONS: dict[tuple[np.ufunc, str], Callable[..., Value]] = {}
"""By a ufunc and the code of the dtype that it computes in."""


def operation(*ufuncs: np.ufunc, of: str) -> Callable:
    """Decorate what writes these functions of values of these dtypes: ``rule(lanes, *operands)``."""

    def decorate(rule: Callable) -> Callable:
        OPERATIONS.update({(ufunc, char): rule for ufunc in ufuncs for char in of})
        return rule

    return decorate


def find_operation(ufunc: np.ufunc, chars: str) -> Callable | None:
    """What writes the loop of a ufunc for operands of these dtypes; None if there is nothing for it."""
    return OPERATIONS.get((ufunc, chars[-1])) if len(set(chars)) == 1 else None


def instruction(ufunc: np.ufunc, name: str, of: str) -> None:
    operation(ufunc, of=of)(lambda lanes, x, y: lanes.op(name, x, y))


for _ufunc, _real, _integer in (
        (np.add, "fadd", "add"), (np.subtract, "fsub", "sub"), (np.multiply, "fmul", "mul")):
    instruction(_ufunc, _real, REALS)
    instruction(_ufunc, _integer, INTEGERS)
instruction(np.divide, "fdiv", REALS)
for _ufunc, _name in ((np.bitwise_and, "and"), (np.bitwise_or, "or"), (np.bitwise_xor, "xor")):
    instruction(_ufunc, _name, INTEGERS + "?")
instruction(np.add, "or", "?")
instruction(np.multiply, "and", "?")
instruction(np.logical_and, "and", "?")
instruction(np.logical_or, "or", "?")
instruction(np.logical_xor, "xor", "?")
instruction(np.maximum, "or", "?")
instruction(np.minimum, "and", "?")
instruction(np.not_equal, "xor", "?")

for _ufunc, _real, _integer in (
        (np.less, "olt", "lt"), (np.less_equal, "ole", "le"), (np.greater, "ogt", "gt"),
        (np.greater_equal, "oge", "ge")):
    operation(_ufunc, of=REALS)(lambda lanes, x, y, name=_real: lanes.compare(name, x, y))
    operation(_ufunc, of=INTEGERS)(
        lambda lanes, x, y, name=_integer: lanes.compare(("u" if x.char in UNSIGNED else "s") + name, x, y))
operation(np.equal, of=REALS)(lambda lanes, x, y: lanes.compare("oeq", x, y))
operation(np.not_equal, of=REALS)(lambda lanes, x, y: lanes.compare("une", x, y))
operation(np.equal, of=INTEGERS)(lambda lanes, x, y: lanes.compare("eq", x, y))
operation(np.not_equal, of=INTEGERS)(lambda lanes, x, y: lanes.compare("ne", x, y))


@operation(np.equal, of="?")
def equal_truths(lanes: Lanes, x: Value, y: Value) -> Value:
    return lanes.compare("eq", x, y)


@operation(np.logical_not, of="?")
@operation(np.invert, of="?")
def logical_not(lanes: Lanes, x: Value) -> Value:
    return lanes.op("xor", x, lanes.const(True, "?"))


@operation(np.invert, of=INTEGERS)
def invert(lanes: Lanes, x: Value) -> Value:
    return lanes.op("xor", x, lanes.const(-1, x.char))


@operation(np.negative, of=REALS)
def negative(lanes: Lanes, x: Value) -> Value:
    return lanes.op("fneg", x)


@operation(np.negative, of=INTEGERS)
def negative_integer(lanes: Lanes, x: Value) -> Value:
    return lanes.op("sub", lanes.const(0, x.char), x)


@operation(np.positive, of=REALS + INTEGERS + "FD")
@operation(np.conjugate, of=REALS + INTEGERS)
@operation(np.absolute, of="?" + UNSIGNED)
def positive(lanes: Lanes, x: Value) -> Value:
    return x


@operation(np.square, of=REALS)
def square(lanes: Lanes, x: Value) -> Value:
    return lanes.op("fmul", x, x)


@operation(np.square, of=INTEGERS)
def square_integer(lanes: Lanes, x: Value) -> Value:
    return lanes.op("mul", x, x)


@operation(np.reciprocal, of=REALS)
def reciprocal(lanes: Lanes, x: Value) -> Value:
    return lanes.op("fdiv", lanes.const(1, x.char), x)


@operation(np.absolute, np.fabs, of=REALS)
def absolute(lanes: Lanes, x: Value) -> Value:
    return lanes.intrinsic("fabs", x)


@operation(np.absolute, of="bhilq")
def absolute_integer(lanes: Lanes, x: Value) -> Value:
    return lanes.select(lanes.compare("slt", x, lanes.const(0, x.char)), negative_integer(lanes, x), x)


for _ufunc, _name in ((np.sqrt, "sqrt"), (np.floor, "floor"), (np.ceil, "ceil"), (np.trunc, "trunc"),
                      (np.rint, "roundeven")):
    operation(_ufunc, of=REALS)(lambda lanes, x, name=_name: lanes.intrinsic(name, x))


@operation(np.copysign, of=REALS)
def copysign(lanes: Lanes, x: Value, y: Value) -> Value:
    return lanes.intrinsic("copysign", x, y)


def extremum(comparison: str) -> Callable:
    def rule(lanes: Lanes, x: Value, y: Value) -> Value:
        taken = lanes.op("or", lanes.compare(comparison, x, y), lanes.compare("uno", x, x))
        return lanes.select(taken, x, y)

    return rule


operation(np.maximum, of=REALS)(extremum("ogt"))
operation(np.minimum, of=REALS)(extremum("olt"))


@operation(np.maximum, of=INTEGERS)
def maximum_integer(lanes: Lanes, x: Value, y: Value) -> Value:
    return lanes.select(lanes.compare("uge" if x.char in UNSIGNED else "sge", x, y), x, y)


@operation(np.minimum, of=INTEGERS)
def minimum_integer(lanes: Lanes, x: Value, y: Value) -> Value:
    return lanes.select(lanes.compare("ule" if x.char in UNSIGNED else "sle", x, y), x, y)


def exponent_of_infinity(lanes: Lanes, x: Value) -> tuple[Value, Value]:
    """The bits of a number without its sign, and those of infinity: comparisons of them raise no floating-point flag,
    also of NaN."""
    bits = lanes.bits(x)
    largest, infinity = (2**31 - 1, 0x7F800000) if x.char == "f" else (2**63 - 1, 0x7FF0000000000000)
    return lanes.op("and", bits, lanes.const(largest, bits.char)), lanes.const(infinity, bits.char)


for _ufunc, _name in ((np.isfinite, "slt"), (np.isinf, "eq"), (np.isnan, "sgt")):
    operation(_ufunc, of=REALS)(lambda lanes, x, name=_name: lanes.compare(name, *exponent_of_infinity(lanes, x)))


@operation(np.signbit, of=REALS)
def signbit(lanes: Lanes, x: Value) -> Value:
    bits = lanes.bits(x)
    return lanes.compare("slt", bits, lanes.const(0, bits.char))


@operation(np.sign, of=REALS)
def sign(lanes: Lanes, x: Value) -> Value:
    zero, one = lanes.const(0, x.char), lanes.const(1, x.char)
    signed = lanes.intrinsic("copysign", one, x)
    is_number = lanes.compare("one", x, zero)
    same = lanes.select(lanes.compare("uno", x, x), x, zero)
    return lanes.select(is_number, signed, same)


def of_parts(rule: Callable) -> Callable:
    """A function of complex numbers from one of their parts: ``rule(lanes, *(real, imag) of each)``."""

    def on_complex(lanes: Lanes, *operands: Value) -> Value:
        real, imag = rule(lanes, *[part for x in operands for part in lanes.parts(x)])
        return Value((real.name, imag.name), operands[0].char)

    return on_complex


@operation(np.add, of="FD")
@of_parts
def add_complex(lanes, a, b, c, d):
    return lanes.op("fadd", a, c), lanes.op("fadd", b, d)


@operation(np.subtract, of="FD")
@of_parts
def subtract_complex(lanes, a, b, c, d):
    return lanes.op("fsub", a, c), lanes.op("fsub", b, d)


@operation(np.multiply, of="FD")
@of_parts
def multiply_complex(lanes, a, b, c, d):
    real = lanes.op("fsub", lanes.op("fmul", a, c), lanes.op("fmul", b, d))
    return real, lanes.op("fadd", lanes.op("fmul", a, d), lanes.op("fmul", b, c))


@operation(np.square, of="FD")
def square_complex(lanes: Lanes, x: Value) -> Value:
    return multiply_complex(lanes, x, x)


@operation(np.negative, of="FD")
@of_parts
def negative_complex(lanes, a, b):
    return lanes.op("fneg", a), lanes.op("fneg", b)


@operation(np.conjugate, of="FD")
@of_parts
def conjugate(lanes, a, b):
    return a, lanes.op("fneg", b)
