"""Tracing: from a function and its arguments to a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...captured_state.captured import CapturedState
from ...core.errors import TracedValueError
from ..dispatch.arguments import NotPlain, are_numbers, take_apart
from ..dispatch.leaf_names import written_paths
from ..dispatch.signature import Form, reveal
from ..record.refusals import NotReplayable
from ..record.tracing import record
from ..selection import AUTO, Selection
from .graph import Graph

__all__ = ["trace_graph"]


def trace_graph(
    fun: Callable, args: tuple, kwargs: dict, passes: Sequence[str], name: str, positions: tuple[int, ...],
    static_argnames: tuple[str, ...], selection: Selection = AUTO,
) -> Graph:
    """Run ``fun`` once on these arguments and return its graph."""
    foreign = TypeError(f"graph: an argument of {name} is an array that programs cannot handle; pass one of numbers.")
    try:
        leaves, _, statics = take_apart(args, kwargs, static_argnames, positions)
    except NotPlain as error:
        traced = TracedValueError(f"graph: an argument of {name} is a traced value; make the graph with plain ones.")
        raise traced if error.boxed else foreign from None
    if not are_numbers(leaves):
        raise foreign
    form = Form(args, kwargs, positions, static_argnames)
    args, kwargs = form.prepare(args, kwargs)

    def revealing(*args, **kwargs):
        return fun(*map(reveal, args), **{key: reveal(arg) for key, arg in kwargs.items()})

    revealing.__wrapped__ = fun  # where its parameters are looked up

    try:
        recording = record(revealing, args, kwargs, CapturedState(fun, *statics), apart=True)
        reason = recording.reason
    except NotReplayable as error:
        reason = str(error)
    if reason:
        raise TracedValueError(f"{name} has no graph: {reason}.")
    paths = [path for path, static in zip(written_paths(fun, form.structure), form.statics) if static is None]
    return Graph(
        recording.program, form, recording.structure, passes, name, selection, paths, recording.passes)
