"""Searching: where numbers stand among others that are in order, by halving, a vector of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...ir.node import Node, spec_at
from .access import load_one
from .alone import alone, in_memory
from .elementwise import Elementwise
from .indexed import gather, stand_in
from .nest import Nest
from .operations import find_operation
from .places import Place
from .registers import Lanes, Value

if TYPE_CHECKING:
    from .translate import Translator

__all__: list[str] = []


class Search(Nest):
    """Writes how many of the numbers in ``table`` come before each key: those that are less, or also equal ones
    (``is_right``). NaN is the largest, as where NumPy sorts."""

    def __init__(self, table: Place, keys: Place, target: Place, is_right: bool) -> None:
        key, found = stand_in(), stand_in()
        self.table, self.numbers, self.is_right = stand_in(), table, is_right
        places = {key: keys, self.table: table._replace(shape=(), strides=())}
        how = Elementwise((key,), table.dtype.char, self.search)
        super().__init__(target.shape, [(found, how)], places.__getitem__, {found: target})

    def closed(self) -> list[Node]:
        return [self.table]

    def about(self) -> str:
        return self.tell([f"search among {self.numbers.size}"])

    def turn(self, names: list[str], known: dict[Node, Value], i: str, mask: str | None) -> dict[Node, Value]:
        self.address = names[list(self.reads).index(self.table)]
        return super().turn(names, known, i, mask)

    def search(self, lanes: Lanes, key: Value) -> Value:
        count, stride = self.numbers.size, self.numbers.strides[0]
        place, step = lanes.const(0, "l"), 1 << (count.bit_length() - 1)
        while step:
            candidate = lanes.op("add", place, lanes.const(step, "l"))
            is_inside = lanes.compare("sle", candidate, lanes.const(count, "l"))
            last = lanes.select(is_inside, lanes.op("add", candidate, lanes.const(-1, "l")), lanes.const(0, "l"))
            x = self.element(lanes, lanes.op("mul", last, lanes.const(stride, "l")), key.char)
            if self.is_right:
                comes = find_operation(np.logical_not, "?")(lanes, less(lanes, key, x))
            else:
                comes = less(lanes, x, key)
            place = lanes.select(lanes.op("and", is_inside, comes), candidate, place)
            step //= 2
        return place

    def element(self, lanes: Lanes, offsets: Value, char: str) -> Value:
        if lanes.width == 1:
            return load_one(lanes, lanes.lines.emit(f"getelementptr i8, ptr {self.address}, i64 {offsets.name}"), char)
        return gather(lanes, self.address, offsets, char, None)


def less(lanes: Lanes, x: Value, y: Value) -> Value:
    """Whether a number comes before another."""
    smaller = find_operation(np.less, x.char * 2)(lanes, x, y)
    if x.char not in "fd":
        return smaller
    is_nan, other = (find_operation(np.isnan, each.char)(lanes, each) for each in (y, x))
    return lanes.op("or", smaller, lanes.op("and", is_nan, find_operation(np.logical_not, "?")(lanes, other)))


def is_search(step: Node) -> bool:
    table, keys = map(spec_at, step.args) if len(step.args) == 2 else (None, None)
    return (table is not None and table.is_array and table.ndim == 1 and table.size > 0 and not keys.items
            and keys.dtype == table.dtype and table.dtype.char in "fdlq" and keys.size > 0
            and step.kwargs.get("side", "left") in ("left", "right") and step.spec.dtype == np.int64)


@alone(np.searchsorted, when=is_search, own_only=True, keywords=("side",))
def search(translator: Translator, step: Node) -> None:
    """Of numbers that are not in order NumPy finds other places."""
    char = spec_at(step.args[0]).dtype.char
    table, keys = (in_memory(translator, arg, char) for arg in step.args)
    is_right = step.kwargs.get("side") == "right"
    translator.call(Search(table, keys, translator.allocate(step), is_right).write())
