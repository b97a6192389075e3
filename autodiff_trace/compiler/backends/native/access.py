"""Access: loads and stores of lanes, next to one another in memory or not, all of them or those of a mask."""

from __future__ import annotations

import numpy as np

from .registers import PARTS, TYPES, Lanes, Value

__all__ = ["load", "load_one", "store"]

HELD = {"?": "i8"}
"""LLVM's types in memory where they are not those in registers."""


def held(char: str) -> str:
    return HELD.get(char, TYPES.get(char, ""))


def from_memory(lanes: Lanes, name: str, char: str) -> Value:
    if char != "?":
        return Value(name, char)
    kind = lanes.of("i8")
    zero = "0" if lanes.width == 1 else "zeroinitializer"
    return Value(lanes.lines.emit(f"icmp ne {kind} {name}, {zero}"), char)


def to_memory(lanes: Lanes, x: Value) -> str:
    if x.char != "?":
        return x.name
    return lanes.lines.emit(f"zext {lanes.of('i1')} {x.name} to {lanes.of('i8')}")


def load_one(lanes: Lanes, address: str, char: str) -> Value:
    """One number, in all lanes."""
    if char in PARTS:
        part = PARTS[char]
        second = lanes.lines.emit(f"getelementptr i8, ptr {address}, i64 {np.dtype(part).itemsize}")
        return Value((load_one(lanes, address, part).name, load_one(lanes, second, part).name), char)
    align = np.dtype(char).itemsize
    one = Lanes(lanes.lines, 1)
    value = from_memory(one, lanes.lines.emit(f"load {held(char)}, ptr {address}, align {align}"), char)
    return Value(lanes.splat(value.name, char), char)


def load(lanes: Lanes, address: str, stride: int, char: str, mask: str | None = None) -> Value:
    """As many numbers as there are lanes, ``stride`` bytes from one another. Lanes that are off the mask get the number
    of the first, so that what is computed of them raises no flags of its own."""
    if stride == 0 or lanes.width == 1:
        return load_one(lanes, address, char)
    lines = lanes.lines
    if char in PARTS:
        part = PARTS[char]
        second = lines.emit(f"getelementptr i8, ptr {address}, i64 {np.dtype(part).itemsize}")
        return Value(tuple([load(lanes, each, stride, part, mask).name for each in (address, second)]), char)
    align, kind = np.dtype(char).itemsize, lanes.of(held(char))
    if stride == align and mask is None:
        name = lines.emit(f"load {kind}, ptr {address}, align {align}")
    elif stride == -align and mask is None:
        first = lines.emit(f"getelementptr i8, ptr {address}, i64 {(1 - lanes.width) * align}")
        name = turned_round(lanes, kind, lines.emit(f"load {kind}, ptr {first}, align {align}"))
    else:
        function, pointer, where = masked(lanes, char, address, stride, "load", "gather")
        bits, used = lanes.of("i1"), mask or "splat (i1 true)"
        lines.declares.add(f"declare {kind} {function}({pointer}, i32, {bits}, {kind})")
        text = f"call {kind} {function}({pointer} {where}, i32 {align}, {bits} {used}, {kind} zeroinitializer)"
        name = lines.emit(text)
    if mask is not None:
        first = lines.emit(
            f"shufflevector {kind} {name}, {kind} poison, <{lanes.width} x i32> zeroinitializer")
        name = lines.emit(f"select {lanes.of('i1')} {mask}, {kind} {name}, {kind} {first}")
    return from_memory(lanes, name, char)


def turned_round(lanes: Lanes, kind: str, name: str) -> str:
    """A vector with its lanes in reverse order."""
    order = ", ".join(f"i32 {i}" for i in reversed(range(lanes.width)))
    return lanes.lines.emit(f"shufflevector {kind} {name}, {kind} poison, <{lanes.width} x i32> <{order}>")


def memory_suffix(lanes: Lanes, char: str) -> str:
    kind = {"float": "f32", "double": "f64"}.get(held(char), held(char))
    return f"v{lanes.width}{kind}"


def masked(lanes: Lanes, char: str, address: str, stride: int, near: str, apart: str) -> tuple[str, str, str]:
    """LLVM's function for lanes under a mask, ``near`` where they are next to one another, else ``apart``; the type of
    the pointer that it takes, or of the pointers, and their name."""
    suffix = memory_suffix(lanes, char)
    if stride == np.dtype(char).itemsize:
        return f"@llvm.masked.{near}.{suffix}.p0", "ptr", address
    return f"@llvm.masked.{apart}.{suffix}.v{lanes.width}p0", lanes.of("ptr"), addresses(lanes, address, stride)


def addresses(lanes: Lanes, address: str, stride: int) -> str:
    offsets = ", ".join(f"i64 {i * stride}" for i in range(lanes.width))
    return lanes.lines.emit(f"getelementptr i8, ptr {address}, <{lanes.width} x i64> <{offsets}>")


def store(lanes: Lanes, x: Value, address: str, stride: int, mask: str | None = None) -> None:
    """Write lanes, those of the mask."""
    lines = lanes.lines
    if x.char in PARTS:
        part = PARTS[x.char]
        second = lines.emit(f"getelementptr i8, ptr {address}, i64 {np.dtype(part).itemsize}")
        for each, to in zip(lanes.parts(x), (address, second)):
            store(lanes, each, to, stride, mask)
        return
    align, kind = np.dtype(x.char).itemsize, lanes.of(held(x.char))
    name = to_memory(lanes, x)
    if lanes.width == 1 or stride == align and mask is None:
        lines.write(f"store {kind} {name}, ptr {address}, align {align}")
        return
    if stride == -align and mask is None:
        first = lines.emit(f"getelementptr i8, ptr {address}, i64 {(1 - lanes.width) * align}")
        lines.write(f"store {kind} {turned_round(lanes, kind, name)}, ptr {first}, align {align}")
        return
    function, pointer, where = masked(lanes, x.char, address, stride, "store", "scatter")
    bits, used = lanes.of("i1"), mask or "splat (i1 true)"
    lines.declares.add(f"declare void {function}({kind}, {pointer}, i32, {bits})")
    lines.write(f"call void {function}({kind} {name}, {pointer} {where}, i32 {align}, {bits} {used})")
