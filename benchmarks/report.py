"""What has been measured, as text: times, ratios, targets, and what has changed since an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from .suite import OK, Row
from .timing import format_time, ratio, spread

__all__ = [
    "OURS", "best_other", "changes", "compare", "compare_first_calls", "format_factor", "format_table", "ratio_table",
    "relative_times", "summary", "table_head", "table_line", "time_cells",
]

OURS = ("eager", "jit", "native")
NOTICEABLE = 1.1
"""A change of a ratio by less than this factor is not reported."""

RIVALS = (("native", "numpy"), ("native", "jax"), ("native", "torch-compile"), ("native", "casadi-sx-c"),
          ("native", "pytensor"), ("native", "numba"), ("native", "jit"), ("jit", "numpy"), ("jit", "jax"),
          ("jit", "torch"), ("jit", "torch-compile"), ("jit", "autograd"), ("eager", "torch"), ("eager", "autograd"),
          ("eager", "mygrad"))

def time_cells(row: Row, names: Sequence[str]) -> list[str]:
    """The median time of each library and its spread, or why there is none."""
    cells = []
    for name in names:
        result = row.results[name]
        timed = result.status == OK
        cells.append(f"{format_time(median(result.samples))} ±{spread(result.samples):.0%}" if timed else result.status)
    return cells


def ratio_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Times relative to ours, compiled if that takes part."""
    base = next((name for name in ("jit", "eager", *names) if name in names), "")
    head = [f"times the time of {base}", *names]
    lines = []
    for row in rows:
        cells = [format_factor(ratio(row.samples(name), row.samples(base)))
                 if row.samples(name) and row.samples(base) else "" for name in names]
        if any(cells):
            lines.append([row.name, *cells])
    return format_table(head, lines)


def relative_times(rows: Sequence[Row], names: Sequence[str]) -> list[tuple[str, dict[str, float]]]:
    """For a chart: the title of each row, and the times of all but the reference, relative to it."""
    lines = []
    for row in rows:
        times = {name: ratio(row.samples(name), row.samples(row.reference)) for name in names
                 if name != row.reference and row.samples(name) and row.samples(row.reference)}
        lines.append((row.title if row.reference == "numpy" else f"{row.title} (to {row.reference})", times))
    return lines


def compare(rows: Sequence[Row], ours: str, rival: str) -> dict[str, float]:
    """How many times as fast ours is, by the name of the workload."""
    both = [row for row in rows if row.samples(ours) and row.samples(rival)]
    return {row.name: ratio(row.samples(rival), row.samples(ours)) for row in both}


def best_other(row: Row, names: Sequence[str] | None = None) -> str:
    """Who of ``names`` is the fastest, ours left out; empty without others."""
    others = {name: median(row.samples(name)) for name in names or row.results
              if name not in OURS and row.samples(name)}
    return min(others, key=others.__getitem__, default="")


def compare_first_calls(rows: Sequence[Row]) -> dict[str, float]:
    both = [row for row in rows if row.samples("jit") and row.samples("jax")]
    return {row.name: row.results["jax"].first_call / row.results["jit"].first_call for row in both}


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """How often ours were faster, a line a rival, and where they were not, the slowest first."""
    for ours, rival in RIVALS:
        ratios = compare(rows, ours, rival)
        if ratios:
            yield f"{ours} faster than {rival} {count_ahead(ratios)}"
    ratios = compare_first_calls(rows)
    if ratios:
        yield f"first two calls of jit shorter than of jax {count_ahead(ratios)}"


def count_ahead(ratios: dict[str, float]) -> str:
    behind = sorted((r, name) for name, r in ratios.items() if r < 1)
    listed = "; behind: " + ", ".join(f"{name} {format_factor(r)}" for r, name in behind) if behind else ""
    middle = format_factor(median(ratios.values()))
    return f"on {len(ratios) - len(behind)} of {len(ratios)} workloads (median {middle} ×){listed}"


def changes(old: Sequence[Row], new: Sequence[Row]) -> Iterator[str]:
    """What of ours has become slower or faster, relative to a library that took part in both runs."""
    before = {row.name: row for row in old}
    found = False
    for row in new:
        if row.name not in before:
            continue
        for name in OURS:
            reference = next(shared_references(before[row.name], row, name), None)
            if reference is None:
                continue
            factor = (ratio(row.samples(name), row.samples(reference))
                      / ratio(before[row.name].samples(name), before[row.name].samples(reference)))
            if not 1 / NOTICEABLE <= factor <= NOTICEABLE:
                found = True
                word = "slower" if factor > 1 else "faster"
                yield f"{row.name}: {name} {word} by {format_factor(max(factor, 1 / factor))} × (to {reference})"
    if not found:
        yield f"nothing has changed by more than {NOTICEABLE - 1:.0%}"


def shared_references(old: Row, new: Row, name: str) -> Iterator[str]:
    """Other libraries that were timed in both runs, NumPy by hand first."""
    if old.samples(name) and new.samples(name):
        for reference in dict.fromkeys((new.reference, *new.results)):
            if reference not in OURS and old.samples(reference) and new.samples(reference):
                yield reference


def format_factor(factor: float) -> str:
    """Three digits, and no exponent.

    >>> format_factor(0.4567), format_factor(15.0), format_factor(1234.5)
    ('0.457', '15', '1234')
    """
    return f"{factor:.0f}" if factor >= 100 else f"{factor:.3g}"


def format_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table, columns aligned, the first one to the left.

    >>> print(format_table(["", "time"], [["sin", "1.2 µs"], ["multiply", "0.9 µs"]]))
    |          |   time |
    | :------- | -----: |
    | sin      | 1.2 µs |
    | multiply | 0.9 µs |
    """
    widths = [max(2, *map(len, column)) for column in zip(head, *lines)]
    return "\n".join([*table_head(head, widths), *(table_line(line, widths) for line in lines)])


def table_head(head: Sequence[str], widths: Sequence[int]) -> list[str]:
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return [table_line(head, widths), table_line(rule, widths)]


def table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]
    return f"| {' | '.join(aligned)} |"
