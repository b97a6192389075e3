"""Nests: elementwise steps of one shape as loops, in whose turns their values stay in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ir.node import Node, value_of
from ...ir.spec import c_strides
from .access import load, load_one, store
from .counting import write_loop
from .elementwise import Elementwise
from .nest_loops import LastTurn, NestLoop
from .operands import is_number, step_name
from .places import Place, collapse
from .registers import Lanes, Lines, Value
from .units import Unit

__all__ = ["Nest"]

WIDTH = 64
"""Bytes of a vector of the widest dtype of a loop: one of AVX-512, two or four of narrower processors."""

FEW = 4
"""Vectors of a row up to which its end is done in the same loop, under a mask."""


class Nest:
    """Writes one. ``steps`` are elementwise and give arrays of ``shape``; ``place`` says where an operand from outside
    is in memory, ``outputs`` where what is needed outside goes."""

    fixed_width = 0
    is_serial = False

    def __init__(
        self, shape: tuple[int, ...], steps: Sequence[tuple[Node, Elementwise]], place: Callable[[Any], Place],
        outputs: dict[Node, Place], results: Callable[[Node], list[Node]] = lambda step: [],
    ) -> None:
        self.steps, self.outputs = steps, outputs
        self.rows = {node: how.rows(place, results(node)) for node, how in steps if type(how) is NestLoop}
        inside = {node for node, _ in steps}
        self.reads: dict[Any, Place] = {}
        for arg in (*[arg for _, how in steps for arg in how.operands], *self.closed()):
            if type(arg) is Node and arg not in inside and not is_number(arg) and arg not in self.reads:
                self.reads[arg] = place(arg).broadcast(shape)
        self.places = [
            *self.reads.values(), *[row.place.broadcast(shape) for rows in self.rows.values() for row in rows],
            *[each.broadcast(shape) for each in outputs.values()], *self.totals()]
        order = self.order_axes(shape)
        ordered = [each.along(order) for each in self.places]
        lengths, self.strides = collapse([shape[axis] for axis in order], [each.strides for each in ordered])
        if not lengths:
            lengths, self.strides = [1], [[0]] * len(self.places)
        sizes = [part_size(each.dtype) for each in self.places]
        sizes += [part_size(np.dtype(char)) for _, how in steps for char in how.chars]
        self.width = self.fixed_width or WIDTH // max(sizes)
        self.lengths = lengths
        self.inner_last()
        self.lines = Lines()
        self.lanes = Lanes(self.lines, self.width)

    def closed(self) -> list[Node]:
        """Values that a reduction closes the nest with."""
        return []

    def totals(self) -> list[Place]:
        """The places of its results."""
        return []

    def order_axes(self, shape: tuple[int, ...]) -> list[int]:
        """The axes from the outermost to the innermost, as the first result lies in memory, or what is read."""
        leading = next(iter([*self.outputs.values(), *[each for each in self.reads.values() if 0 not in each.strides]]),
                       None)
        strides = leading.broadcast(shape).strides if leading is not None else c_strides(shape, 1)
        return sorted(range(len(shape)), key=lambda axis: (-abs(strides[axis]), axis))

    def inner_last(self) -> None:
        """Where the innermost axis is too short for vectors, a long one takes its place."""
        if len(self.lengths) < 2 or self.lengths[-1] >= self.width // 2:
            return
        longest = max(range(len(self.lengths)), key=self.lengths.__getitem__)
        if self.lengths[longest] >= 2 * self.width:
            order = [*[i for i in range(len(self.lengths)) if i != longest], longest]
            self.lengths = [self.lengths[i] for i in order]
            self.strides = [[each[i] for i in order] for each in self.strides]

    def write(self) -> Unit:
        lines = self.lines
        names = lines.load_frame(len(self.places))
        if len(self.lengths) == 1:
            self.row(names, "%start", "%stop", self.lengths[0])
            stop, parallel = self.lengths[0], self.width
        else:
            self.outer(0, names)
            stop, parallel = self.lengths[0], 1
        return Unit(lines.as_unit(), self.touched(), 0, stop, 0 if self.is_serial else parallel, lines, self.about())

    def touched(self) -> list[Place]:
        """The operands, with all that the unit touches: of what has a value for each turn of a loop all turns."""
        turns = [(row, node.function.turns) for node, rows in self.rows.items() for row in rows]
        first = len(self.reads)
        return [
            *self.places[:first],
            *[place.insert(0, count, row.stride) for place, (row, count) in zip(self.places[first:], turns)],
            *self.places[first + len(turns):]]

    def about(self) -> str:
        """What the loops do, for people."""
        return self.tell([step_name(node) for node, _ in self.steps])

    def tell(self, what: list[str]) -> str:
        return f"for {' x '.join(map(str, self.lengths))}, {self.width} at a time: {shortened(what)}"

    def outer(self, axis: int, names: list[str]) -> None:
        """The loops of the axes from ``axis`` on."""
        if axis == len(self.lengths) - 1:
            self.row(names, "0", str(self.lengths[axis]), self.lengths[axis])
            return

        def turn(i: str) -> None:
            self.outer(axis + 1, [self.moved(name, i, each[axis]) for name, each in zip(names, self.strides)])

        start, stop = ("%start", "%stop") if axis == 0 else ("0", str(self.lengths[axis]))
        write_loop(self.lines, start, stop, 1, turn)

    def moved(self, name: str, i: str, stride: int) -> str:
        if stride == 0:
            return name
        offset = self.lines.emit(f"mul i64 {i}, {stride}")
        return self.lines.emit(f"getelementptr i8, ptr {name}, i64 {offset}")

    def row(self, names: list[str], start: str, stop: str, length: int) -> None:
        """The innermost axis, in vectors."""
        known = self.load_fixed(names)
        width, rest = self.width, length % self.width
        if rest and length < FEW * width:
            write_loop(self.lines, start, stop, width, lambda i: self.masked(names, known, i, stop))
            return
        lines = self.lines
        if not rest:
            write_loop(self.lines, start, stop, width, lambda i: self.whole(names, known, i))
            return
        count = lines.emit(f"sub i64 {stop}, {start}")
        whole = lines.emit(f"and i64 {count}, {-width}")
        end = lines.emit(f"add i64 {start}, {whole}")
        number = lines.new("")[1:]
        condition = lines.emit(f"icmp slt i64 {start}, {end}")
        lines.write(f"br i1 {condition}, label %main{number}, label %rest{number}")
        lines.label(f"main{number}", falls_through=False)
        write_loop(self.lines, start, end, width, lambda i: self.whole(names, known, i))
        lines.label(f"rest{number}")
        condition = lines.emit(f"icmp slt i64 {end}, {stop}")
        lines.write(f"br i1 {condition}, label %tail{number}, label %done{number}")
        lines.label(f"tail{number}", falls_through=False)
        self.turn(names, known, end, self.mask(end, stop))
        lines.label(f"done{number}")

    def whole(self, names: list[str], known: dict[Node, Value], i: str) -> None:
        self.turn(names, known, i, None)

    def masked(self, names: list[str], known: dict[Node, Value], i: str, stop: str) -> None:
        self.turn(names, known, i, self.mask(i, stop))

    def mask(self, i: str, stop: str) -> str:
        """Which lanes there are elements for."""
        left = self.lines.emit(f"sub i64 {stop}, {i}")
        kind = f"<{self.width} x i64>"
        one = self.lines.emit(f"insertelement {kind} poison, i64 {left}, i32 0")
        all_ = self.lines.emit(f"shufflevector {kind} {one}, {kind} poison, <{self.width} x i32> zeroinitializer")
        numbers = ", ".join(f"i64 {i}" for i in range(self.width))
        return self.lines.emit(f"icmp slt {kind} <{numbers}>, {all_}")

    def load_fixed(self, names: list[str]) -> dict[Node, Value]:
        """The operands that are the same along the row."""
        return {
            arg: load_one(self.lanes, name, place.dtype.char)
            for (arg, place), name, strides in zip(self.reads.items(), names, self.strides) if strides[-1] == 0
        }

    def turn(self, names: list[str], known: dict[Node, Value], i: str, mask: str | None) -> dict[Node, Value]:
        """One vector: loads, operations, stores. Returns the values."""
        values = dict(known)
        for (arg, place), name, strides in zip(self.reads.items(), names, self.strides):
            if arg not in values:
                values[arg] = load(self.lanes, self.moved(name, i, strides[-1]), strides[-1], place.dtype.char, mask)
        count = len(self.reads)
        for node, how in self.steps:
            if type(how) is NestLoop:
                rows = self.rows[node]
                numbers = {id(row): count + k for k, row in enumerate(rows)}
                count += len(rows)
                how.write(
                    self, values, lambda row, numbers=numbers: self.element(names, numbers[id(row)], i), rows, mask)
            elif type(how) is LastTurn:
                values[node] = how.find(self, values)
            else:
                values[node] = self.compute(how, values)
        for (node, place), name, strides in zip(self.outputs.items(), names[count:], self.strides[count:]):
            value = self.lanes.convert(values[node], place.dtype.char)
            store(self.lanes, value, self.moved(name, i, strides[-1]), strides[-1], mask)
        self.finish_turn(names, values, i, mask)
        return values

    def element(self, names: list[str], number: int, i: str) -> tuple[str, int]:
        """The address of the vector of a turn, and how it moves from lane to lane."""
        stride = self.strides[number][-1]
        return self.moved(names[number], i, stride), stride

    def value(self, arg: Any, values: dict[Node, Value], char: str) -> Value:
        """The value of an operand; of a number in this dtype."""
        return self.lanes.const(value_of(arg), char) if is_number(arg) else values[arg]

    def compute(self, how: Elementwise, values: dict[Node, Value]) -> Value:
        """Write what gives the value of a step."""
        operands = [self.lanes.convert(self.value(arg, values, char), char)
                    for arg, char in zip(how.operands, how.chars)]
        return how.rule(self.lanes, *operands)

    def finish_turn(self, names: list[str], values: dict[Node, Value], i: str, mask: str | None) -> None:
        """What else is done with the values of a turn."""


def part_size(dtype: np.dtype) -> int:
    """Bytes of a number in a lane."""
    return dtype.itemsize // (2 if dtype.kind == "c" else 1)


def shortened(names: list[str]) -> str:
    """The names of steps, the first and the last where they are many."""
    if len(names) > 12:
        names = [*names[:6], f"... {len(names) - 9} more", *names[-3:]]
    return ", ".join(names)
