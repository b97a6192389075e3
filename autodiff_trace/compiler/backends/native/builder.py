"""Builder: the text of code on vectors in LLVM's language, where each value is assigned once, under a new name."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

__all__ = ["FLOAT32", "FLOAT64", "Builder", "Format"]


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: ``significand`` stored bits, ``bias`` of the exponent."""

    dtype: str
    name: str
    integer: str
    suffix: str
    letter: str
    bits: int
    significand: int
    bias: int

    @property
    def sign(self) -> int:
        return 1 << (self.bits - 1)

    @property
    def magnitude(self) -> int:
        """The mask of all bits but the sign."""
        return self.sign - 1

    @property
    def infinity(self) -> int:
        """The bits of infinity: of a larger magnitude are only NaNs."""
        return (2 * self.bias + 1) << self.significand

    @property
    def least_normal(self) -> int:
        return 1 << self.significand

    @property
    def round_magic(self) -> float:
        """Added to a smaller number it leaves no place for a fraction: the sum's last bits are the nearest integer."""
        return 1.5 * 2.0**self.significand

    def round(self, value) -> float:
        """The number of this format next to a Python float."""
        return float(np.dtype(self.dtype).type(value))

    def bits_of(self, value) -> int:
        """The bits of a number of this format, as an unsigned integer."""
        return int(np.array(value, self.dtype).view(f"uint{self.bits}"))


FLOAT64 = Format("float64", "double", "i64", "f64", "d", 64, 52, 1023)
FLOAT32 = Format("float32", "float", "i32", "f32", "f", 32, 23, 127)
FORMATS = {"float64": FLOAT64, "float32": FLOAT32}


class Builder:
    """Collects instructions on vectors of ``width`` lanes of a float dtype (width 1: plain numbers).

    Operands are texts: names of values, or constants from :meth:`const` and :meth:`int_const`.

    Attributes:
        lines: the instructions, in order.
        declares: the declarations that they need, for the module.
        functions: name -> definition of the functions of the module's own that they call.
        type, int_type, bool_type: the type of a vector of floats, of integers as wide, of truth values.
        inline: whether own functions are written out where they are called, which saves some 10 % of their time and
            costs the compilation of each use; then the code has branches.
        shared: whether own functions are only declared: who links the code compiles each once, from its library.
        block: the label of the block that instructions are added to, for the phi instructions of who reads it.
    """

    def __init__(self, width=8, dtype="float64", prefix="t", declares=None, functions=None, inline=False, shared=False):
        self.width = width
        self.format = FORMATS[str(dtype)]
        self.prefix = prefix
        self.lines: list[str] = []
        self.declares: set[str] = set() if declares is None else declares
        self.functions: dict[str, str] = {} if functions is None else functions
        self.type = self.vector(self.format.name)
        self.int_type = self.vector(self.format.integer)
        self.bool_type = self.vector("i1")
        self.suffix = self.format.suffix if width == 1 else f"v{width}{self.format.suffix}"
        self.numbers = itertools.count()
        self.inline, self.shared = inline, shared
        self.block = ""

    def vector(self, element) -> str:
        """The type of a value of this width with elements of a type."""
        return element if self.width == 1 else f"<{self.width} x {element}>"

    def inner(self, prefix="t") -> Builder:
        """A builder for the body of another function of the same module."""
        return Builder(self.width, self.format.dtype, prefix, self.declares, self.functions)

    def label(self, name) -> str:
        """A new label."""
        return f"{self.prefix}.{name}.{next(self.numbers)}"

    def start(self, label) -> None:
        """What follows is the block of this label."""
        self.lines.append(f"{label}:")
        self.block = label

    def branch(self, condition, yes, no) -> None:
        """The end of a block: on to one of two, by an i1."""
        self.lines.append(f"  br i1 {condition}, label %{yes}, label %{no}")

    def of_format(self, dtype) -> Builder:
        """A builder that writes into the same code, on vectors of another dtype."""
        other = Builder(self.width, dtype, self.prefix, self.declares, self.functions)
        other.lines, other.numbers = self.lines, self.numbers
        return other

    # Values

    def emit(self, text) -> str:
        """An instruction with a result: its name."""
        name = f"%{self.prefix}{next(self.numbers)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def const(self, value) -> str:
        """A float in every lane, rounded to the format."""
        return self.everywhere(self.format.name, self.number(value))

    def number(self, value) -> str:
        """A float, rounded to the format. LLVM spells one of float32 as the double that is equal to it."""
        return f"0x{FLOAT64.bits_of(self.format.round(value)):016X}"

    def int_const(self, value) -> str:
        """An integer in every lane, of which the last bits count."""
        value %= 1 << self.format.bits
        return self.everywhere(self.format.integer, str(value - (value >> (self.format.bits - 1) << self.format.bits)))

    def everywhere(self, element, text) -> str:
        return text if self.width == 1 else f"splat ({element} {text})"

    def splat(self, scalar) -> str:
        """A named number in every lane."""
        if self.width == 1:
            return scalar
        first = self.emit(f"insertelement {self.type} poison, {self.format.name} {scalar}, i64 0")
        return self.emit(f"shufflevector {self.type} {first}, {self.type} poison, <{self.width} x i32> zeroinitializer")

    # Arithmetic, each operation rounded by itself

    def op(self, name, *operands) -> str:
        return self.emit(f"{name} {self.type} {', '.join(operands)}")

    def add(self, a, b) -> str:
        return self.op("fadd", a, b)

    def sub(self, a, b) -> str:
        return self.op("fsub", a, b)

    def mul(self, a, b) -> str:
        return self.op("fmul", a, b)

    def div(self, a, b) -> str:
        return self.op("fdiv", a, b)

    def neg(self, a) -> str:
        return self.op("fneg", a)

    def intrinsic(self, name, *operands) -> str:
        """A function of LLVM's on vectors of this type: ``fma``, ``sqrt``, ``fabs``, ``copysign``, ``rint`` …"""
        self.declares.add(f"declare {self.type} @llvm.{name}.{self.suffix}({', '.join([self.type] * len(operands))})")
        return self.call(f"llvm.{name}.{self.suffix}", *operands)

    def call(self, function, *operands) -> str:
        """A call of a function from vectors to a vector of this type."""
        arguments = ", ".join(f"{self.type} {operand}" for operand in operands)
        return self.emit(f'call {self.type} @"{function}"({arguments})')

    def fma(self, a, b, c) -> str:
        """``a * b + c``, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def polynomial(self, x, coefficients) -> str:
        """Coefficients from the constant one on, by Estrin's scheme: in pairs, so that few wait for others."""
        terms = [self.const(value) for value in coefficients]
        power = x
        while len(terms) > 1:
            pairs = [self.fma(high, power, low) for low, high in zip(terms[::2], terms[1::2])]
            terms = pairs + terms[2 * len(pairs) :]
            if len(terms) > 1:
                power = self.mul(power, power)
        return terms[0]

    # Bits, comparisons, choices

    def int_op(self, name, *operands) -> str:
        return self.emit(f"{name} {self.int_type} {', '.join(operands)}")

    def bits(self, value) -> str:
        return self.emit(f"bitcast {self.type} {value} to {self.int_type}")

    def from_bits(self, value) -> str:
        return self.emit(f"bitcast {self.int_type} {value} to {self.type}")

    def convert(self, value, source) -> str:
        """A value of another builder's format in that of this one."""
        name = "fpext" if self.format.bits > source.format.bits else "fptrunc"
        return self.emit(f"{name} {source.type} {value} to {self.type}")

    def magnitude_bits(self, value) -> str:
        return self.int_op("and", self.bits(value), self.int_const(self.format.magnitude))

    def sign_bits(self, value) -> str:
        return self.int_op("and", self.bits(value), self.int_const(self.format.sign))

    def compare(self, predicate, a, b) -> str:
        """Of floats. On vectors, x86 code of olt, ole, uge, ugt and so on flags "invalid" where an operand is NaN."""
        return self.emit(f"fcmp {predicate} {self.type} {a}, {b}")

    def int_compare(self, predicate, a, b) -> str:
        return self.emit(f"icmp {predicate} {self.int_type} {a}, {b}")

    def bool_op(self, name, a, b) -> str:
        return self.emit(f"{name} {self.bool_type} {a}, {b}")

    def bools(self, value) -> str:
        """A truth value in every lane."""
        return self.everywhere("i1", "true" if value else "false")

    def select(self, condition, a, b, kind=None) -> str:
        """Lane by lane ``a if condition else b``."""
        kind = kind or self.type
        return self.emit(f"select {self.bool_type} {condition}, {kind} {a}, {kind} {b}")

    def any(self, condition) -> str:
        """Whether a condition holds in some lane: an i1."""
        if self.width == 1:
            return condition
        name = f"llvm.vector.reduce.or.v{self.width}i1"
        self.declares.add(f"declare i1 @{name}({self.bool_type})")
        return self.emit(f"call i1 @{name}({self.bool_type} {condition})")
