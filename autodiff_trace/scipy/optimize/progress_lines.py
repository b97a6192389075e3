"""Callbacks of solvers: the user's, with the unknowns as the user has them, and a line of progress."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["progress"]

SECONDS_BETWEEN_LINES = 0.25


class progress:
    """A callback that shows a line of progress: ``minimize(f, x0, callback=progress())``.

    With tqdm installed it is a bar of tqdm's, else a line on standard error for the iteration and the value, at most a
    few times a second. ``stream``: where it goes instead.
    """

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream
        self.count = self.shown_count = 0
        self.shown = -np.inf
        self.text = ""
        self.bar: Any = None

    def __call__(self, intermediate_result: Any) -> None:
        self.note(intermediate_result.get("fun"))

    def note(self, value: Any) -> None:
        """One more iteration, with the value that has been reached."""
        if not self.count and self.stream is None:
            self.bar = new_bar()
        self.count += 1
        self.text = "" if value is None else f"fun = {float(value):.8g}"
        if self.bar is not None:
            self.bar.set_postfix_str(self.text, refresh=False)
            self.bar.update()
        elif time.monotonic() - self.shown >= SECONDS_BETWEEN_LINES:
            self.show()

    def close(self) -> None:
        """The solver has ended: show where."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        elif self.text and self.count > self.shown_count:
            self.show()
        self.count = self.shown_count = 0

    def show(self) -> None:
        self.shown, self.shown_count = time.monotonic(), self.count
        print(f"iteration {self.count}: {self.text}", file=self.stream or sys.stderr)


def new_bar() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(unit="it")


def make_callback(callback: Callable | None, shows_progress: bool, problem: Any) -> Callable | None:
    """What SciPy gets as callback. ``problem`` has the unknowns and the value ``reached``; it is given the ``line``."""
    line = callback if isinstance(callback, progress) else progress() if shows_progress else None
    problem.line = line
    users = None if callback is line else callback
    if line is None and users is None:
        return None
    unravel = problem.unknowns.unravel
    if users is not None and set(inspect.signature(users).parameters) == {"intermediate_result"}:

        def with_result(intermediate_result):
            if line is not None:
                line.note(problem.reached)
            intermediate_result.x = unravel(intermediate_result.x)
            return users(intermediate_result=intermediate_result)

        return with_result

    def with_solution(xk, *state):
        if line is not None:
            line.note(problem.reached)
        return None if users is None else users(unravel(xk), *state)

    return with_solution
