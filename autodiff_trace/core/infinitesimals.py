"""Values that are split by an infinitesimal step, so that quotients 0/0 have their limits. Knows no NumPy rule.

Where a function of A reaches its derivative through parts that have none, as a matrix function does through the
eigenvectors of repeated eigenvalues, its pullback has quotients 0/0. A primitive returns the parts as they are,
boxed with the direction in which they would split: forward mode, below all other traces, carries along how what
depends on them would change. Its rule divides the changes (de l'Hôpital). What leaves a transformation is
:func:`settled`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from .forward import JVPTrace
from .pytree import tree_map
from .tracer import box_classes, boxers, trace_stack

__all__ = ["are_wanted", "call_split", "is_split", "settle", "settled", "split", "with_unknown_change"]

must_follow: ContextVar[bool] = ContextVar("must_follow", default=False)
"""Whether making a plain number of a split value is an error: see :func:`call_split`."""


class InfinitesimalTrace(JVPTrace):
    """Forward mode at the lowest level. It runs for ever: what it follows is independent of any input."""

    def __init__(self) -> None:
        self.level = 0
        self.is_used = False

    def process(self, prim, args, kwargs):
        limit = getattr(prim, "limit", None)
        if limit is None:
            return super().process(prim, args, kwargs)
        values, changes = zip(*map(self.unbox, args))
        ans, change = limit(values, changes)
        return boxers[type(ans)](ans, self, change)

    def python_value(self, box, use):
        if must_follow.get() and (use is float or use is complex):
            raise ChangeLostError
        return use(box._value)

    def plain(self, box):
        if must_follow.get():
            raise ChangeLostError
        return super().plain(box)

    def text(self, box):
        return str(box._value)


class ChangeLostError(Exception):
    """A plain number was made of a split value, so that what depends on it does not tell how it would change."""


TRACE = InfinitesimalTrace()


def are_wanted() -> bool:
    """Whether reverse mode runs, and nothing is recorded: what is recorded has to hold for other values."""
    traces = trace_stack.get()
    return any(trace.takes_limits for trace in traces) and not any(trace.guards_values for trace in traces)


def split(value: Any, direction: Any) -> Any:
    """``value``, which would change in this direction."""
    TRACE.is_used = True
    return boxers[type(value)](value, TRACE, direction)


def call_split(fun: Callable, values: Sequence) -> Any:
    """``fun(*values)``; None if ``fun`` loses how split values would change, or takes plain arrays alone."""
    token = must_follow.set(True)
    try:
        return fun(*values)
    except Exception:  # what is wrong with plain values as well shows when they follow
        return None
    finally:
        must_follow.reset(token)


def with_unknown_change(x: Any) -> Any:
    """A plain array, which would change nobody knows how."""
    return x if x is None or type(x) in box_classes else split(x, x * math.nan)


def settled(tree: Any) -> Any:
    """The results of a transformation, without the infinitesimal changes."""
    return tree_map(settle, tree) if TRACE.is_used else tree


def settle(x: Any) -> Any:
    """``x`` without its infinitesimal change."""
    return x._value if is_split(x) else x


def is_split(x: Any) -> bool:
    """Whether ``x`` is boxed with an infinitesimal change."""
    return type(x) in box_classes and x._trace is TRACE
