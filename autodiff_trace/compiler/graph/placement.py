"""Placement: where the boxes of a picture stand. Each part of the program is a column of its own, the function from top
to bottom, its backward pass beside it from bottom to top, so that a step and its rule are neighbours."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .boxes import Box

__all__ = ["Bend", "Column", "arrange", "letters"]

LETTER, LINE, INSET = 6.7, 14, 12
"""Of texts: the width of a letter, the height of a line, and what is left free around them."""

BETWEEN, BESIDE_BENDS = 26, 12
"""What is left free between boxes of a row, and beside lines that pass."""

MOST_ROWS = 18
"""Rows of a column; a longer part goes on in the next one."""

MOST_PARTS = 6
"""Of more parts there is one column, or as many as its rows need."""

SWEEPS = 6


class Bend:
    """Where a line passes a row of boxes."""

    turns = 0


@dataclass(eq=False)
class Column:
    """A part of the program, or as much of it as fits.

    Attributes:
        upward: whether the flow in it is from the bottom to the top.
        rows: by number what stands there from left to right, boxes and bends.
        lines: from a box through bends to another, a row further each.
        middle: where each of them stands, from the left of the column.
        width: its own.
    """

    upward: bool
    rows: dict[int, list]
    lines: list[list]
    middle: dict[Box | Bend, float]
    width: float = 0.0


def letters(text: str) -> int:
    """How wide a text is, in letters: some take the place of two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def width_of(each: Box | Bend) -> float:
    if type(each) is Bend:
        return 0.0
    return max(map(letters, [*each.texts, *each.results])) * LETTER + 2 * INSET


def height_of(box: Box) -> float:
    return (len(box.texts) + len(box.results)) * LINE + INSET


def arrange(boxes: Sequence[Box]) -> list[Column]:
    """The columns, from left to right."""
    if len({box.part for box in boxes}) > MOST_PARTS:
        for box in boxes:
            box.part = 0
    parts: dict[int, list[Box]] = {}
    for box in sorted(boxes, key=lambda box: box.part):
        parts.setdefault(box.part, []).append(box)
    upward = {part: part > 0 and any(box.kind == "backward" for box in each) for part, each in parts.items()}
    alone = {part: from_zero(find_depths(each, {})) for part, each in parts.items()}
    if all(max(each.values()) < MOST_ROWS for each in alone.values()):
        return [make_column(upward[part], rows) for part, rows in beside(parts, upward).items()]
    columns = []
    for part, depths in alone.items():
        for first in range(0, max(depths.values()) + 1, MOST_ROWS):
            own = {box: depth - first for box, depth in depths.items() if first <= depth < first + MOST_ROWS}
            rows = {box: MOST_ROWS - 1 - row if upward[part] else row for box, row in own.items()}
            columns.append(make_column(upward[part], rows))
    return columns


def find_depths(boxes: list[Box], floors: dict[Box, int]) -> dict[Box, int]:
    """How far the boxes of a part are down its flow: what reads values of other parts, and what follows from it, as
    soon as it can, but not above its floor; else right before the first use."""
    soonest: dict[Box, int] = {}
    depths: dict[Box, int] = {}
    users: dict[Box, list[Box]] = {}
    for box in boxes:
        soonest[box] = max([soonest[each] + 1 for each in box.operands if each in soonest], default=0)
        known = [depths[each] + 1 for each in box.operands if each in depths]
        if known or box in floors:
            depths[box] = max([*known, *([floors[box]] if box in floors else ())])
        for each in box.operands:
            users.setdefault(each, []).append(box)
    last = max(depths.values() or soonest.values())
    for box in reversed(boxes):
        if box not in depths:
            end = soonest[box] if box.kind == "guard" else last
            depths[box] = min([depths[user] - 1 for user in users.get(box, ())], default=end)
    return depths


def from_zero(rows: dict[Box, int]) -> dict[Box, int]:
    least = min(rows.values(), default=0)
    return {box: row - least for box, row in rows.items()}


def beside(parts: dict[int, list[Box]], upward: dict[int, bool]) -> dict[int, dict[Box, int]]:
    """The rows of the boxes of each part, next to those of the values from other parts that they read."""
    found: dict[Box, int] = {}
    for part, boxes in parts.items():
        sign = -1 if upward[part] else 1
        given = {box: [sign * found[each] for each in box.operands if each in found] for box in boxes}
        depths = find_depths(boxes, {box: max(rows) for box, rows in given.items() if rows})
        found.update({box: sign * depth for box, depth in depths.items()})
    found = from_zero(found)
    return {part: {box: found[box] for box in boxes} for part, boxes in parts.items()}


def make_column(upward: bool, rows_of: dict[Box, int]) -> Column:
    """The column in which boxes stand in these rows."""
    rows: dict[int, list] = {row: [] for row in range(min(rows_of.values()), max(rows_of.values()) + 1)}
    for box, row in rows_of.items():
        rows[row].append(box)
    step = -1 if upward else 1
    bends: dict[tuple[Box, int], Bend] = {}
    lines = []
    for box, row in rows_of.items():
        for operand in box.operands:
            if operand in rows_of:
                line: list = [operand]
                for between in range(rows_of[operand] + step, row, step):
                    if (operand, between) not in bends:
                        bends[operand, between] = Bend()
                        rows[between].append(bends[operand, between])
                    line.append(bends[operand, between])
                lines.append([*line, box])
    column = Column(upward, rows, lines, {})
    order = list(rows)[::step]
    before, after = find_neighbours(lines)
    for row in order:
        spread(column, row, dict.fromkeys(rows[row], 0.0))
    for sweep in range(SWEEPS):
        near = after if sweep % 2 else before
        for row in order[::-1] if sweep % 2 else order:
            wanted = wanted_places(column, row, near)
            rows[row].sort(key=wanted.__getitem__)
            spread(column, row, wanted)
    both = {each: before.get(each, []) + after.get(each, []) for row in order for each in rows[row]}
    for row in order:
        spread(column, row, wanted_places(column, row, both))
    left = min(middle - width_of(each) / 2 for each, middle in column.middle.items())
    column.middle = {each: middle - left for each, middle in column.middle.items()}
    column.width = max(middle + width_of(each) / 2 for each, middle in column.middle.items())
    return column


def find_neighbours(lines: list[list]) -> tuple[dict, dict]:
    """What stands before each on the lines, and what behind it."""
    before: dict = {}
    after: dict = {}
    for one, other in dict.fromkeys(pair for line in lines for pair in zip(line, line[1:])):
        before.setdefault(other, []).append(one)
        after.setdefault(one, []).append(other)
    return before, after


def weight_of(each: Box | Bend) -> float:
    """How much its place counts beside those of others: inputs go out of the way, so that chains are straight."""
    return 0.02 if type(each) is Box and each.is_source else 1.0


def wanted_places(column: Column, row: int, near: dict) -> dict:
    """For what is in a row the middle of its neighbours; its own place if there are none."""
    wanted = {}
    for each in column.rows[row]:
        total = weights = 0.0
        for other in near.get(each, ()):
            total += weight_of(other) * column.middle[other]
            weights += weight_of(other)
        wanted[each] = total / weights if weights else column.middle[each]
    return wanted


def spread(column: Column, row: int, wanted: dict) -> None:
    """Set what is in a row, in its order, as near to the places that are wanted as the widths allow: the least sum of
    squares (by pooling of adjacent violators)."""
    each = column.rows[row]
    offsets, at = [], 0.0
    for i, one in enumerate(each):
        if i:
            gap = BETWEEN if type(one) is Box and type(each[i - 1]) is Box else BESIDE_BENDS
            at += (width_of(each[i - 1]) + width_of(one)) / 2 + gap
        offsets.append(at)
    pools: list[tuple[float, float, int]] = []  # of what has been moved together the mean, the weight and how many
    for one, offset in zip(each, offsets):
        value, weight, count = wanted[one] - offset, weight_of(one), 1
        while pools and pools[-1][0] > value:
            other, more, others = pools.pop()
            value = (value * weight + other * more) / (weight + more)
            weight, count = weight + more, count + others
        pools.append((value, weight, count))
    values = [value for value, _, count in pools for _ in range(count)]
    column.middle.update({one: value + offset for one, value, offset in zip(each, values, offsets)})
