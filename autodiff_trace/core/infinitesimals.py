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
from typing import Any

from .choices import CHOICES, with_other
from .foreign import FOREIGN, array_types
from .forward import JVPTrace, add_tangents, defjvp
from .lowest import ChangeLostError, LowestTrace, must_follow
from .primitives import primitive
from .pytree import tree_map
from .reverse import VJPTrace, defvjp
from .recording import is_recording
from .tracer import Trace, box_classes, boxers, find_top_trace, trace_stack
from .traits import declare

__all__ = [
    "are_wanted", "call_split", "follow_split", "has_split", "is_split", "settled", "split",
    "with_unknown_change", "without_change",
]


class InfinitesimalTrace(LowestTrace, JVPTrace):
    """Forward mode at the lowest level. It runs for ever: what it follows is independent of any input."""

    special = "limit"

    def __init__(self) -> None:
        self.level = CHOICES.level - 1
        self.is_used = False

    def answer(self, limit, prim, args):
        values, changes = zip(*map(self.unbox, args))
        ans, change = limit(values, changes)
        return ans if change is None else boxers[type(ans)](ans, self, change)

    def plain(self, box):
        if must_follow.get():
            raise ChangeLostError
        return super().plain(box)

    def end(self) -> None:
        self.__class__ = SpentTrace


class SpentTrace(Trace):
    """What the trace of one call becomes: values that the called function has kept aside would change nobody knows how,
    for what they depend on may have changed since."""

    holds_values = True

    def process(self, prim, args, kwargs):
        def renew(x):
            return with_unknown_change(x._value) if type(x) in box_classes and x._trace is self else x

        return prim(*tree_map(renew, args), **tree_map(renew, kwargs))

    process_general = process

    def python_value(self, box, use):
        return use(box._value)

    def text(self, box):
        return str(box._value)


TRACE = InfinitesimalTrace()


def are_wanted() -> bool:
    """Whether reverse mode runs, and nothing is recorded: what is recorded has to hold for other values."""
    traces = trace_stack.get()
    return any(isinstance(trace, VJPTrace) for trace in traces) and not is_recording(traces)


def split(value: Any, direction: Any) -> Any:
    """``value``, which would change in this direction."""
    TRACE.is_used = True
    return boxers[type(value)](value, TRACE, direction)


def call_split(fun: Callable[..., tuple], values: Sequence) -> Any:
    """As :func:`follow_split`, for a function that gives a tree, and may keep aside some of its values."""
    trace = InfinitesimalTrace()
    # What is kept aside does not outlive the call; values of traces above do not outlive these anyhow.
    is_lowest = find_top_trace(values) is TRACE
    boxes = [boxers[type(x)](x._value, trace, x._node) if is_lowest and is_split(x) else x for x in values]

    def renew(x):
        if type(x) not in box_classes or x._trace is not trace:
            return x
        value, change = x._value, settle(x._node)
        if is_split(value):  # of a value that ``fun`` closes over
            value, change = value._value, add_tangents(value._node, change)
        return value if change is None else split(value, change)

    try:
        return tree_map(renew, follow_split(fun, *boxes))
    finally:
        trace.end()


def follow_split(fun: Callable, *args: Any) -> Any:
    """``fun(*args)``; None if ``fun`` loses how split values would change, or takes plain arrays alone."""
    token = must_follow.set(True)
    try:
        return fun(*args)
    except Exception:  # what is wrong with plain values as well shows when they follow
        return None
    finally:
        must_follow.reset(token)


def without_change(x: Any) -> Any:
    """``x``, where it is split as if it were not; what the traces above know of it stays."""
    return x


without_change = primitive(without_change)
without_change.limit = lambda values, changes: (values[0], None)


def with_unknown_change(x: Any) -> Any:
    """``x``, which would change nobody knows how; what the traces above know of it stays."""
    return split(x, x * math.nan)


with_unknown_change = primitive(with_unknown_change)
without_change.compare = lambda prim, values, others: prim(*values)
with_unknown_change.compare = lambda prim, values, others: with_other(prim(*values), settle(others[0]) * math.nan)
with_unknown_change.limit = lambda values, changes: (values[0], values[0] * math.nan)

for _prim in (without_change, with_unknown_change):
    defvjp(_prim, lambda g, ans, x, prim=_prim: prim(g))
    defjvp(_prim, lambda t, ans, x, prim=_prim: prim(t))
declare(without_change, with_unknown_change, batching=lambda batch, prim, args, kwargs: prim(*args))


def settled(tree: Any) -> Any:
    """The results of a transformation, without the boxes of the traces below all others."""
    return tree_map(settle, tree) if TRACE.is_used or CHOICES.is_used or array_types else tree


def settle(x: Any) -> Any:
    """``x`` without its infinitesimal change, for the first choice; of another library's array the array itself."""
    while is_split(x) or type(x) in box_classes and x._trace is FOREIGN:
        x = x._value
    return x


def is_split(x: Any) -> bool:
    """Whether ``x`` is boxed with an infinitesimal change."""
    return type(x) in box_classes and (x._trace is TRACE or x._trace is CHOICES)


def has_split(x: Any) -> bool:
    """Whether there is an infinitesimal change in ``x``, under the boxes of whatever traces."""
    while type(x) in box_classes:
        if is_split(x):
            return True
        x = x._value
    return False
