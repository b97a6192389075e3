"""What a callback is told after each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .steps import StepInfo

__all__ = ["Progress", "tell"]


class Progress(NamedTuple):
    """After a step (of ``train``) or an iteration (of ``minimize``): its number from 1 on, the value, the parameters.

    ``seconds``, ``rows``, ``overhead`` and ``busy`` are those of the last evaluation: see ``Objective.last``.
    """

    step: int
    value: float
    params: Any
    seconds: float
    rows: int
    overhead: float
    busy: dict[str, float]


def tell(callback: Callable[[Progress], Any] | None, step: int, value: Any, params: Any, info: StepInfo) -> bool:
    """Call back; whether it asks for an end."""
    if callback is None:
        return False
    try:
        return callback(Progress(step, float(value), params, info.seconds, info.rows, info.overhead, info.busy)) is True
    except StopIteration:
        return True
