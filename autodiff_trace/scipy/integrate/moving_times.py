"""States at times that move: how a solution changes when the time at which it is asked for does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scipy.integrate import DOP853

from ...core.errors import TracedValueError, caller_line
from ...core.tracer import is_box

__all__ = ["advance", "combined"]


def advance(field: Callable, start: Any, end: Any, Y: Any, parameters: Sequence) -> Any:
    """The states (m, n) at the times ``end`` of the solutions through ``Y`` at the times ``start``, which are the same
    numbers: what is asked for is how the states change when these move.

    That is a step of a Runge–Kutta method, of length zero. A method of order p has the derivatives of the solution in
    its length up to the p-th, and there are no more than traces of derivatives that watch it.
    """
    h = end - start
    order = depth(h)
    if order == 0:
        return Y
    tableau = next((each() for most, each in BY_ORDER.items() if order <= most), None)
    if tableau is None:
        raise TracedValueError(
            f"solve_ivp has derivatives in times up to order {max(BY_ORDER)}, and {order} are nested ({caller_line()})"
        )
    A, b, c = tableau
    slopes: list = []
    h = h[:, None]
    for a, x in zip(A, c):
        slopes.append(field(start + x * h[:, 0] if x else start, combined(Y, h, a, slopes), parameters))
    return combined(Y, h, b, slopes)


def combined(Y, h, weights, slopes):
    terms = [float(w) * K for w, K in zip(weights, slopes) if w]
    return Y + h * sum(terms[1:], terms[0]) if terms else Y


def depth(x: Any) -> int:
    """How many traces watch ``x``."""
    count = 0
    while is_box(x):
        count += x._node is not None
        x = x._value
    return count


def dop853():
    stages = DOP853.n_stages
    return DOP853.A[:stages, :stages], DOP853.B, DOP853.C[:stages]


BY_ORDER = {
    1: lambda: ([[]], [1.0], [0.0]),  # Euler's method, the midpoint method, and that of Kutta
    2: lambda: ([[], [0.5]], [0.0, 1.0], [0.0, 0.5]),
    4: lambda: ([[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0.0, 0.5, 0.5, 1.0]),
    8: dop853,
}
