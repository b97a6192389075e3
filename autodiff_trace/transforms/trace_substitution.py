"""Trace substitution: while a function runs, the boxes of some traces stand for other values. Knows no derivative.

A function that is computed again in the backward pass, as ``checkpoint`` does, reads traced values from two places: its
arguments, and the variables it closes over. The first can be replaced by the caller. The second cannot, and their trace
has ended when the backward pass runs. So their *trace* is told what each box stands for:

    w = Box(2.0, trace)
    with substituting(trace, lambda box: 5.0, ground):
        sin(w)               trace.process is asked, and calls sin(Box(5.0, ground)) instead
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from ..core.fast.ownership import overwrites
from ..core.tracer import Trace, box_classes, boxers, innermost_trace, metadata, watched_types

__all__ = ["Substitutions", "active", "current", "substituting"]


class Substitutions(NamedTuple):
    """What boxes stand for.

    ``lifts`` has for a trace a pair (lift, ground): ``lift(box)`` is the value that a box of it stands for, which may
    be a box of another trace with substitutions, or the box itself, which is then not replaced. A plain value is boxed
    as a constant of the trace ``ground``, so that writing into it cannot reach the array; where that is None it stays
    plain. ``Substitutions.ground`` is that of the innermost run: what is below it is handled from outside.

    ``above``: traces whose boxes are values that others stand for. What they are made of may look like something to be
    replaced, and is not: while such a trace processes a call, ``outside`` is what boxes stand for.
    """

    lifts: dict[Trace, tuple[Callable[[Any], Any], Trace | None]]
    ground: Trace | None
    above: frozenset[Trace] = frozenset()
    outside: Substitutions | None = None


NONE = Substitutions({}, None)

active: ContextVar[Substitutions] = ContextVar("active", default=NONE)
"""The substitutions of this context: each thread has its own, so others go on using the boxes as they are."""


@contextlib.contextmanager
def substituting(
    lifts: dict[Trace, tuple[Callable[[Any], Any], Trace | None]], ground: Trace,
    above: frozenset[Trace] = frozenset(),
) -> Iterator[None]:
    """Let the boxes of the traces in ``lifts``, running or ended, stand for other values as well."""
    before = active.get()
    lifts = {**before.lifts, **lifts}
    for trace in (*lifts, *above, innermost_trace()):  # the last gets the boxes, and may meet ones not yet replaced
        if not isinstance(trace, Redirecting):
            trace.__class__ = redirecting(type(trace))
    ground.is_ground = True
    outside = (above, before) if above else (before.above, before.outside)
    token = active.set(Substitutions(lifts, ground, *outside))
    try:
        yield
    finally:
        active.reset(token)


def current(value: Any) -> Any:
    """What ``value`` stands for now: for a box of a trace with substitutions another box, else ``value`` itself."""
    lifts = active.get().lifts
    ground = None
    while type(value) in box_classes and value._trace in lifts:
        box = value
        lift, ground = lifts[box._trace]
        value = lift(box)
        if value is box:
            return box
    if ground is None or type(value) in box_classes and value._trace.level >= ground.level:
        return value
    return boxers[type(value)](value, ground, None)


def current_nested(arg: Any) -> Any:
    """:func:`current`, also inside lists and tuples."""
    return type(arg)(map(current_nested, arg)) if type(arg) in (list, tuple) else current(arg)


def is_replaced(arg: Any, lifts: dict) -> bool:
    """Whether ``arg`` is a box for which ``lifts`` has another value, or a list or tuple with such a box in it."""
    kind = type(arg)
    if kind not in watched_types:
        return False
    if kind not in box_classes:
        return any(is_replaced(item, lifts) for item in arg)
    return arg._trace in lifts and lifts[arg._trace][0](arg) is not arg


class Redirecting:
    """A trace that has had substitutions, or was the ground of some: it looks for substitutions at each call."""


@functools.cache
def redirecting(kind: type[Trace]) -> type[Trace]:
    """The class of trace ``kind`` with substitutions."""

    def redirect(method):
        @functools.wraps(method)
        def process(self, prim, args, kwargs):
            lifts = active.get().lifts
            if lifts:
                for arg in args if not kwargs else (*args, *kwargs.values()):
                    if type(arg) in watched_types and is_replaced(arg, lifts):
                        args = map(current_nested, args)
                        return prim(*args, **{name: current_nested(each) for name, each in kwargs.items()})
            return from_outside(self, method, prim, args, kwargs)

        return process

    def all_metadata(trace, box):  # what the box is made of is no more to be replaced than it is
        return metadata(kind.metadata(trace, box))

    class RedirectingTrace(kind, Redirecting):
        overwrites = property(lambda self: overwrites(kind) and not active.get().lifts)
        process = redirect(kind.process)
        process_general = redirect(kind.process_general)
        process_nondifferentiable = redirect(kind.process_nondifferentiable)

        def process_one(self, prim, box, argnum, values, is_beside=False):
            if is_replaced(box, active.get().lifts):
                return prim(*values[:argnum], current(box), *values[argnum + 1 :])
            return from_outside(self, kind.process_one, prim, box, argnum, values, is_beside)

        def metadata(self, box):
            if is_replaced(box, active.get().lifts):
                return metadata(current(box))
            return from_outside(self, all_metadata, box)

        def python_value(self, box, use):
            if is_replaced(box, active.get().lifts):
                return use(current(box))
            return from_outside(self, kind.python_value, box, use)

        def compute(self, use, name, *args):  # of a trace that records, on Python's numbers
            lifts = active.get().lifts
            if any([is_replaced(arg, lifts) for arg in args]):
                return use(*map(current_nested, args))
            return from_outside(self, kind.compute, use, name, *args)

    RedirectingTrace.__name__ = kind.__name__
    return RedirectingTrace


def from_outside(trace: Trace, method: Callable, *args: Any) -> Any:
    """``method(trace, *args)``, with the substitutions of outside where the trace is above those of now."""
    substitutions = active.get()
    if trace not in substitutions.above:
        return method(trace, *args)
    token = active.set(substitutions.outside)
    try:
        return method(trace, *args)
    finally:
        active.reset(token)
