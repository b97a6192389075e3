"""Watching: while somebody does, traces tell what they compute, forward and backward, line by line. Off, nothing is
asked anywhere.

A trace that starts while the context has a watcher changes its class to one that reports each call
(:class:`WatchedTrace`), as a trace that ends does; the backward pass and the call of a compiled function are replaced
by those of :mod:`~.watched_runs`. What is replaced is put back when the last watcher of all threads leaves; who watches
is asked of the context, so that other threads and tasks are not reported.
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..compiler.record.refusals import NotReplayable
from ..core.batching import BatchTrace
from ..core.errors import caller_place
from ..core.forward import JVPTrace
from ..core.lowest import LowestTrace
from ..core.recording import is_recording
from ..core.reverse import VJPTrace
from ..core.taylor import TaylorTrace
from ..core.tracer import NO_KEYWORDS, Trace, running_traces

__all__ = [
    "Call", "Place", "Pull", "Watcher", "is_inside", "replacements", "timed", "warned", "watch", "watch_everywhere",
    "watched_by", "who_watches", "within",
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
    rule: tuple | None
    """What ``within`` holds, where it is a part of a rule in a backward pass."""


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


within: ContextVar[tuple[Place, Place, Callable] | None] = ContextVar("within", default=None)
"""While a rule runs in a backward pass: the user's line now, that of the call whose rule it is, and its primitive."""


def current_place() -> Place:
    """The user's line; in a rule that of the forward call, unless the rule runs code of the user's."""
    place = caller_place()
    rule = within.get()
    return rule[1] if rule is not None and rule[0] == place and rule[1] is not None else place


class PlacedKeywords(dict):
    """The keywords of a node, with the user's line of its call: it goes when the node goes."""

    __slots__ = ("place",)


class WatchedTrace(Trace):
    """What the class of a trace is derived from while it is watched."""

    is_reporting = False

    def process(self, prim, args, kwargs):
        return report(self, super().process, prim, args, kwargs)

    def process_one(self, prim, box, argnum, values, is_beside=False):
        return self.process(prim, (*values[:argnum], box, *values[argnum + 1 :]), NO_KEYWORDS)

    def process_general(self, prim, args, kwargs):
        return report(self, super().process_general, prim, args, kwargs)

    def process_nondifferentiable(self, prim, args, kwargs):
        return report(self, super().process_nondifferentiable, prim, args, kwargs)


class WatchedVJPTrace(WatchedTrace):
    """The same for reverse mode: nodes remember the line of their call."""

    def make_node(self, *call):
        return placed(super().make_node(*call))

    def make_lasting_node(self, *call):
        return placed(super().make_lasting_node(*call))

    def output_node(self, node, outputs, i):
        return super().output_node(node if type(node[5]) is PlacedKeywords else placed(node), outputs, i)


def placed(node: tuple) -> tuple:
    keywords = PlacedKeywords(node[5])
    keywords.place = current_place()
    return *node[:5], keywords, node[6]


def report(trace: WatchedTrace, compute: Callable, prim: Callable, args: Sequence, kwargs: dict) -> Any:
    """``compute(prim, args, kwargs)``, reported to who watches; not twice where one method of the trace calls
    another."""
    found = who_watches()
    if not found or trace.is_reporting:
        return compute(prim, args, kwargs)
    trace.is_reporting = True
    try:
        (ans, seconds, inside), warning = warned(timed, compute, prim, args, kwargs)
    finally:
        trace.is_reporting = False
    call = Call(trace, prim, args, kwargs, current_place(), ans, seconds, inside, within.get())
    for watcher in found:
        watcher.called(call)
    if warning is not None:
        raise warning
    return ans


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


@functools.cache
def watched_class(kind: type[Trace]) -> type[Trace]:
    """The class of a watched trace of ``kind``."""
    base = WatchedVJPTrace if issubclass(kind, VJPTrace) else WatchedTrace
    return type(f"Watched{kind.__name__}", (base, kind), {})


def watch_trace(trace: Trace) -> None:
    kind = type(trace)
    if issubclass(kind, (VJPTrace, JVPTrace, BatchTrace, TaylorTrace)) and not issubclass(
        kind, (LowestTrace, WatchedTrace)
    ):
        trace.__class__ = watched_class(kind)


# What is replaced while somebody watches

replacements: list[tuple[Any, str, Callable[[Callable], Callable]]] = []
"""(owner, name, make): attribute ``name`` of ``owner`` becomes ``make`` of what it was."""

lock = threading.Lock()
count = 0
originals: list[Callable] = []


def make_run(run: Callable) -> Callable:
    @functools.wraps(run)
    def watching_run(self, fun, boxes):
        found = who_watches()
        if found:
            watch_trace(self)
            for watcher in found:
                watcher.start(self)
        return run(self, fun, boxes)

    return watching_run


replacements.append((Trace, "run", make_run))


def install() -> None:
    """One more context watches."""
    global count
    with lock:
        count += 1
        if count == 1:
            originals[:] = [getattr(owner, name) for owner, name, _ in replacements]
            for (owner, name, make), original in zip(replacements, originals):
                setattr(owner, name, make(original))


def uninstall() -> None:
    """One context less."""
    global count
    with lock:
        count -= 1
        if count == 0:
            for (owner, name, _), original in zip(replacements, originals):
                setattr(owner, name, original)
            originals.clear()


@contextmanager
def watched_by(*new: Watcher) -> Iterator[None]:
    """While this lasts ``new`` are those who watch in this context."""
    if new and is_recording():
        raise NotReplayable("it is watched inside (debug_nans, debug_trace), where no program tells what it does")
    install()
    token = watchers.set(new)
    try:
        for trace in running_traces():
            watch_trace(trace)
        yield
    finally:
        try:
            watchers.reset(token)
        except ValueError:  # left in another context than it was entered in: there it is not set
            pass
        uninstall()


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """While this lasts ``watcher`` watches too."""
    with watched_by(*who_watches(), watcher):
        yield


def watch_everywhere(watcher: Watcher) -> None:
    """From now on ``watcher`` watches in all contexts in which nothing else is said."""
    if not everywhere:
        install()
    everywhere.append(watcher)
