"""A run as a page in Markdown, ``--markdown FILE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .comparison import bandwidth_table, best_table, first_call_table, takes_part
from .costs import cost_table
from .growth import growth_table
from .library import Library
from .report import format_table, ratio_table, summary
from .suite import ABSENT, OK, Row
from .targets import target_table
from .timing import format_time
from .workload import Workload

__all__ = ["results_page"]


def results_page(
    about: str,
    command: str,
    workloads: Sequence[Workload],
    rows: Sequence[Row],
    libraries: Mapping[str, Library],
    missing: Mapping[str, str],
    found: Mapping[str, Mapping[str, float]],
) -> str:
    """All tables of a run: ``about`` the machine, what was ``missing`` and why, and ``found`` as the costs."""
    names = takes_part(rows, list(libraries))
    compiled = [name for name in names if libraries[name].compiles]
    columns = "; ".join(f"`{name}`: {libraries[name].title}" for name in names)
    sections = [
        ("", f"`{command}`, {about}. Medians of interleaved samples; the fastest is bold; every result was checked "
             f"before it was timed. {columns}.{absent(missing)}"),
        ("Times", time_table(rows, names)),
        ("Relative to the best of the others", best_table(rows, names)),
        ("Relative to `jit`", ratio_table(rows, names)),
        ("Until the second result: tracing, compiling, two calls", first_call_table(rows, compiled)),
        ("Relative to memory", bandwidth_table(rows, names)),
        ("Size", growth_table(rows, names)),
        ("What is needed", cost_table(found, names)),
        ("Goals", target_table(workloads, rows)),
        ("Summary", "\n".join(f"- {line}" for line in summary(rows))),
    ]
    parts = ["# Results of the benchmarks"]
    for title, text in sections:
        if text:
            parts.extend([f"## {title}"] * bool(title) + [text])
    return "\n\n".join(parts) + "\n"


def absent(missing: Mapping[str, str]) -> str:
    return "".join(f" Without `{name}`: {reason}." for name, reason in missing.items())


def time_table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The median of each library, or why there is none."""
    lines = []
    for row in rows:
        times = {name: median(row.samples(name)) for name in names if row.samples(name)}
        best = min(times, key=times.__getitem__, default=None)
        cells = [f"**{format_time(times[name])}**" if name == best else format_time(times[name])
                 if name in times else status(row, name) for name in names]
        lines.append([row.title, *cells])
    return format_table(["gradient of", *names], lines)


def status(row: Row, name: str) -> str:
    """Why there is no time."""
    found = row.results[name].status if name in row.results else ABSENT
    return ABSENT if found == OK else found
