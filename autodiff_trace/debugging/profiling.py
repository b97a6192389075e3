"""``profile``: time and memory of a gradient by the lines of its function, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from ..core.tracebacks import border
from ..core.tracer import Trace
from ..core.transformed import check_function
from ..transforms.gradient import differentiate
from .places import file_and_line, leaves_in, short_name, source_line
from .watchers import Call, Place, Pull, Watcher
from .watching import watch

__all__ = ["LineCost", "Profile", "profile"]


class LineCost(NamedTuple):
    """What one line of the user's costs: see :func:`profile`."""

    filename: str
    lineno: int
    calls: int
    forward: float
    backward: float
    allocated: int
    kept: int
    source: str


@dataclass
class Costs:
    """The same while it is being measured."""

    source: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    allocated: int = 0
    kept: int = 0


class Profiler(Watcher):
    """Adds up the costs of each line.

    Attributes:
        lines: by file and number.
        makers: by the id of an array that an operation has made a weak reference to it, and its line.
        trace: the trace of the gradient, which keeps what its backward pass reads.
        in_passes, in_reports: seconds in backward passes as a whole, and in this watcher.
    """

    def __init__(self) -> None:
        self.lines: dict[tuple[str, int], Costs] = {}
        self.makers: dict[int, tuple[Any, Costs]] = {}
        self.trace: Trace | None = None
        self.in_passes = self.in_reports = 0.0

    def start(self, trace: Trace) -> None:
        self.trace = self.trace or trace

    def called(self, call: Call) -> None:
        start = perf_counter()
        costs = self.costs(call.place)
        given = [call.args, call.kwargs]
        if not call.is_inside:
            costs.calls += 1
            costs.forward += call.seconds
            self.note_made(costs, call.ans, given)
        if call.trace is self.trace:
            self.note_kept(costs, call.ans, given)
        self.in_reports += perf_counter() - start

    def pulled(self, pull: Pull) -> None:
        if not pull.is_inside:
            start = perf_counter()
            costs = self.costs(pull.place)
            costs.backward += pull.seconds
            self.note_made(costs, [g for _, g in pull.pulled], [pull.g, *pull.node[3:6]])
            spent = perf_counter() - start
            self.in_reports += spent
            self.in_passes -= spent

    def passed(self, seconds: float) -> None:
        self.in_passes += seconds

    def costs(self, place: Place) -> Costs:
        return self.lines.setdefault(file_and_line(place), Costs(source_line(place)))

    def note_made(self, costs: Costs, made: Any, given: Any) -> None:
        """Count the arrays that a call has made: those that lie in no memory that it was given."""
        held = set(map(id, memory_of(given)))
        for each in memory_of(made):
            if id(each) not in held:
                held.add(id(each))
                costs.allocated += each.nbytes
                self.makers[id(each)] = ref(each), costs

    def note_kept(self, costs: Costs, answers: Any, given: Any) -> None:
        """Count what the node of a call keeps: an array that an operation has made at the line of that, copies here."""
        theirs = set(map(id, memory_of(given)))
        for box in answers if isinstance(answers, (list, tuple)) else [answers]:
            node = getattr(box, "_node", None)
            for each in memory_of(node[3:6]) if node is not None else ():
                reference, maker = self.makers.pop(id(each), (None, None))
                if reference is not None and reference() is each:
                    maker.kept += each.nbytes
                elif id(each) not in theirs:
                    theirs.add(id(each))
                    costs.allocated += each.nbytes
                    costs.kept += each.nbytes


def memory_of(value: Any) -> Iterator[np.ndarray]:
    """The arrays in which the values lie, of a view that of which it is one."""
    for each in leaves_in(value):
        while isinstance(each, np.ndarray) and isinstance(each.base, np.ndarray):
            each = each.base
        if isinstance(each, np.ndarray):
            yield each


class Profile:
    """The costs of a gradient, line by line. Printed, it is a table.

    Attributes:
        lines: a list of :class:`LineCost`, in the order of the files.
        elsewhere: seconds forward and backward outside of traced operations: Python, and what NumPy computes of plain
            arrays.
        seconds: all of the time, but for that of watching.
        value, gradient: what ``value_and_grad`` gave.
    """

    def __init__(self, profiler: Profiler, seconds: float, value: Any, gradient: Any) -> None:
        self.value, self.gradient = value, gradient
        self.seconds = seconds - profiler.in_reports
        self.lines = [
            LineCost(*place, costs.calls, costs.forward, costs.backward, costs.allocated, costs.kept, costs.source)
            for place, costs in sorted(profiler.lines.items())
        ]
        forward, backward = (sum(getattr(line, name) for line in self.lines) for name in ("forward", "backward"))
        self.elsewhere = self.seconds - profiler.in_passes - forward, profiler.in_passes - backward

    def __str__(self) -> str:
        sums = [sum(each) for each in zip(*[line[2:7] for line in self.lines])] or [0] * 5
        sums[1] += self.elsewhere[0]
        sums[2] += self.elsewhere[1]
        rows = [
            ("line", "calls", "forward", "backward", "allocated", "kept", ""),
            *[(short_name(line.filename, line.lineno), *texts(line[2:7]), line.source) for line in self.lines],
            ("elsewhere", "", *map(time_text, self.elsewhere), "", "", ""),
            ("sum", *texts(sums), ""),
        ]
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:6], widths[1:6]), row[6]]).rstrip()
            for row in rows
        )

    __repr__ = __str__


def texts(costs: Sequence[Any]) -> tuple[str, ...]:
    """The number of calls, two times and two sizes as text."""
    return str(costs[0]), *map(time_text, costs[1:3]), *map(size_text, costs[3:5])


def time_text(seconds: float) -> str:
    return f"{max(seconds, 0.0) * 1e3:.3f} ms"


def size_text(count: int) -> str:
    """'800 B', '1.2 MB'."""
    for unit, size in ("GB", 1e9), ("MB", 1e6), ("kB", 1e3):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


@border
def profile(
    fun: Callable, /, *args: Any, argnums: int | Sequence[int] = 0, has_aux: bool = False, **kwargs: Any
) -> Profile:
    """Time and memory of the gradient of ``fun`` at these arguments, by the lines of its code, forward and backward.

    Arguments:
        fun: what ``grad`` takes: it returns a number, or an array of which the sum is meant.
        args, kwargs: its arguments.
        argnums, has_aux: of which the gradient is taken, and whether ``fun`` returns more, as for :func:`grad`.

    Returns a :class:`Profile`, which is printed as a table: for each line the
    number of operations on traced values, the seconds that they took forward, and those of their rules backward; the
    bytes of the arrays that they allocated, forward and backward; and how many of these bytes are kept from when they
    are made until the backward pass reads them. Its ``lines`` are the same as data. What is not an operation on traced
    values is in the row ``elsewhere``.

    ``fun`` is called once, and not compiled; call it before, so that what is done at first calls is not measured. In a
    backward pass no cotangent is written into the memory of another here, as without watching large ones are.

    >>> from autodiff_trace import numpy as anp, profile
    >>> def loss(x):
    ...     y = anp.tanh(x)
    ...     return anp.sum(y * y)
    >>> costs = profile(loss, anp.ones(1000))
    >>> [(line.calls, line.allocated, line.kept) for line in costs.lines]
    [(1, 16000, 8000), (2, 32000, 0)]
    """
    check_function("profile", fun, "profile(f, x), not profile(f(x))")
    profiler = Profiler()
    with watch(profiler):
        start = perf_counter()
        value, _, gradient = differentiate("profile", fun, args, kwargs, argnums, None, has_aux=has_aux)
        seconds = perf_counter() - start
    return Profile(profiler, seconds, value, gradient)
