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
from ..core.tracer import Trace, box_classes, boxers, exact_numbers, innermost_trace, metadata, watched_types

__all__ = ["Substitutions", "active", "current", "substituting"]


class Substitutions(NamedTuple):
    """What boxes stand for.

    ``lifts`` has for a trace a pair (lift, ground): ``lift(box)`` is the value that a box of it stands for, which may
    be a box of another trace with substitutions; a plain one is boxed as a constant of the trace ``ground``, so that
    writing into it cannot reach the array. ``ground`` is that of the innermost run: what is below it is handled from
    outside.
    """

    lifts: dict[Trace, tuple[Callable[[Any], Any], Trace]]
    ground: Trace | None


NONE = Substitutions({}, None)

active: ContextVar[Substitutions] = ContextVar("active", default=NONE)
"""The substitutions of this context: each thread has its own, so others go on using the boxes as they are."""


@contextlib.contextmanager
def substituting(lifts: dict[Trace, tuple[Callable[[Any], Any], Trace]], ground: Trace) -> Iterator[None]:
    """Let the boxes of the traces in ``lifts``, running or ended, stand for other values as well."""
    lifts = {**active.get().lifts, **lifts}
    for trace in (*lifts, innermost_trace()):  # the last gets the boxes, and may meet ones not yet replaced
        if not isinstance(trace, Redirecting):
            trace.__class__ = redirecting(type(trace))
    ground.is_ground = True
    token = active.set(Substitutions(lifts, ground))
    try:
        yield
    finally:
        active.reset(token)


def current(value: Any) -> Any:
    """What ``value`` stands for now: for a box of a trace with substitutions another box, else ``value`` itself."""
    lifts = active.get().lifts
    ground = None
    while type(value) in box_classes and value._trace in lifts:
        lift, ground = lifts[value._trace]
        value = lift(value)
    if ground is None or type(value) in box_classes and value._trace.level >= ground.level:
        return value
    return boxers[type(value)](value, ground, None)


def current_nested(arg: Any) -> Any:
    """:func:`current`, also inside lists and tuples."""
    return type(arg)(map(current_nested, arg)) if type(arg) in (list, tuple) else current(arg)


def is_replaced(arg: Any, lifts: dict) -> bool:
    """Whether ``arg`` is a box of a trace in ``lifts``, or a list or tuple with such a box in it."""
    kind = type(arg)
    if kind not in watched_types or kind in exact_numbers:
        return False
    return arg._trace in lifts if kind in box_classes else any(is_replaced(item, lifts) for item in arg)


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
            return method(self, prim, args, kwargs)

        return process

    class RedirectingTrace(kind, Redirecting):
        overwrites = property(lambda self: overwrites(kind) and not active.get().lifts)
        process = redirect(kind.process)
        process_general = redirect(kind.process_general)
        process_nondifferentiable = redirect(kind.process_nondifferentiable)

        def process_one(self, prim, box, argnum, values, is_beside=False):
            if self in active.get().lifts:
                return prim(*values[:argnum], current(box), *values[argnum + 1 :])
            return kind.process_one(self, prim, box, argnum, values, is_beside)

        def metadata(self, box):
            return metadata(current(box)) if self in active.get().lifts else kind.metadata(self, box)

        def python_value(self, box, use):
            return use(current(box)) if self in active.get().lifts else kind.python_value(self, box, use)

    RedirectingTrace.__name__ = kind.__name__
    return RedirectingTrace
