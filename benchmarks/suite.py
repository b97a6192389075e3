"""Measure a workload: every library computes it, results are checked against each other, the right ones are timed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np

from autodiff_trace.data import progress

from .library import Library, leaves
from .limit import TooLong, limited
from .timing import sample_in_turn, time_call
from .workload import LIBRARIES, Workload

__all__ = ["ABSENT", "ERROR", "OK", "TOO_LONG", "WRONG", "Measurement", "Row", "measure", "warm_up"]

ABSENT, ERROR, OK, TOO_LONG, WRONG = "-", "ERROR", "ok", "TOO LONG", "WRONG"

FIRST_CALL_LIMIT = 120.0
"""Seconds for a library to compile a workload and run it twice."""

PAUSE = 0.05
"""Seconds before each sample: threads that wait for work keep the processors busy for up to 30 ms, when it is another
library's turn. On two processors a training step of torch took 0.60 ms without a pause, and 0.30 ms with it, which is
what it takes alone. (OMP_WAIT_POLICY=PASSIVE, which has threads sleep at once, made torch itself ten times slower.)
"""


WARM_UP = Workload("warm-up", "", "", lambda: (np.ones(3),), lambda np, x: np.sum(x * x), by_hand=lambda x: 2 * x)


@dataclass
class Measurement:
    """One library on one workload: seconds a call, a sample a round; and of all that comes before, the first two calls
    included: to trace, to compile."""

    status: str = ABSENT
    first_call: float | None = None
    samples: list[float] = field(default_factory=list)


@dataclass
class Row:
    """One workload. Ratios are to ``reference``: NumPy by hand, or where there is none, who agrees with most.

    ``traffic`` is the bytes of inputs and results: what goes through memory at least.
    """

    name: str
    title: str
    family: str
    size: float | None
    reference: str
    results: dict[str, Measurement]
    traffic: int = 0

    def samples(self, name: str) -> list[float]:
        """Empty if ``name`` was not timed."""
        return self.results[name].samples if name in self.results else []


def measure(
    workload: Workload,
    libraries: Mapping[str, Library],
    seconds: float,
    rounds: int,
    complain: Callable[[str], None],
    label: str = "",
    limit: float = FIRST_CALL_LIMIT,
) -> Row:
    """Check and time ``workload`` for about so many seconds and at most so many rounds; errors go to ``complain``.

    A library whose first two calls take longer than ``limit`` is not timed.
    """
    end = perf_counter() + seconds
    inputs = workload.inputs()
    results: dict[str, Measurement] = {}
    runs: dict[str, Callable[[], object]] = {}
    answers: dict[str, list[list[np.ndarray]]] = {}
    for name, prepare in find_candidates(workload, libraries).items():
        results[name] = Measurement()
        try:
            with limited(limit) as clock:
                run, seconds_before = time_call(partial(prepare, workload, inputs))
                if run is None:
                    continue
                # The first call of a compiled function need not have run the compiled program, nor made all of it.
                (first, seconds_first), (second, seconds_second) = time_call(run), time_call(run)
            results[name].first_call = seconds_before + seconds_first + seconds_second
            answers[name] = [to_arrays(first), to_arrays(second)]
            runs[name] = run
        except TooLong:
            results[name].status = TOO_LONG
        except Exception as error:
            results[name].status = TOO_LONG if clock.over else ERROR
            if not clock.over:
                complain(f"{workload.name}: {name}: {type(error).__name__}: {error}")
    reference = find_reference(answers, workload.rtol)
    for name in runs:
        right = all(agrees(answer, answers[reference][0], workload.rtol) for answer in answers[name])
        results[name].status = OK if right else WRONG
    traffic = sum(array.nbytes for array in (*to_arrays(inputs), *(answers[reference][0] if reference else ())))
    answers.clear()
    right = {name: run for name, run in runs.items() if results[name].status == OK}
    with garbage_set_aside(), closing(progress(range(rounds if right else 0), label)) as turns:
        for name, samples in sample_in_turn(right, end - perf_counter(), turns, PAUSE).items():
            results[name].samples = samples
    return Row(workload.name, workload.title, workload.family, workload.size, reference, results, traffic)


@contextmanager
def garbage_set_aside() -> Iterator[None]:
    """What lives so far is not searched for garbage: no library shall pay for the modules of the others.

    With JAX and PyTorch loaded a full collection takes a hundred times as long as a gradient of small arrays.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def warm_up(libraries: Mapping[str, Library]) -> None:
    """What a library loads at its first use is not to count as the first call of whichever workload comes first."""
    measure(WARM_UP, libraries, 0.0, 1, lambda message: None)


def find_candidates(workload: Workload, libraries: Mapping[str, Library]) -> dict[str, Callable]:
    """What prepares the computation, for each library and for what ``workload`` times beside them."""
    own = {
        name: lambda workload, inputs, make=make: make(*inputs)
        for name, make in workload.calls.items()
        if name in libraries or name not in LIBRARIES
    }
    return {**{name: library.prepare for name, library in libraries.items()}, **own}


def find_reference(answers: Mapping[str, list[list[np.ndarray]]], rtol: float) -> str:
    """NumPy by hand, or who agrees with most others (the first of several); empty if there are no answers."""
    if "numpy" in answers or not answers:
        return "numpy" if answers else ""
    return max(answers, key=lambda name: sum(agrees(other[0], answers[name][0], rtol) for other in answers.values()))


def to_arrays(result: object) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in leaves(result)]


def agrees(actual: list[np.ndarray], expected: list[np.ndarray], rtol: float) -> bool:
    """Whether shapes are equal, and entries to ``rtol`` of their own size or of the largest one's."""
    return len(actual) == len(expected) and all(
        a.shape == e.shape and np.allclose(a, e, rtol=rtol, atol=rtol * np.max(np.abs(e), initial=0.0))
        for a, e in zip(actual, expected)
    )
