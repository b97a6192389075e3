"""saddle: min over x of max over y of ‖x‖² − ‖y‖², by a gradient descent inside of one (Siskind, Pearlmutter 2008).

The first letter of a function's name is the mode of the outer derivative, the second that of the inner one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import numpy as anp

from .descent import MODES, maximum_place, minimum_place
from .evaluation import Case, Eval, Function

__all__ = ["EVAL"]

SOLUTION = [8.246324826140356e-06] * 4
"""The suite's: where the descents from (1, 1) stop."""


def height(x, y):
    return anp.sum(x * x) - anp.sum(y * y)


def saddle_point(outer, inner, start, compile):
    """``outer`` and ``inner`` take the derivative of a function."""

    def ridge(x):
        return height(x, best_answer(x))

    def best_answer(x):
        along_y = lambda y: height(x, y)  # noqa: E731
        return maximum_place(along_y, inner(along_y), start)

    values, slopes, answer = compile(ridge), compile(outer(ridge)), compile(best_answer)

    def run():
        x = minimum_place(values, slopes, start)
        return np.concatenate([x, answer(x)])

    return run


def prepare(outer: str, inner: str):
    def prepared(input, compile):
        return saddle_point(MODES[outer], MODES[inner], np.array(input["start"], dtype=float), compile)

    return prepared


def cases(data: Path | None) -> Iterator[Case]:
    yield Case("s=(1,1)", {"start": [1.0, 1.0]})


EVAL = Eval("saddle", {
    outer + inner: Function(prepare(outer, inner), np.ndarray.tolist, lambda input: SOLUTION)
    for outer, inner in ("rr", "ff", "fr", "rf")
}, cases, ratio=False)
