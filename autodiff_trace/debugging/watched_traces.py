"""Watched traces: they report each call, and their nodes remember the user's line. A trace becomes one by a change of
its class, as it does when it ends."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..core.batching import BatchTrace
from ..core.forward import JVPTrace
from ..core.lowest import LowestTrace
from ..core.reverse import VJPTrace
from ..core.taylor import TaylorTrace
from ..core.tracer import NO_KEYWORDS, Trace
from .watchers import Call, current_place, timed, warned, who_watches, within

__all__ = ["watch_trace"]


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


@functools.cache
def watched_class(kind: type[Trace]) -> type[Trace]:
    """The class of a watched trace of ``kind``."""
    base = WatchedVJPTrace if issubclass(kind, VJPTrace) else WatchedTrace
    return type(f"Watched{kind.__name__}", (base, kind), {})


def watch_trace(trace: Trace) -> None:
    """Let ``trace`` report its calls from now on."""
    kind = type(trace)
    if issubclass(kind, (VJPTrace, JVPTrace, BatchTrace, TaylorTrace)) and not issubclass(
        kind, (LowestTrace, WatchedTrace)
    ):
        trace.__class__ = watched_class(kind)
