"""Shared sums: pairwise sums of long rows, as parts that several threads work on, and the sum of the parts.

The parts are those of NumPy's halving, so that the sum is the same to the last bit, however many threads there are.
"""

from __future__ import annotations

import numpy as np

from .access import load_one, store
from .closing import LANES, ClosingNest
from .counting import write_loop
from .places import Place
from .registers import Lanes, Lines, Value
from .units import Unit

__all__ = ["is_shared", "split", "write_shared", "write_total"]

LONG = 2**17
"""Elements of a row from which on threads may share it."""

PART = 2**15
"""Elements of a part, more or less."""


def is_shared(nest: ClosingNest) -> bool:
    """Whether a nest is one long row, of which only sums are left."""
    return len(nest.lengths) == 1 and len(nest.of_rows) == len(nest.closings) > 0 and nest.lengths[0] >= LONG


def split(length: int) -> np.ndarray:
    """Where the parts of a row begin, and the last one ends: halves, halves of these … of a multiple of eight.

    >>> split(2**17).tolist()
    [0, 32768, 65536, 98304, 131072]
    """
    parts = [length]
    while parts[-1] >= 2 * PART:
        parts = [part for each in parts for part in (each // 2 & -LANES, each - (each // 2 & -LANES))]
    return np.cumsum([0, *parts])


def write_shared(nest: ClosingNest, table: Place, partials: list[Place]) -> Unit:
    """The unit that writes the sums of the parts from ``start`` to ``stop``."""
    lines, count = nest.lines, len(nest.places)
    names = lines.load_frame(count + 1 + len(partials))
    one = Lanes(lines, 1)

    def turn(i: str) -> None:
        bounds = []
        for offset in (0, 1):
            address = lines.emit(f"getelementptr i64, ptr {names[count]}, i64 {i}")
            address = lines.emit(f"getelementptr i64, ptr {address}, i64 {offset}")
            bounds.append(lines.emit(f"load i64, ptr {address}"))
        length = lines.emit(f"sub i64 {bounds[1]}, {bounds[0]}")
        found = nest.call_row(names[:count], bounds[0], length, nest.lengths[0])
        for closing, name, start, place in zip(nest.of_rows, found, names[count + 1:], partials):
            store(one, Value(name, closing.char), nest.moved(start, i, place.strides[0]), 0)

    write_loop(lines, "%start", "%stop", 1, turn)
    about = f"in {partials[0].size} parts: {nest.about()}"
    return Unit(lines.as_unit(), [*nest.touched(), table, *partials], 0, partials[0].size, 1, lines, about)


def write_total(nest: ClosingNest, partials: list[Place]) -> Unit:
    """The unit that adds up the sums of the parts: halves first."""
    lines = nest.lines = Lines()
    one = Lanes(lines, 1)
    names = lines.load_frame(2 * len(partials))
    for closing, place, source, target in zip(nest.of_rows, partials, names, names[len(partials):]):
        char = closing.char
        values = []
        for offset in place.elements():
            values.append(load_one(one, nest.moved(source, str(1), offset), char))
        while len(values) > 1:
            values = [nest.combine(closing, x, y, one) for x, y in zip(values[::2], values[1::2])]
        total = values[0]
        if closing.ufunc is np.add:
            total = nest.combine(closing, one.const(0, char), total, one)
        store(one, total, target, 0)
    return Unit(lines.as_unit(), [*partials, *[each.total for each in nest.of_rows]], 0, 1, 0, lines,
                "the sum of the parts")
