"""particle: the place of a charge that bends a particle's path into the origin (Siskind, Pearlmutter 2008).

The path is Euler's, the force a gradient of the potential, and the place is found by gradient descent. The first letter
of a function's name is the mode of the descent's derivative, the second that of the force.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autodiff_trace import grad, jvp
from autodiff_trace import numpy as anp

from .descent import minimum_place
from .evaluation import Case, Eval, Function

__all__ = ["EVAL", "miss"]

SOLUTION = 0.2071918746486116
"""The suite's, from w = 0."""

TIME_STEP = 0.1


def miss(w, derivative):
    """The square of x where the path meets the axis y = 0; in plain numbers."""
    charges = (10.0, 10.0 - w), (10.0, 0.0)

    def potential(x, y):
        return sum(1.0 / anp.sqrt((x - right) ** 2 + (y - up) ** 2) for right, up in charges)

    slopes = derivative(potential, 2)
    x, y, dx, dy = 0.0, 8.0, 0.75, 0.0
    while True:
        force = slopes(x, y)
        x, y = x + TIME_STEP * dx, y + TIME_STEP * dy
        if y <= 0.0:
            return (x - y / dy * dx) ** 2
        dx, dy = dx - TIME_STEP * force[0], dy - TIME_STEP * force[1]


def reverse(f, count: int):
    """The derivatives of a function of ``count`` numbers."""
    return grad(f, argnums=tuple(range(count)))


def forward(f, count: int):
    units = [tuple(float(i == j) for j in range(count)) for i in range(count)]
    return lambda *numbers: tuple(jvp(f, numbers, unit)[1] for unit in units)


MODES = {"r": reverse, "f": forward}


def prepare(outer: str, inner: str):
    def prepared(input, compile):
        def f(w):
            return miss(w, MODES[inner])

        start, values, slopes = float(input["w"]), compile(f), compile(MODES[outer](f, 1))
        return lambda: minimum_place(values, lambda w: slopes(w)[0], start)

    return prepared


def cases(data: Path | None) -> Iterator[Case]:
    yield Case("w=0", {"w": 0.0})


EVAL = Eval("particle", {
    outer + inner: Function(prepare(outer, inner), float, lambda input: SOLUTION)
    for outer, inner in ("rr", "ff", "fr", "rf")
}, cases, ratio=False)
