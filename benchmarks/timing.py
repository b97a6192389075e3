"""Compare the speed of functions in one run: interleaved, so that a busy machine slows them all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

import numpy as np

__all__ = ["Timing", "compare", "format_table", "format_time", "measure"]

SECONDS_PER_SAMPLE = 0.01
"""Long against the resolution of the clock, short against the time slice of the operating system."""


class Timing(NamedTuple):
    """The median time of a call, and the median of its ratios to the reference, both over the rounds."""

    seconds: float
    ratio: float


def compare(functions: Mapping[str, Callable[[], object]], reference: str, rounds: int) -> dict[str, Timing]:
    """Time each function once a round, all in turn; ratios are to ``reference`` in the same round.

    The garbage collector stays on: a library that leaves cycles behind pays for them in its users' programs too.
    """
    counts = {name: calls_per_sample(function) for name, function in functions.items()}
    samples: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for i in range(rounds):
        # Each round starts with another function, so that none always follows the same one.
        for name in names[i % len(names) :] + names[: i % len(names)]:
            samples[name].append(time_calls(functions[name], counts[name]))
    return {
        name: Timing(median(times), median(t / r for t, r in zip(times, samples[reference])))
        for name, times in samples.items()
    }


def calls_per_sample(function: Callable[[], object]) -> int:
    """How often to call ``function`` for a sample; finding out warms it up."""
    count = 1
    while (seconds := time_calls(function, count) * count) < SECONDS_PER_SAMPLE:
        count = max(2 * count, int(count * SECONDS_PER_SAMPLE / max(seconds, 1e-9)))
    return count


def time_calls(function: Callable[[], object], count: int) -> float:
    """Seconds a call, of ``count`` calls in a row."""
    repeats = range(count)
    start = time.perf_counter()
    for _ in repeats:
        function()
    return (time.perf_counter() - start) / count


def measure(
    candidates: Mapping[str, Callable[[], object]], rtol: float, rounds: int, reference: str, ours: str
) -> list[list[str]]:
    """A row a candidate: time of a call, ratios to the reference and to ours; WRONG for a wrong result."""
    expected = to_arrays(candidates[reference]())
    right = {name: run for name, run in candidates.items() if agrees(to_arrays(run()), expected, rtol)}
    timings = compare(right, reference, rounds)
    rows = []
    for name in candidates:
        if name not in timings:
            rows.append([name, "WRONG", "", ""])
            continue
        to_ours = f"{timings[name].ratio / timings[ours].ratio:.2f}" if ours in timings else ""
        rows.append([name, format_time(timings[name].seconds), f"{timings[name].ratio:.2f}", to_ours])
    return rows


def to_arrays(result: object) -> list[np.ndarray]:
    return [np.asarray(part) for part in (result if isinstance(result, (list, tuple)) else [result])]


def agrees(actual: list[np.ndarray], expected: list[np.ndarray], rtol: float) -> bool:
    return len(actual) == len(expected) and all(
        a.shape == e.shape and np.allclose(a, e, rtol=rtol, atol=rtol) for a, e in zip(actual, expected)
    )


def format_time(seconds: float) -> str:
    """Seconds in a unit that fits.

    >>> format_time(0.000123), format_time(4.56e-8)
    ('123 µs', '45.6 ns')
    """
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 999.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def format_table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, columns aligned, the first one to the left.

    >>> print(format_table(["", "time"], [["sin", "1.2 µs"], ["multiply", "0.9 µs"]]))
    |          |   time |
    | :------- | -----: |
    | sin      | 1.2 µs |
    | multiply | 0.9 µs |
    """
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: list[str]) -> str:
        aligned = [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]
        return f"| {' | '.join(aligned)} |"

    return "\n".join(map(line, [head, rule, *rows]))
