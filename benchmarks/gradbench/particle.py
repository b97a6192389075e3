"""particle: the place of a charge that bends a particle's path into the origin (Siskind, Pearlmutter 2008).

The path is Euler's, the force a gradient of the potential, and the place is found by gradient descent. The first letter
of a function's name is the mode of the descent's derivative, the second that of the force.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import numpy as anp

from .descent import MODES, minimum_place
from .evaluation import Case, Eval, Function

__all__ = ["EVAL", "miss"]

SOLUTION = 0.2071918746486116
"""The suite's, from w = 0."""

TIME_STEP = 0.1


def miss(w, derivative):
    """The square of x where the path meets the axis y = 0."""
    charges = anp.array([[10.0, 10.0 - w], [10.0, 0.0]])

    def potential(position):
        return anp.sum(1.0 / anp.sqrt(anp.sum((position - charges) ** 2, axis=1)))

    slope = derivative(potential)
    position, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        force = -slope(position)
        moved = position + TIME_STEP * velocity
        if moved[1] <= 0.0:
            break
        position, velocity = moved, velocity + TIME_STEP * force
    moved = moved - moved[1] / velocity[1] * velocity
    return moved[0] ** 2


def prepare(outer: str, inner: str):
    def prepared(input, compile):
        def f(w):
            return miss(w, MODES[inner])

        start, values, slopes = float(input["w"]), compile(f), compile(MODES[outer](f))
        return lambda: minimum_place(values, slopes, start)

    return prepared


def cases(data: Path | None) -> Iterator[Case]:
    yield Case("w=0", {"w": 0.0})


EVAL = Eval("particle", {
    outer + inner: Function(prepare(outer, inner), float, lambda input: SOLUTION)
    for outer, inner in ("rr", "ff", "fr", "rf")
}, cases, ratio=False)
