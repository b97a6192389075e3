"""``debug_trace``: each operation is printed when a trace has recorded it, and each step of a backward pass."""

from __future__ import annotations

import sys
from contextlib import _GeneratorContextManager
from typing import Any

from ..core.batching import BatchTrace
from ..core.forward import JVPTrace
from ..core.reverse import VJPTrace
from ..core.tracebacks import border
from ..core.tracer import Trace, running_traces
from .places import file_and_line, name_of, shape_text, short_name
from .watched_runs import ValueTrace
from .watchers import Call, Pull, Watcher
from .watching import watch

__all__ = ["debug_trace"]

MODES = (ValueTrace, "value"), (VJPTrace, "reverse"), (JVPTrace, "forward"), (BatchTrace, "vmap")


class Printer(Watcher):
    """Prints to ``stream``, or to what is ``sys.stderr`` then."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def called(self, call: Call) -> None:
        given = [shape_text(arg) for arg in call.args]
        given += [f"{name}={shape_text(arg)}" for name, arg in call.kwargs.items()]
        text = f"{name_of(call.prim)}({', '.join(given)}) -> {shape_text(call.ans)}"
        self.print(short_name(*file_and_line(call.place)), mode_of(call.trace), text)

    def pulled(self, pull: Pull) -> None:
        results = ", ".join(shape_text(g) for _, g in pull.pulled) or "nothing"
        text = f"{name_of(pull.node[6])}: {shape_text(pull.g)} -> {results}"
        self.print(short_name(*file_and_line(pull.place)), "backward", text)

    def print(self, *words: str) -> None:
        print("  ".join(words), file=sys.stderr if self.stream is None else self.stream)


def mode_of(trace: Trace) -> str:
    """'reverse', and 'reverse 2' for the second of several traces that run."""
    mode = next((mode for kind, mode in MODES if isinstance(trace, kind)), "series")
    running = running_traces()
    return f"{mode} {running.index(trace) + 1}" if len(running) > 1 and trace in running else mode


@border
def debug_trace(stream: Any = None) -> _GeneratorContextManager[None]:
    """While this lasts, print each operation on traced values when it has been recorded, forward and backward.

    Arguments:
        stream: what is written to, by default ``sys.stderr``.

    A line is ``file:line  mode  name(operands) -> answer``, arrays by dtype and shape, as the function sees them: under
    ``vmap`` those of one element. ``mode`` is the trace that has recorded it, ``reverse``, ``forward``, ``vmap``,
    ``series``, or ``value`` in a compiled function, with its number where several run, the outermost first: an
    operation of ``grad(grad(f))`` is printed by both. A step of a backward pass is ``file:line  backward  name:
    cotangent -> cotangents of what is followed``, with the line of the forward call. Compiled functions run as they
    are, uncompiled; what NumPy computes of plain arrays is not printed.

    >>> import sys
    >>> from autodiff_trace import debug_trace, grad, numpy as anp
    >>> with debug_trace(sys.stdout):  # doctest: +ELLIPSIS
    ...     slope = grad(lambda x: anp.sum(anp.sin(x) * 2))(anp.array([1.0, 2.0]))
    <...>:2  reverse  sin(float64[2]) -> float64[2]
    <...>:2  reverse  multiply(float64[2], 2) -> float64[2]
    <...>:2  reverse  sum(float64[2], (0,), False) -> float64
    <...>:2  backward  sum: float64 -> float64[2]
    <...>:2  backward  multiply: float64[2] -> float64[2]
    <...>:2  backward  sin: float64[2] -> float64[2]
    """
    if stream is not None and not hasattr(stream, "write"):
        raise TypeError(f"debug_trace: the stream is {stream!r}, which has no write(); the function to be watched is "
                        "called within the block, with debug_trace(): f(x).")
    return watch(Printer(stream))
