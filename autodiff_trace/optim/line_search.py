"""A line search for the strong Wolfe conditions: a step along which the function falls enough, and its slope as well.

Source: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6, with the minimum of the cubic
through two points (3.59); where values differ by rounding alone, slopes decide (Hager and Zhang, 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..numpy import wrapped as anp

__all__ = ["Point", "strong_wolfe"]

FALL = 1e-4
"""The part of what the first slope promises by which the function has to fall."""

SLOPE = 0.9
"""The part of the first slope to which the slope has to be reduced."""

LARGEST_GROWTH = 10.0
NEAREST = 0.1
"""How near the ends of an interval the next step may be, as a part of it."""


class Point(NamedTuple):
    """What is found at a step: value and slope along the line, parameters and gradient there."""

    step: Any
    value: Any
    slope: Any
    params: Any
    gradient: Any


class Line:
    """The function along a line: what a step has to achieve."""

    def __init__(self, start: Point, rounding: float) -> None:
        self.start, self.rounding = start, rounding

    def falls(self, point: Point) -> bool:
        start = self.start
        if not is_finite(point.value, point.slope):
            return False
        return bool(point.value <= start.value + FALL * point.step * start.slope) or self.is_level(point)

    def is_level(self, point: Point) -> bool:
        """Whether values are equal up to rounding; then the slope tells that the function falls."""
        start = self.start
        is_near = abs(point.value - start.value) <= self.rounding * abs(start.value)
        return bool(is_near) and bool(point.slope <= (2 * FALL - 1) * start.slope)

    def is_flat(self, point: Point) -> bool:
        return bool(abs(point.slope) <= -SLOPE * self.start.slope)


def strong_wolfe(at: Callable[[Any], Point], start: Point, first: float, limit: int, rounding: float) -> Point | None:
    """A point along the line; None if there is none that is lower.

    Arguments:
        at: the :class:`Point` of a step.
        start: that of the step 0, with a negative slope.
        first: the step to begin with.
        limit: evaluations at most.
        rounding: by how much values may differ without being different, as a part of them.
    """
    line = Line(start, rounding)
    previous, step = start, first
    for used in range(1, limit + 1):
        point = at(step)
        if not line.falls(point) or used > 1 and point.value >= previous.value and not line.is_level(point):
            return zoom(at, line, previous, point, limit - used)
        if line.is_flat(point):
            return point
        if point.slope >= 0:
            return zoom(at, line, point, previous, limit - used)
        guess = cubic_minimum(previous, point)
        lowest, highest = point.step + NEAREST * (point.step - previous.step), LARGEST_GROWTH * point.step
        previous, step = point, highest if guess is None else min(max(guess, lowest), highest)
    return previous


def zoom(at: Callable[[Any], Point], line: Line, low: Point, high: Point, limit: int) -> Point | None:
    """The same between two steps, of which ``low`` has the lower value, and a slope that points to the other one."""
    for _ in range(limit):
        width = high.step - low.step
        ends = low.step + NEAREST * width, high.step - NEAREST * width
        guess = cubic_minimum(low, high)
        step = 0.5 * (low.step + high.step) if guess is None else min(max(guess, min(ends)), max(ends))
        if step in (low.step, high.step):
            break
        point = at(step)
        if not line.falls(point) or point.value >= low.value and not line.is_level(point):
            high = point
            continue
        if line.is_flat(point):
            return point
        if point.slope * (high.step - low.step) >= 0:
            high = low
        low = point
    return None if low is line.start else low


def cubic_minimum(a: Point, b: Point) -> Any:
    """Where the cubic with the values and slopes of two points has its minimum; None if nowhere."""
    if not is_finite(a.value, a.slope, b.value, b.slope) or a.step == b.step:
        return None
    d = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
    square = d * d - a.slope * b.slope
    if not (square >= 0 and is_finite(square)):
        return None
    root = square**0.5 if b.step > a.step else -(square**0.5)
    scale = b.slope - a.slope + 2 * root
    guess = None if scale == 0 else b.step - (b.step - a.step) * (b.slope + root - d) / scale
    return guess if guess is not None and is_finite(guess) else None


def is_finite(*numbers: Any) -> bool:
    return all([bool(anp.isfinite(x)) for x in numbers])
