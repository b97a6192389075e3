"""Cost against size, from the rows of one workload at growing sizes: what a call costs, and what an element costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from .report import format_table
from .suite import Row
from .timing import format_time

__all__ = ["growth_table", "slope"]


def growth_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """A line a library, from its smallest and its two largest sizes; empty if no library has three sizes."""
    head = ["cost against size", "a call at the least size", "an element at the largest", "slope there, log-log"]
    lines = []
    for name in names:
        points = sorted((row.size, median(row.samples(name))) for row in rows if row.size and row.samples(name))
        if len(points) > 2:
            (n, seconds), (more, longer) = points[-2:]
            element = max(longer - seconds, 0.0) / (more - n)
            lines.append([name, format_time(points[0][1]), format_time(element), f"{slope(*points[-2:]):.2f}"])
    return format_table(head, lines) if lines else ""


def slope(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The power of n by which the time grows between two points (n, seconds).

    >>> slope((1e6, 0.02), (1e7, 0.2))
    1.0
    """
    return math.log(second[1] / first[1]) / math.log(second[0] / first[0])
