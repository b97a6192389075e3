"""Closings: nests of loops that end in sums or extrema, whose elements are in no memory.

A sum along the innermost axis is NumPy's pairwise one, to the last bit: of at most 128 numbers in eight parts side by
side, which are the lanes of a vector, and of more as the sum of two halves (``numpy/_core/src/umath``,
``loops_utils.h``). Sums over the other axes are added to element by element.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ir.node import Node
from .access import load, load_one, store
from .counting import write_loop
from .elementwise import Elementwise
from .nest import Nest
from .operands import step_name
from .operations import find_operation
from .places import Place
from .registers import Lanes, Lines, Value

__all__ = ["Closing", "ClosingNest"]

LANES = 8
"""Parts of a pairwise sum."""

LONGEST = 128
"""Numbers that are added up without halving."""


class Closing(NamedTuple):
    """A reduction of ``x``, which has the shape of the nest, by ``ufunc``; ``total`` is the place of the result, seen
    with that shape, and does not move along the reduced axes."""

    step: Node
    x: Node
    ufunc: np.ufunc
    total: Place

    @property
    def char(self) -> str:
        """The dtype of what is reduced; that of ``total`` may be wider."""
        return self.x.spec.dtype.char

    @property
    def neutral(self) -> float:
        return {np.add: -0.0, np.maximum: -math.inf, np.minimum: math.inf}[self.ufunc]


class ClosingNest(Nest):
    """Writes one."""

    fixed_width = LANES

    def __init__(
        self, shape: tuple[int, ...], steps: Sequence[tuple[Node, Elementwise]], place: Callable[[Any], Place],
        outputs: dict[Node, Place], results: Callable[[Node], list[Node]], closings: Sequence[Closing],
    ) -> None:
        self.closings = closings
        super().__init__(shape, steps, place, outputs, results)
        totals = self.strides[len(self.strides) - len(closings):]
        self.of_rows = [each for each, strides in zip(closings, totals) if strides[-1] == 0]
        self.adds = {each for each, strides in zip(closings, totals) if any(
            stride == 0 and length > 1 for stride, length in zip(strides[:-1], self.lengths[:-1]))
            or strides[-1] != 0}
        """Closings that are added to what is there."""
        self.is_serial = any(strides[0] == 0 for strides in totals)

    def closed(self) -> list[Node]:
        return [each.x for each in self.closings]

    def about(self) -> str:
        return self.tell([
            *[step_name(node) for node, _ in self.steps], *[f"{each.ufunc.__name__}.reduce" for each in self.closings]])

    def totals(self) -> list[Place]:
        return [each.total for each in self.closings]

    def address(self, names: list[str], closing: Closing) -> tuple[str, int]:
        """The address of a total, and how it moves along the row."""
        i = len(names) - len(self.closings) + self.closings.index(closing)
        return names[i], self.strides[i][-1]

    def finish_turn(self, names: list[str], values: dict[Node, Value], i: str, mask: str | None) -> None:
        for closing in self.closings:
            name, stride = self.address(names, closing)
            if stride:
                at, char = self.moved(name, i, stride), closing.total.dtype.char
                before = load(self.lanes, at, stride, char, mask)
                after = self.combine(closing, before, self.lanes.convert(values[closing.x], char))
                store(self.lanes, after, at, stride, mask)

    def combine(self, closing: Closing, x: Value, y: Value, lanes: Lanes | None = None) -> Value:
        return find_operation(closing.ufunc, x.char * 2)(lanes or self.lanes, x, y)

    def row(self, names: list[str], start: str, stop: str, length: int) -> None:
        if not self.of_rows:
            super().row(names, start, stop, length)
            return
        if length <= LONGEST and start == "0":
            found = self.leaf(names, "0", str(length), length)
        else:
            count = self.lines.emit(f"sub i64 {stop}, {start}")
            found = self.call_row(names, start, count, length)
        one = Lanes(self.lines, 1)
        for closing, name in zip(self.of_rows, found):
            address, _ = self.address(names, closing)
            char = closing.total.dtype.char
            total = one.convert(Value(name, closing.char), char)
            if closing in self.adds:
                total = self.combine(closing, load_one(one, address, char), total, one)
            elif closing.ufunc is np.add:
                total = self.combine(closing, one.const(0, char), total, one)
            store(one, total, address, 0)

    def call_row(self, names: list[str], start: str, count: str, length: int) -> list[str]:
        """A call of the function for a row of any length."""
        kinds = [Lanes(self.lines, 1).type(each.char) for each in self.of_rows]
        result = "{ " + ", ".join(kinds) + " }"
        outer, self.lines = self.lines, Lines()
        self.lines.declares, self.lines.functions = outer.declares, outer.functions
        self.lanes = Lanes(self.lines, self.width)
        inner = [f"%p{i}" for i in range(len(names))]
        body = self.row_body(inner, length, result)
        self.lines, self.lanes = outer, Lanes(outer, self.width)
        function = "row." + hashlib.sha256(body.encode()).hexdigest()[:16]
        parameters = ", ".join([*(f"ptr {name}" for name in inner), "i64 %start", "i64 %n"])
        outer.functions[function] = f'define internal {result} @"{function}"({parameters}) {{\n{body}\n}}'.replace(
            "@SELF", f'@"{function}"')
        arguments = ", ".join([*(f"ptr {name}" for name in names), f"i64 {start}", f"i64 {count}"])
        found = self.lines.emit(f'call {result} @"{function}"({arguments})')
        return [self.lines.emit(f"extractvalue {result} {found}, {i}") for i in range(len(kinds))]

    def row_body(self, names: list[str], length: int, result: str) -> str:
        """The sum of two halves, or of few numbers."""
        lines, one = self.lines, Lanes(self.lines, 1)
        parameters = ", ".join(f"ptr {name}" for name in names)
        few = lines.emit(f"icmp sle i64 %n, {LONGEST}")
        lines.write(f"br i1 {few}, label %leaf, label %halves")
        lines.label("halves", falls_through=False)
        half = lines.emit("lshr i64 %n, 1")
        first = lines.emit(f"and i64 {half}, {-LANES}")
        left = lines.emit(f"call {result} @SELF({parameters}, i64 %start, i64 {first})")
        middle, rest = lines.emit(f"add i64 %start, {first}"), lines.emit(f"sub i64 %n, {first}")
        right = lines.emit(f"call {result} @SELF({parameters}, i64 {middle}, i64 {rest})")
        sums = []
        for i, closing in enumerate(self.of_rows):
            char = closing.char
            parts = [Value(lines.emit(f"extractvalue {result} {each}, {i}"), char) for each in (left, right)]
            sums.append(self.combine(closing, *parts, one).name)
        self.give(result, sums)
        lines.label("leaf", falls_through=False)
        self.give(result, self.leaf(names, "%start", "%n", length))
        return "\n".join(lines.lines)

    def give(self, result: str, names: list[str]) -> None:
        value = "poison"
        for i, (closing, name) in enumerate(zip(self.of_rows, names)):
            kind = Lanes(self.lines, 1).type(closing.char)
            value = self.lines.emit(f"insertvalue {result} {value}, {kind} {name}, {i}")
        self.lines.write(f"ret {result} {value}")

    def leaf(self, names: list[str], start: str, count: str, length: int) -> list[str]:
        """The sums of few numbers; their count has the remainder by eight of ``length``."""
        lines, rest = self.lines, length % LANES
        known = self.load_fixed(names)
        kinds = [self.lanes.type(each.char) for each in self.of_rows]
        first = [self.lanes.const(each.neutral, each.char).name for each in self.of_rows]
        stop = lines.emit(f"add i64 {start}, {count}")
        if length < LANES:
            return self.tail(names, known, start, stop, rest, [
                Lanes(lines, 1).const(each.neutral, each.char).name for each in self.of_rows])

        def turn(i: str, *sums: str) -> list[str]:
            values = self.turn(names, known, i, None)
            return [self.combine(each, Value(name, each.char), values[each.x]).name
                    for each, name in zip(self.of_rows, sums)]

        whole = lines.emit(f"and i64 {count}, {-LANES}")
        end = lines.emit(f"add i64 {start}, {whole}")
        lanes = write_loop(lines, start, end, LANES, turn, list(zip(kinds, first)))
        sums = [self.across(each, name) for each, name in zip(self.of_rows, lanes)]
        return self.tail(names, known, end, stop, rest, sums) if rest else sums

    def across(self, closing: Closing, name: str) -> str:
        """The lanes in one: neighbours, then neighbours of these."""
        char, width = closing.char, LANES
        while width > 1:
            kind = Lanes(self.lines, width).type(char)
            halves = []
            for offset in (0, 1):
                places = ", ".join(f"i32 {i}" for i in range(offset, width, 2))
                halves.append(self.lines.emit(
                    f"shufflevector {kind} {name}, {kind} poison, <{width // 2} x i32> <{places}>"))
            width //= 2
            lanes = Lanes(self.lines, width)
            if width == 1:
                kind = f"<1 x {lanes.type(char)}>"
                halves = [self.lines.emit(f"extractelement {kind} {each}, i32 0") for each in halves]
            name = self.combine(closing, Value(halves[0], char), Value(halves[1], char), lanes).name
        return name

    def tail(
        self, names: list[str], known: dict[Node, Value], start: str, stop: str, rest: int, sums: list[str],
    ) -> list[str]:
        """The sums with the last few numbers, one after the other."""
        lines = self.lines
        number = lines.new("")[1:]
        is_some = lines.emit(f"icmp slt i64 {start}, {stop}")
        lines.label(f"before{number}")
        lines.write(f"br i1 {is_some}, label %few{number}, label %none{number}")
        lines.label(f"few{number}", falls_through=False)
        values = self.turn(names, known, start, self.mask(start, stop))
        one = Lanes(lines, 1)
        longer = []
        for closing, name in zip(self.of_rows, sums):
            char = closing.char
            total, kind = Value(name, char), self.lanes.type(char)
            for i in range(rest):
                each = lines.emit(f"extractelement {kind} {values[closing.x].name}, i32 {i}")
                total = self.combine(closing, total, Value(each, char), one)
            longer.append(total.name)
        lines.label(f"last{number}")
        lines.label(f"none{number}")
        found = []
        for closing, name, other in zip(self.of_rows, sums, longer):
            kind = one.type(closing.char)
            found.append(lines.emit(f"phi {kind} [ {name}, %before{number} ], [ {other}, %last{number} ]"))
        return found
