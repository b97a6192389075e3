"""Indexed nests: loops that read or write elements at places that numbers in memory say, and the check of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...ir.node import Node
from .access import from_memory, held, load, load_one, memory_suffix, store
from .elementwise import Elementwise
from .nest import Nest
from .places import Place
from .registers import PARTS, Lanes, Value
from .selection import Selection

__all__ = ["Bounds", "Gather", "ScatterNest", "gather", "note_truth", "stand_in"]


def stand_in() -> Node:
    return Node(None, (), {}, None, "", "input")


class Bounds(Nest):
    """Checks that all numbers at ``place`` are indices of an axis of ``length``, which may be negative where they are
    ``signed``: clears the byte at ``flag`` if not."""

    is_serial = True

    def __init__(self, place: Place, length: int, flag: Place, signed: bool = True) -> None:
        self.x, self.first, self.count = stand_in(), length if signed else 0, 2 * length if signed else length
        self.flag = flag._replace(shape=place.shape, strides=(0,) * len(place.shape))
        super().__init__(place.shape, [], lambda node: place, {})

    def closed(self) -> list[Node]:
        return [self.x]

    def totals(self) -> list[Place]:
        return [self.flag]

    def finish_turn(self, names: list[str], values: dict[Node, Value], i: str, mask: str | None) -> None:
        lanes = self.lanes
        shifted = lanes.op("add", lanes.convert(values[self.x], "l"), lanes.const(self.first, "l"))
        inside = lanes.compare("ult", shifted, lanes.const(self.count, "l"))
        note_truth(lanes, inside, names[-1])

    def about(self) -> str:
        return self.tell(["check of indices"])


def note_truth(lanes: Lanes, truth: Value, address: str, adds: bool = True) -> None:
    """Write whether all lanes are True into a byte, and, where it ``adds``, whether it was True before."""
    lines, name = lanes.lines, truth.name
    if lanes.width > 1:
        kind = lanes.of("i1")
        function = f"@llvm.vector.reduce.and.v{lanes.width}i1"
        lines.declares.add(f"declare i1 {function}({kind})")
        name = lines.emit(f"call i1 {function}({kind} {name})")
    one, found = Lanes(lines, 1), Value(name, "?")
    store(one, one.op("and", load_one(one, address, "?"), found) if adds else found, address, 0)


class Indexed(Nest):
    """A nest with one operand, ``at``, whose elements are at the places that a selection says; ``numbers`` are those
    of its index, ``wraps`` whether some may be negative."""

    def __init__(
        self, selection: Selection, numbers: Sequence[Place], steps: Sequence[tuple[Node, Elementwise]],
        places: dict[Node, Place], outputs: dict[Node, Place], at: Node, wraps: Sequence[bool],
    ) -> None:
        self.selection, self.at, self.wraps = selection, at, wraps
        self.indices = [stand_in() for _ in numbers]
        places = {**places, **dict(zip(self.indices, map(selection.numbers_place, numbers))), at: selection.place}
        super().__init__(selection.place.shape, steps, places.__getitem__, outputs)

    def closed(self) -> list[Node]:
        return [self.at, *self.indices]

    def load_fixed(self, names: list[str]) -> dict[Node, Value]:
        return {}

    def row(self, names: list[str], start: str, stop: str, length: int) -> None:
        """The numbers that are the same along a row move the whole of it."""
        names = list(names)
        reads = list(self.reads)
        one, at = Lanes(self.lines, 1), reads.index(self.at)
        for node, wraps, each in zip(self.indices, self.wraps, self.selection.numbers):
            i = reads.index(node)
            if not self.strides[i][-1]:
                x = one.convert(load_one(one, names[i], self.reads[node].dtype.char), "l")
                names[at] = self.moved(names[at], wrapped(one, x, each.length, wraps).name, each.stride)
        super().row(names, start, stop, length)

    def turn(self, names: list[str], known: dict[Node, Value], i: str, mask: str | None) -> dict[Node, Value]:
        lanes, reads = self.lanes, list(self.reads)
        values = dict(known)
        offsets = None
        for node, wraps, each in zip(self.indices, self.wraps, self.selection.numbers):
            k = reads.index(node)
            stride = self.strides[k][-1]
            values[node] = lanes.const(0, "l")
            if stride:
                x = load(lanes, self.moved(names[k], i, stride), stride, self.reads[node].dtype.char, mask)
                x = wrapped(lanes, lanes.convert(x, "l"), each.length, wraps)
                offset = lanes.op("mul", x, lanes.const(each.stride, "l"))
                offsets = offset if offsets is None else lanes.op("add", offsets, offset)
        k = reads.index(self.at)
        self.stride = self.strides[k][-1]
        self.address, self.offsets = self.moved(names[k], i, self.stride), offsets
        values[self.at] = self.load_at(self.reads[self.at].dtype.char, mask)
        return super().turn(names, values, i, mask)

    def load_at(self, char: str, mask: str | None) -> Value:
        """The elements of a turn."""
        lanes = self.lanes
        if self.offsets is None:
            return load(lanes, self.address, self.stride, char, mask)
        if self.width == 1:
            address = self.lines.emit(f"getelementptr i8, ptr {self.address}, i64 {self.offsets.name}")
            return load_one(lanes, address, char)
        offsets = self.offsets
        if self.stride:
            numbers = ", ".join(f"i64 {n * self.stride}" for n in range(self.width))
            offsets = lanes.op("add", offsets, Value(f"<{numbers}>", "l"))
        return gather(lanes, self.address, offsets, char, mask)


def wrapped(lanes: Lanes, x: Value, length: int, wraps: bool) -> Value:
    """Negative numbers count from the end."""
    if not wraps:
        return x
    shifted = lanes.op("add", x, lanes.const(length, "l"))
    return lanes.select(lanes.compare("slt", x, lanes.const(0, "l")), shifted, x)


def gather(lanes: Lanes, address: str, offsets: Value, char: str, mask: str | None) -> Value:
    """The numbers that are so many bytes from an address."""
    lines = lanes.lines
    if char in PARTS:
        part = PARTS[char]
        second = lines.emit(f"getelementptr i8, ptr {address}, i64 {np.dtype(part).itemsize}")
        return Value(tuple([gather(lanes, each, offsets, part, mask).name for each in (address, second)]), char)
    where = lines.emit(f"getelementptr i8, ptr {address}, {lanes.type('l')} {offsets.name}")
    kind, pointers, bits = lanes.of(held(char)), lanes.of("ptr"), lanes.of("i1")
    function = f"@llvm.masked.gather.{memory_suffix(lanes, char)}.v{lanes.width}p0"
    lines.declares.add(f"declare {kind} {function}({pointers}, i32, {bits}, {kind})")
    align = np.dtype(char).itemsize
    text = (f"call {kind} {function}({pointers} {where}, i32 {align}, {bits} {mask or 'splat (i1 true)'}, "
            f"{kind} zeroinitializer)")
    return from_memory(lanes, lines.emit(text), char)


class Gather(Indexed):
    """Copies the elements of a selection to ``target``."""

    def __init__(self, selection: Selection, numbers: Sequence[Place], target: Place, wraps: Sequence[bool]) -> None:
        source, copied = stand_in(), stand_in()
        step = copied, Elementwise((source,), selection.place.dtype.char, lambda lanes, x: x)
        super().__init__(selection, numbers, [step], {}, {copied: target}, source, wraps)

    def about(self) -> str:
        return self.tell(["gather"])


class ScatterNest(Indexed):
    """Writes ``piece`` at the elements of a selection, one after the other: ``combine(lanes, before, x)``, or the
    elements as they are."""

    is_serial = True

    def __init__(
        self, selection: Selection, numbers: Sequence[Place], piece: Place, combine: Callable | None,
        wraps: Sequence[bool],
    ) -> None:
        self.piece, target, self.combine = stand_in(), stand_in(), combine
        shape = selection.place.shape
        self.order = [*selection.axes, *sorted(
            set(range(len(shape))) - set(selection.axes), key=lambda axis: -abs(selection.place.strides[axis]))]
        long = [axis for axis in self.order if shape[axis] != 1]
        if not long or long[-1] in selection.axes:
            self.fixed_width = 1
        super().__init__(selection, numbers, [], {self.piece: piece.broadcast(shape)}, {}, target, wraps)

    def closed(self) -> list[Node]:
        return [*super().closed(), self.piece]

    def about(self) -> str:
        return self.tell(["scatter"])

    def order_axes(self, shape: tuple[int, ...]) -> list[int]:
        return self.order

    def inner_last(self) -> None:
        """Nothing: numbers are dealt with in their order."""

    def finish_turn(self, names: list[str], values: dict[Node, Value], i: str, mask: str | None) -> None:
        x = self.lanes.convert(values[self.piece], self.reads[self.at].dtype.char)
        if self.combine is not None:
            x = self.combine(self.lanes, values[self.at], x)
        address = self.address
        if self.offsets is not None:
            address = self.lines.emit(f"getelementptr i8, ptr {address}, i64 {self.offsets.name}")
        store(self.lanes, x, address, self.stride, mask)
