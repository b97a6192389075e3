"""Watchers: who is told what traces and backward passes compute, and what they are told. Knows neither."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import caller_place
from ..core.tracer import Trace

__all__ = [
    "Call", "Place", "Pull", "Rule", "Watcher", "current_place", "everywhere", "is_inside", "timed", "warned",
    "watchers", "who_watches", "within",
]

Place = tuple[types.CodeType, int] | None
"""A line of the user's, as ``errors.caller_place`` gives it."""


class Call(NamedTuple):
    """One call of a primitive that a trace has seen."""

    trace: Trace
    prim: Callable
    args: Sequence
    kwargs: dict
    place: Place
    ans: Any
    seconds: float
    is_inside: bool
    """Whether it is a part of another that is reported later: of the same call on an inner trace, or of a rule."""
    rule: Rule | None
    """Of which rule it is a part, in a backward pass."""


class Pull(NamedTuple):
    """One step of a backward pass: what the rule of ``node`` made of the cotangent ``g``."""

    node: tuple
    g: Any
    pulled: list[tuple[tuple, Any]]
    place: Place
    seconds: float
    is_inside: bool


class Watcher:
    """Who watches: gets each call and each step back, when it is done. What it raises is raised at that place."""

    def start(self, trace: Trace) -> None:
        """A trace starts; ``running_traces()`` are those around it."""

    def called(self, call: Call) -> None:
        """A trace has computed a primitive."""

    def pulled(self, pull: Pull) -> None:
        """A backward pass has called a rule."""

    def passed(self, seconds: float) -> None:
        """A backward pass that is no part of another report is done."""


watchers: ContextVar[tuple[Watcher, ...] | None] = ContextVar("watchers", default=None)
"""Who watches in this context; None: those who watch everywhere."""

everywhere: list[Watcher] = []
"""Who watches in all contexts that do not say."""


def who_watches() -> Sequence[Watcher]:
    """Those who watch in this context."""
    found = watchers.get()
    return everywhere if found is None else found


is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)
"""Whether something is being computed that will be reported as a whole."""

class Rule(NamedTuple):
    """A rule that runs in a backward pass: the user's line now, that of the call whose rule it is, its primitive, and
    whether a part of what it computes is nothing to the result, since a selection did not take it."""

    now: Place
    recorded: Place
    prim: Callable
    is_masked: bool


within: ContextVar[Rule | None] = ContextVar("within", default=None)
"""The rule that runs in this context."""


def current_place() -> Place:
    """The user's line; in a rule that of the forward call, unless the rule runs code of the user's."""
    place = caller_place()
    rule = within.get()
    return rule.recorded if rule is not None and rule.now == place and rule.recorded is not None else place


def warned(function: Callable, *args: Any) -> tuple[Any, RuntimeWarning | None]:
    """The result of ``function``, and the warning of NumPy's that would have been raised, where warnings are errors: of
    what has been computed who watches can say more."""
    try:
        return function(*args), None
    except RuntimeWarning as warning:
        with np.errstate(all="ignore"):
            return function(*args), warning


def timed(function: Callable, *args: Any) -> tuple[Any, float, bool]:
    """The result of ``function``, the seconds that it took, and whether something around it will be reported."""
    inside = is_inside.get()
    token = is_inside.set(True)
    try:
        start = perf_counter()
        result = function(*args)
        return result, perf_counter() - start, inside
    finally:
        is_inside.reset(token)
