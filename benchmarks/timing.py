"""Compare the speed of functions in one run: interleaved, so that a busy machine slows them all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median, quantiles

__all__ = ["format_time", "ratio", "sample_in_turn", "spread", "time_call"]

SECONDS_PER_SAMPLE = 0.01
"""Long against the resolution of the clock, short against the time slice of the operating system."""

LEAST_ROUNDS = 3


def sample_in_turn(
    functions: Mapping[str, Callable[[], object]], seconds: float, rounds: Iterable[int], pause: float = 0.0
) -> dict[str, list[float]]:
    """Time each function once a round, all in turn; rounds are numbered from 0, and end when ``seconds`` are over.

    Before each sample are ``pause`` seconds, in which the threads of the others come to rest, and a call that is not
    timed. The garbage collector stays on: a library that leaves cycles behind pays for them in its users' programs too.
    """
    end = time.perf_counter() + seconds
    counts = {name: calls_per_sample(function) for name, function in functions.items()}
    samples: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for i in rounds:
        if i >= LEAST_ROUNDS and time.perf_counter() > end:
            break
        # Each round starts with another function, so that none always follows the same one.
        for name in names[i % len(names) :] + names[: i % len(names)]:
            time.sleep(pause)
            functions[name]()
            samples[name].append(time_calls(functions[name], counts[name]))
    return samples


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


def time_call(function: Callable[[], object]) -> tuple[object, float]:
    """What ``function`` returns, and the seconds it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def ratio(samples: list[float], to: list[float]) -> float:
    """The median of the ratios, each of two samples of one round.

    >>> ratio([2.0, 30.0, 6.0], [1.0, 10.0, 3.0])
    2.0
    """
    return median(a / b for a, b in zip(samples, to))


def spread(samples: list[float]) -> float:
    """Half the distance between the quartiles, relative to the median.

    >>> spread([9.0, 10.0, 11.0])
    0.1
    """
    if len(samples) < 2:
        return 0.0
    low, middle, high = quantiles(samples, n=4)
    return (high - low) / (2 * middle)


def format_time(seconds: float) -> str:
    """Seconds in a unit that fits.

    >>> format_time(0.000123), format_time(4.56e-8)
    ('123 µs', '45.6 ns')
    """
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 999.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"
