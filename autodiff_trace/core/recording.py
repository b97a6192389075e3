"""What the modes and the array layer ask of a trace that lists calls for other runs. Knows no compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tracer import Trace, box_classes, running_traces, trace_stack

__all__ = ["RecordingTrace", "begin_pass", "draw", "end_pass", "is_recording", "to_recorded"]


class RecordingTrace(Trace):
    """A trace of which other runs repeat the calls: Python may have the plain value of each of its boxes, since the
    trace sees to it that the value is right in other runs too.

    Attributes:
        steps: the calls.
        passes: which of them backward passes have made, a range for each pass that is in no other.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list = []
        self.passes: list[range] = []
        self.depth = self.pass_start = 0

    def note_read(self, array: Any) -> None:
        """A step reads the plain ``array``, which is not among its arguments; so do other runs."""
        raise NotImplementedError

    def note_copy(self, copy: Any, array: Any) -> None:
        """A node keeps ``copy`` of a plain ``array``, which other runs read itself."""
        raise NotImplementedError

    def begin_pass(self) -> None:
        """What is called from here on is part of a backward pass, until :meth:`end_pass`; passes nest."""
        if self.depth == 0:
            self.pass_start = len(self.steps)
        self.depth += 1

    def end_pass(self) -> None:
        """See :meth:`begin_pass`."""
        self.depth -= 1
        if self.depth == 0:
            self.passes.append(range(self.pass_start, len(self.steps)))

    def draw(self, function: Callable, args: tuple, kwargs: dict) -> Any:
        """Call a function of ``numpy.random``, which other runs call anew."""
        raise NotImplementedError


def begin_pass() -> RecordingTrace | None:
    """Tell the trace that lists calls, if one does, that those of a backward pass follow; :func:`end_pass` takes it."""
    stack = trace_stack.get()
    if not stack or not isinstance(stack[0], RecordingTrace):
        return None
    stack[0].begin_pass()
    return stack[0]


def end_pass(trace: RecordingTrace | None) -> None:
    """The calls of the backward pass have been made."""
    if trace is not None:
        trace.end_pass()


def is_recording(traces: tuple[Trace, ...] | None = None) -> bool:
    """Whether one of ``traces``, else of those that run in this context, lists calls for other runs."""
    if traces is None:
        traces = running_traces()
    return bool(traces) and any([isinstance(trace, RecordingTrace) for trace in traces])


def to_recorded(value: Any) -> Any:
    """The plain value under all boxes; under a trace that lists calls its box: what is asked of the value is then asked
    in other runs too."""
    while type(value) in box_classes and not isinstance(value._trace, RecordingTrace):
        value = value._value
    return value


def draw(function: Callable, args: tuple, kwargs: dict) -> Any:
    """Call a function of ``numpy.random``."""
    traces = running_traces()
    if traces and isinstance(traces[0], RecordingTrace):
        return traces[0].draw(function, args, kwargs)
    return function(*args, **kwargs)
