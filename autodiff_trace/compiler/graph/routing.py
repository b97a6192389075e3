"""Routing: the lines of a picture. Those within a column go from row to row; those from one column to another leave a
box at its side, and go along the channels between rows and the gutters between columns: none passes a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .boxes import Box
from .placement import Column, height_of, width_of

__all__ = ["Layout", "Line", "lay_out"]

MARGIN, TRACK, STUB = 14, 6, 9
"""Around everything; between lines that run side by side; from the side of a box to where a line turns."""

CHANNEL = 26
"""The height that is free between rows, at least."""

GUTTER = 34
"""The width between columns, at least."""


@dataclass
class Line:
    """A line, by its corners, with its arrow at the last one. One that ``is_smooth`` goes straight from the first to
    the second, curves to the third, and so on: rows are passed straight, channels in curves."""

    points: list[tuple[float, float]]
    is_smooth: bool
    source: Box
    target: Box


@dataclass
class Layout:
    """Where everything is.

    Attributes:
        places: of each box its left, top, width and height.
        columns: of each column its left and its width.
        top: where the columns begin.
        width, height: of it all.
    """

    width: float = 0.0
    height: float = 0.0
    top: float = 0.0
    places: dict[Box, tuple[float, float, float, float]] = field(default_factory=dict)
    columns: list[tuple[float, float]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@dataclass(eq=False)
class Route:
    """From a column to a later one: the channels that it takes at either end; None where the way is free."""

    source: Box
    target: Box
    leaves: int | None
    gutter: int
    enters: int | None


class Tracks:
    """Numbers for lines that share a channel or a gutter: one for each source, or for each target."""

    def __init__(self) -> None:
        self.known: dict[int, dict] = {}

    def number(self, where: int, whose: object) -> int:
        own = self.known.setdefault(where, {})
        return own.setdefault(whose, len(own))

    def count(self, where: int) -> int:
        return len(self.known.get(where, ()))


def lay_out(columns: Sequence[Column], top: float) -> Layout:
    """Set the boxes of the columns below ``top``, and draw the lines between them."""
    column_of = {box: i for i, column in enumerate(columns) for row in column.rows.values() for box in row}
    row_of = {box: number for column in columns for number, row in column.rows.items() for box in row}
    channels, gutters = Tracks(), Tracks()
    routes = find_routes(columns, column_of, row_of)
    for route in routes:
        gutters.number(route.gutter, route.source)
        if route.leaves is not None:
            channels.number(route.leaves, route.source)
        if route.enters is not None:
            channels.number(route.enters, ("to", route.target))
    layout = Layout(top=top)
    tops = set_rows(layout, columns, channels)
    lefts = set_columns(layout, columns, gutters)
    for column, left in zip(columns, lefts):
        for number, row in column.rows.items():
            y, height = tops[number]
            for box in row:
                if type(box) is Box:
                    wide, high = width_of(box), height_of(box)
                    layout.places[box] = left + column.middle[box] - wide / 2, y + (height - high) / 2, wide, high
    for column, left in zip(columns, lefts):
        layout.lines += lines_within(layout, column, left, row_of, tops)
    layout.lines += lines_between(layout, routes, channels, gutters, tops, lefts)
    return layout


def find_routes(columns: Sequence[Column], column_of: dict, row_of: dict) -> list[Route]:
    """How each line from one column to another goes."""
    routes = []
    for box, there in column_of.items():
        for source in box.operands if type(box) is Box else ():
            here = column_of[source]
            if here != there:
                row, target_row = row_of[source], row_of[box]
                is_free = is_last(columns[here].rows[row], source) and not any(
                    columns[i].rows.get(row) for i in range(here + 1, there))
                leaves = None if is_free else row + (target_row >= row)
                enters = None if is_first(columns[there].rows[target_row], box) else target_row + (target_row < row)
                routes.append(Route(source, box, leaves, there, enters))
    return routes


def is_last(row: list, box: Box) -> bool:
    return row[-1] is box


def is_first(row: list, box: Box) -> bool:
    return row[0] is box


def set_rows(layout: Layout, columns: Sequence[Column], channels: Tracks) -> dict[int, tuple[float, float]]:
    """The tops and heights of rows, each below its channel, which has the number of the row."""
    heights: dict[int, float] = {}
    for column in columns:
        for number, row in column.rows.items():
            heights[number] = max([heights.get(number, 0.0), *(height_of(box) for box in row if type(box) is Box)])
    tops = {}
    y = layout.top
    for number in sorted(heights):
        y += channel_height(channels, number) if number or channels.count(0) else MARGIN
        tops[number] = y, heights[number]
        y += heights[number]
    last = max(heights, default=-1) + 1
    tops[last] = y + (channel_height(channels, last) if channels.count(last) else MARGIN), 0.0
    layout.height = tops[last][0] + MARGIN / 2
    return tops


def channel_height(channels: Tracks, number: int) -> float:
    return CHANNEL + TRACK * max(0, channels.count(number) - 1)


def set_columns(layout: Layout, columns: Sequence[Column], gutters: Tracks) -> list[float]:
    """The left ends of the columns, each behind its gutter, which has the number of the column."""
    lefts = []
    x = MARGIN
    for i, column in enumerate(columns):
        x += GUTTER + TRACK * gutters.count(i) if i else MARGIN
        lefts.append(x)
        layout.columns.append((x, column.width))
        x += column.width
    layout.width = x + 2 * MARGIN
    return lefts


def lines_within(layout: Layout, column: Column, left: float, row_of: dict, tops: dict) -> list[Line]:
    """The lines of a column. Those that end at one box are spread along its edge, as they come from left to right."""
    ends: dict[Box, list] = {}
    for line in column.lines:
        ends.setdefault(line[-1], []).append(line)
    found = []
    for target, lines in ends.items():
        x, y, wide, high = layout.places[target]
        lines.sort(key=lambda line: column.middle[line[-2]])
        for i, line in enumerate(lines, 1):
            points = []
            ends_at = x + wide * i / (len(lines) + 1)
            for each in line:
                top, height = tops[row_of[each]]
                across = left + column.middle[each] if each is not target else ends_at
                ys = [top + height, top] if column.upward else [top, top + height]
                points += [(across, y) for y in ys]
            points[0], points[-1] = exit_of(layout, line[0], column.upward), (ends_at, y + high * column.upward)
            found.append(Line(points, True, line[0], target))
    return found


def exit_of(layout: Layout, box: Box, upward: bool) -> tuple[float, float]:
    x, y, wide, high = layout.places[box]
    return x + wide / 2, y if upward else y + high


def lines_between(
    layout: Layout, routes: list[Route], channels: Tracks, gutters: Tracks, tops: dict, lefts: list[float],
) -> list[Line]:
    """The lines from one column to another."""
    arriving: dict[Box, list[Route]] = {}
    for route in routes:
        arriving.setdefault(route.target, []).append(route)

    def channel(number: int, whose: object) -> float:
        return tops[number][0] - channel_height(channels, number) / 2 + TRACK * (
            channels.number(number, whose) - (channels.count(number) - 1) / 2)

    found = []
    for target, several in arriving.items():
        to_x, top, _, high = layout.places[target]
        for i, route in enumerate(several, 1):
            x, y, wide, tall = layout.places[route.source]
            points = [(x + wide, y + tall / 2)]
            gutter = lefts[route.gutter] - STUB - TRACK * (1 + gutters.number(route.gutter, route.source))
            if route.leaves is not None:
                y = channel(route.leaves, route.source)
                points += [(x + wide + STUB, points[0][1]), (x + wide + STUB, y)]
            points.append((gutter, points[-1][1]))
            to_y = top + high * i / (len(several) + 1)
            if route.enters is not None:
                y = channel(route.enters, ("to", target))
                points += [(gutter, y), (to_x - STUB, y), (to_x - STUB, to_y)]
            else:
                points.append((gutter, to_y))
            points.append((to_x, to_y))
            found.append(Line(points, False, route.source, target))
    return found
