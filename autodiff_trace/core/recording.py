"""What the modes and the array layer ask of a trace that lists calls for other runs. Knows no compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tracer import Trace, box_classes, running_traces

__all__ = ["RecordingTrace", "draw", "is_recording", "to_recorded"]


class RecordingTrace(Trace):
    """A trace of which other runs repeat the calls: Python may have the plain value of each of its boxes, since the
    trace sees to it that the value is right in other runs too."""

    def note_read(self, array: Any) -> None:
        """A step reads the plain ``array``, which is not among its arguments; so do other runs."""
        raise NotImplementedError

    def note_copy(self, copy: Any, array: Any) -> None:
        """A node keeps ``copy`` of a plain ``array``, which other runs read itself."""
        raise NotImplementedError

    def draw(self, function: Callable, args: tuple, kwargs: dict) -> Any:
        """Call a function of ``numpy.random``, which other runs call anew."""
        raise NotImplementedError


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
