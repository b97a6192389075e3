"""Registers: the lines of a unit, and values in LLVM's registers: numbers, or explicit vectors of them."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np

from .engine import machine

__all__ = ["Lines", "Lanes", "Value"]

TYPES = {"?": "i1", "b": "i8", "B": "i8", "h": "i16", "H": "i16", "i": "i32", "I": "i32", "l": "i64", "L": "i64",
         "q": "i64", "Q": "i64", "f": "float", "d": "double"}
"""LLVM's types, by NumPy's codes; a complex number is two values."""

ORDERS = ("olt", "ole", "ogt", "oge")

PARTS = {"F": "f", "D": "d"}


class Value(NamedTuple):
    """A value in a register: its name (of a complex number two), and the code of its dtype."""

    name: Any
    char: str


class Lines:
    """The lines of a function that is being written, and what it needs declared."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.declares: set[str] = set()
        self.functions: dict[str, str] = {}
        self.count = 0

    def write(self, text: str) -> None:
        self.lines.append("  " + text)

    def new(self, letter: str = "t") -> str:
        self.count += 1
        return f"%{letter}{self.count}"

    def emit(self, text: str) -> str:
        """Write an instruction; returns the name of its result."""
        name = self.new()
        self.lines.append(f"  {name} = {text}")
        return name

    def load_frame(self, count: int) -> list[str]:
        """The names of the addresses of a unit's operands."""
        addresses = [self.emit(f"getelementptr ptr, ptr %frame, i64 {i}") for i in range(count)]
        return [self.emit(f"load ptr, ptr {address}") for address in addresses]

    def as_unit(self) -> str:
        """The text of a unit without its name."""
        return "\n".join(["(ptr %frame, i64 %start, i64 %stop) {", "entry:", *self.lines, "  ret void", "}"])

    def label(self, name: str, falls_through: bool = True) -> None:
        if falls_through:
            self.lines.append(f"  br label %{name}")
        self.lines.append(f"{name}:")


class Lanes:
    """Writes instructions on values of ``width`` lanes; with width 1 on single numbers."""

    def __init__(self, lines: Lines, width: int) -> None:
        self.lines, self.width = lines, width

    def type(self, char: str) -> str:
        return self.of(TYPES[char])

    def of(self, scalar: str) -> str:
        return scalar if self.width == 1 else f"<{self.width} x {scalar}>"

    def suffix(self, char: str) -> str:
        """How LLVM's intrinsics spell the type."""
        scalar = {"float": "f32", "double": "f64"}.get(TYPES[char], TYPES[char])
        return scalar if self.width == 1 else f"v{self.width}{scalar}"

    def const(self, number: Any, char: str) -> Value:
        if char in PARTS:
            number = complex(number)
            return Value((self.const(number.real, PARTS[char]).name, self.const(number.imag, PARTS[char]).name), char)
        if char in "fd":
            with np.errstate(over="ignore"):
                number = float(np.float32(number)) if char == "f" else float(number)
            text = "0x" + struct.pack(">d", number).hex().upper()
        elif char == "?":
            text = "true" if number else "false"
        else:
            text = str(int(number))
        return Value(self.splat_text(text, char), char)

    def splat_text(self, text: str, char: str) -> str:
        return text if self.width == 1 else f"splat ({TYPES[char]} {text})"

    def op(self, name: str, x: Value, *others: Value, char: str | None = None) -> Value:
        """An instruction on operands of one type."""
        operands = ", ".join([x.name, *[each.name for each in others]])
        return Value(self.lines.emit(f"{name} {self.type(x.char)} {operands}"), char or x.char)

    def intrinsic(self, name: str, *operands: Value) -> Value:
        """A call of LLVM's own function of values of one type."""
        char = operands[0].char
        kind, full = self.type(char), f"@llvm.{name}.{self.suffix(char)}"
        self.lines.declares.add(f"declare {kind} {full}({', '.join([kind] * len(operands))})")
        return Value(self.lines.emit(f"call {kind} {full}({', '.join(f'{kind} {x.name}' for x in operands)})"), char)

    def compare(self, name: str, x: Value, y: Value) -> Value:
        """A comparison. Of floating-point numbers it raises no flag, as NumPy's: LLVM's plain instruction may flag NaN
        as invalid where it asks for an order."""
        if x.char not in "fd":
            return self.op(f"icmp {name}", x, y, char="?")
        if name not in ORDERS:
            return self.op(f"fcmp {name}", x, y, char="?")
        kind, full = self.type(x.char), f"@llvm.experimental.constrained.fcmp.{self.suffix(x.char)}"
        self.lines.declares.add(f"declare {self.type('?')} {full}({kind}, {kind}, metadata, metadata)")
        return Value(self.lines.emit(
            f'call {self.type("?")} {full}({kind} {x.name}, {kind} {y.name}, metadata !"{name}", '
            'metadata !"fpexcept.ignore")'), "?")

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        if x.char in PARTS:
            names = [self.select(condition, a, b).name for a, b in zip(self.parts(x), self.parts(y))]
            return Value(tuple(names), x.char)
        kind = self.type(x.char)
        text = f"select {self.type('?')} {condition.name}, {kind} {x.name}, {kind} {y.name}"
        return Value(self.lines.emit(text), x.char)

    def parts(self, x: Value) -> list[Value]:
        """The real and the imaginary part."""
        return [Value(name, PARTS[x.char]) for name in x.name]

    def bits(self, x: Value) -> Value:
        """The bits of floating-point numbers, as integers."""
        char = "i" if x.char == "f" else "l"
        return Value(self.lines.emit(f"bitcast {self.type(x.char)} {x.name} to {self.type(char)}"), char)

    def convert(self, x: Value, char: str) -> Value:
        """``x`` in another dtype, as NumPy casts."""
        if x.char == char or TYPES.get(x.char) == TYPES.get(char) and char in "lqLQ":
            return x._replace(char=char)
        if char in PARTS:
            if x.char in PARTS:
                return Value(tuple([self.convert(part, PARTS[char]).name for part in self.parts(x)]), char)
            return Value((self.convert(x, PARTS[char]).name, self.const(0, PARTS[char]).name), char)
        if char == "?":
            if x.char in PARTS:
                real, imag = (self.convert(part, "?") for part in self.parts(x))
                return self.op("or", real, imag)
            return self.compare("une" if x.char in "fd" else "ne", x, self.const(0, x.char))
        if x.char in "fd":
            name = "fpext" if char == "d" else "fptrunc"
        elif char in "fd":
            name = "uitofp" if x.char in "?BHILQ" else "sitofp"
        else:
            size, wanted = np.dtype(x.char).itemsize if x.char != "?" else 0, np.dtype(char).itemsize
            if size == wanted:
                return x._replace(char=char)
            name = "trunc" if wanted < size else "zext" if x.char in "?BHILQ" else "sext"
        new = Value(self.lines.emit(f"{name} {self.type(x.char)} {x.name} to {self.type(char)}"), char)
        return self.opaque(new) if x.char == "?" else new

    def opaque(self, x: Value) -> Value:
        """The same number, without what LLVM knows of it: of numbers that are known it computes others when it
        compiles, and no flag is raised."""
        return self.through_assembly(x, "asm")

    def computed(self, x: Value) -> Value:
        """The same number, which is computed in any case: of what a selection does not take LLVM may make a branch
        that leaves it out, and then no flag is raised."""
        if x.char in PARTS:
            return Value(tuple([self.computed(part).name for part in self.parts(x)]), x.char)
        return self.through_assembly(x, "asm sideeffect")

    def through_assembly(self, x: Value, form: str) -> Value:
        if self.width != 1 or x.char not in "fd":
            return x
        kind, register = self.type(x.char), "x" if machine() == "x86_64" else "w"
        return x._replace(name=self.lines.emit(f'call {kind} {form} "", "={register},0"({kind} {x.name})'))

    def splat(self, name: str, char: str) -> str:
        """A single number in all lanes."""
        if self.width == 1:
            return name
        kind = self.type(char)
        one = self.lines.emit(f"insertelement {kind} poison, {TYPES[char]} {name}, i32 0")
        return self.lines.emit(f"shufflevector {kind} {one}, {kind} poison, <{self.width} x i32> zeroinitializer")
