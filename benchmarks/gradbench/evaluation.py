"""What an eval consists of, and one run of one of its functions, as the suite asks a tool for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from autodiff_trace import jit


__all__ = ["CLOCKS", "Case", "Compile", "Eval", "Function", "Run", "Skipped", "compiler", "run_function"]

CLOCKS = {"wall": time.perf_counter_ns, "cpu": time.process_time_ns}
"""The suite's, and one that does not count the time of other processes; nor, with several threads, waiting."""

SEED = 31337
"""Of all generators of the suite."""

WARM_UP_CALLS = 2
WARM_UP_SECONDS = 0.3
"""Calls that are not among the runs. The first one traces and compiles; a back end may compile while others run."""

Compile = Callable[[Callable], Callable]
"""``jit``, with the back end that the user chose."""


class Skipped(Exception):
    """Why an eval cannot be run here."""


class Case(NamedTuple):
    """An input, in the form of the suite's messages; arrays may stand for its lists."""

    description: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """One of the functions of an eval.

    Attributes:
        prepare: of an input and a ``Compile``, the call without arguments that is timed. What depends on the input
            alone, such as arrays made of lists, belongs here.
        output: what the suite is to be sent of the result: numbers, lists and dictionaries.
        expected: of an input, the output by a formula of its own, in plain NumPy.
    """

    prepare: Callable[[Mapping[str, Any], Compile], Callable[[], Any]]
    output: Callable[[Any], Any]
    expected: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Eval:
    """An eval: its functions by the suite's names, the two whose ratio is reported first, and its default inputs.

    Attributes:
        cases: of the user's folder of data (None without one), the inputs in the suite's order, each made when it is
            asked for; raises Skipped.
        ratio: whether the second function's time over the first one's is a cost of differentiation.
        note: what differs from the suite, for the report.
    """

    name: str
    functions: Mapping[str, Function]
    cases: Callable[[Path | None], Iterator[Case]]
    ratio: bool = True
    note: str = ""


class Run(NamedTuple):
    """The output of a function; nanoseconds of its preparation with the first two calls, and of each timed run."""

    output: Any
    preparation: int
    evaluations: Sequence[int]


def compiler(backend: str | None) -> Compile:
    """``jit`` with a back end, None for its own choice."""
    return jit if backend is None else partial(jit, backend=backend)


def run_function(function: Function, input: Mapping[str, Any], compile: Compile, clock: str = "wall") -> Run:
    """Run a function until it ran ``min_runs`` times and ``min_seconds`` long, as the input asks, at least once."""
    runs = input if isinstance(input, Mapping) else {}
    least, seconds = int(runs.get("min_runs", 1)), float(runs.get("min_seconds", 0.0))
    now = CLOCKS[clock]
    start = now()
    call = function.prepare(input, compile)
    for _ in range(WARM_UP_CALLS):
        call()
    preparation = now() - start
    while now() - start < 1e9 * min(seconds, WARM_UP_SECONDS):
        call()
    evaluations: list[int] = []
    total = 0
    while len(evaluations) < max(least, 1) or total < 1e9 * seconds:
        start = now()
        result = call()
        evaluations.append(now() - start)
        total += evaluations[-1]
    return Run(function.output(result), preparation, evaluations)
