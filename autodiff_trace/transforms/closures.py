"""Closures: the traced values that a function reads from around it, made arguments. Knows no derivative.

A solver calls a function of the user many times, on plain values, and gives it a derivative as one step. The function
may read traced values that are not among its arguments:

    def loss(rate):
        return solve(lambda y: rate * y, y0)        # a box of the trace that differentiates ``loss``

So it is run once, before, to see which boxes it reads (their traces have *substitutions*, see ``trace_substitution``).
From then on these are leaves of the step like any other, and each run is told what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.batching import BatchTrace
from ..core.errors import TracedValueError, caller_line
from ..core.forward import trace_jvp
from ..core.pytree import tree_flatten, tree_map, tree_unflatten
from ..core.tracer import Box, Trace, box_classes, innermost_trace, own_box, running_traces, trace_stack
from .trace_substitution import active, substituting

__all__ = ["Closure", "MoreHidden", "sample"]


MOST_STARTS = 100


class MoreHidden(Exception):
    """A run has read a traced value that those before did not: it has been added to ``Closure.hidden``."""


class Closure:
    """A function, with the traced values that it reads from around it in the list ``hidden``.

    Traced values are those of the traces that run where the closure is made. ``discover`` finds those that one run
    reads; ``call`` and ``run`` replace them. A run on other branches may read more: ``attempt`` starts again then.
    """

    def __init__(self, fun: Callable) -> None:
        self.fun = fun
        self.name = getattr(fun, "__name__", type(fun).__name__)
        self.hidden: list[Box] = []
        self.places: dict[tuple, int] = {}
        self.outer = active.get().lifts
        self.traces = {*running_traces(), *self.outer}
        self.is_attempting = False

    def discover(self, *args: Any, **kwargs: Any) -> None:
        """Call the function on a :func:`sample` of its arguments, and note what it reads."""
        if self.traces:
            args, kwargs = tree_map(sample, (args, kwargs))
            self.run(None, self.fun, *args, **kwargs)

    def call(self, values: Sequence, *args: Any, **kwargs: Any) -> Any:
        """``fun(*args, **kwargs)`` where the boxes of ``hidden`` stand for ``values``.

        Raises MoreHidden if it reads others. To compile it, ``jit`` a function of the values and the arguments.
        """
        return self.run(values, self.fun, *args, **kwargs)

    def run(self, values: Sequence | None, thunk: Callable, *args: Any, **kwargs: Any) -> Any:
        """``thunk(*args, **kwargs)`` where the boxes of ``hidden`` stand for ``values``: for many calls of ``fun``.

        ``values`` None: each stands for a sample, and what is read for the first time is added. Boxes among the
        results and the arguments are those of traces that run where this is called.
        """
        if not self.traces:
            return thunk(*args, **kwargs)
        leaves, structure = tree_flatten((args, kwargs))
        count = len(leaves)
        out_structure = None

        def grounded():
            nonlocal out_structure
            ground = innermost_trace()
            # Boxes of the traces themselves, of a derivative that is taken of the step: constants, and not replaced.
            own = [
                type(x)(x, ground, None) if type(x) in box_classes and x._trace in self.traces else x
                for x in (*leaves, *(values or ()))
            ]
            args, kwargs = tree_unflatten(structure, own[:count])
            above = frozenset([trace for trace in running_traces() if trace not in self.traces])
            given = traces_of((*leaves, *(values or ())))
            lift = self.lift(None if values is None else own[count:], given)
            with (
                substituting({trace: (lift, None) for trace in self.traces}, ground, above),
                running([trace for trace in running_traces() if trace in above or trace in given]),
            ):
                results, out_structure = tree_flatten(thunk(*args, **kwargs))
            return results

        results, _ = trace_jvp(grounded, (), ())
        return tree_unflatten(out_structure, results)

    def lift(self, values: Sequence | None, given: set[Trace]) -> Callable[[Box], Any]:
        """What a box of one of the traces stands for. Unknown ones of the traces ``given`` are of this very run."""

        def find(box):
            if box._node is None or box._node is False:
                return box._value  # a constant
            if box._trace in self.outer:
                other = self.outer[box._trace][0](box)
                if other is not box:
                    return find(other) if type(other) in box_classes and other._trace in self.traces else other
            key = box._trace, id(box._value), id(box._node)
            if key not in self.places:
                if box._trace in given:
                    return box
                if values is not None and not self.is_attempting:
                    raise TracedValueError(
                        f"{self.name}, run for a derivative, reads a traced value ({caller_line()}) that it did not "
                        "read when it was called, since it takes another branch. Pass the value as an argument, or "
                        "let each branch read it."
                    )
                self.places[key] = len(self.hidden)
                self.hidden.append(own_box(box))  # which keeps what the key names
                if values is not None:
                    raise MoreHidden(self.name)
            return sample(box) if values is None else values[self.places[key]]

        return find

    def attempt(self, step: Callable[[], Any]) -> Any:
        """``step()``, which makes a step of the leaves in ``hidden`` and runs it; once more when there are more."""
        before, self.is_attempting = self.is_attempting, True
        try:
            for _ in range(MOST_STARTS):
                try:
                    return step()
                except MoreHidden:
                    pass
        finally:
            self.is_attempting = before
        raise TracedValueError(
            f"{self.name} reads other traced values in each run ({caller_line()}). Pass them as arguments."
        )


@contextmanager
def running(traces: Sequence[Trace]) -> Iterator[None]:
    """Let these be the traces that run: no others make buffers, or record what is not for them."""
    token = trace_stack.set(tuple(traces))
    try:
        yield
    finally:
        trace_stack.reset(token)


def sample(x: Any) -> Any:
    """A plain value that a box may stand for: of a batch the first element."""
    mapped = 0
    while type(x) in box_classes:
        mapped += isinstance(x._trace, BatchTrace) and bool(x._node)
        x = x._value
    if not mapped:
        return x
    return x[(0,) * mapped] if x.size else np.zeros(x.shape[mapped:], x.dtype)


def traces_of(leaves: Sequence) -> set[Trace]:
    """The traces of all boxes, also of those under others."""
    found = set()
    for leaf in leaves:
        while type(leaf) in box_classes:
            found.add(leaf._trace)
            leaf = leaf._value
    return found
