"""What is asked beside the times: how far from the best, how far from the speed of memory, how long it compiles."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .report import OURS, best_other, format_factor, format_table
from .suite import Row
from .timing import format_time, ratio

__all__ = ["bandwidth_table", "best_table", "first_call_table", "memory_factors", "takes_part"]

LARGE = 2**22
"""Bytes that a workload moves at least, for its time to be compared with that of the memory."""

MEMORY_FAMILIES = ("elementwise", "memory", "reduction")


def takes_part(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Those of ``names`` that were timed somewhere."""
    return [name for name in names if any(row.samples(name) for row in rows)]


def best_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The fastest of the others on each workload, and how many times its time ours take; empty without others."""
    ours = [name for name in takes_part(rows, names) if name in OURS]
    lines = []
    for row in rows:
        best = best_other(row, names)
        if best:
            cells = [format_factor(ratio(row.samples(name), row.samples(best))) if row.samples(name) else "-"
                     for name in ours]
            lines.append([row.name, best, format_time(median(row.samples(best))), *cells])
    return format_table(["to the best of the others", "who", "time", *ours], lines) if lines and ours else ""


def first_call_table(rows: Sequence[Row], compiled: Sequence[str]) -> str:
    """Seconds until a result has come twice: to trace, to compile, and two runs; empty if nothing was compiled."""
    names = takes_part(rows, compiled)
    lines = []
    for row in rows:
        seconds = [row.results[name].first_call if name in row.results else None for name in names]
        if any(seconds):
            lines.append([row.name, *(format_time(value) if value else "-" for value in seconds)])
    return format_table(["until the second result", *names], lines) if lines else ""


def bandwidth_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Large workloads: times relative to that of reading the inputs and writing the results once; empty if the speed
    of memory was not measured."""
    rate = memory_rate(rows)
    if rate is None:
        return ""
    names = takes_part(rows, names)
    factors = {name: memory_factors(rows, name) for name in names}
    lines = []
    for row in rows:
        cells = [format_factor(factors[name][row.name]) if row.name in factors[name] else "-" for name in names]
        if any(cell != "-" for cell in cells):
            lines.append([row.name, format_time(row.traffic / rate), *cells])
    return format_table([f"times the memory's time, {rate / 1e9:.1f} GB/s", "its time", *names], lines)


def memory_factors(rows: Sequence[Row], name: str) -> dict[str, float]:
    """How many times the time that its memory takes each large elementwise workload or reduction takes."""
    rate = memory_rate(rows)
    return {row.name: median(row.samples(name)) * rate / row.traffic for row in rows
            if rate and row.traffic >= LARGE and row.family in MEMORY_FAMILIES and row.samples(name)}


def memory_rate(rows: Sequence[Row]) -> float | None:
    """Bytes a second, as fast as whoever was fastest on the triad of the same run; None if that was not measured."""
    triad = next((row for row in rows if row.name == "triad"), None)
    seconds = [median(result.samples) for result in triad.results.values() if result.samples] if triad else []
    return triad.traffic / min(seconds) if triad and seconds else None
