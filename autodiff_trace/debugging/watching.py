"""Watching: while somebody does, traces tell what they compute, forward and backward. Off, nothing is asked anywhere.

A trace that starts while the context has a watcher becomes one that reports (:mod:`~.watched_traces`); the backward
pass and the call of a compiled function are replaced by those of :mod:`~.watched_runs`. What is replaced is put back
when the last watcher of all threads leaves; who watches is asked of the context, so that other threads and tasks are
not reported.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..compiler.record.refusals import NotReplayable
from ..core.recording import is_recording
from ..core.tracer import Trace, running_traces
from .watched_traces import watch_trace
from .watchers import Watcher, everywhere, watchers, who_watches

__all__ = ["replacements", "watch", "watch_everywhere", "watched_by"]

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
