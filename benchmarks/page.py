"""A run as a page in Markdown, ``--markdown FILE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .comparison import takes_part
from .costs import cost_table
from .library import Library
from .report import format_table, summary
from .suite import ABSENT, OK, Row
from .tables import SUMMARY, columns_in_words, tables_of
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
    sections = [
        ("", "", f"`{command}`, {about}. Medians of interleaved samples; the fastest is bold; every result was checked "
                 f"before it was timed. {columns_in_words(names, libraries)}.{absent(missing)}"),
        ("Times", "", time_table(rows, names)),
        *tables_of(workloads, rows, names, libraries),
        ("What is needed", "", cost_table(found, names)),
        (*SUMMARY, "\n".join(f"- {line}" for line in summary(rows))),
    ]
    parts = ["# Results of the benchmarks"]
    for title, words, text in sections:
        if text:
            parts.extend([f"## {title}"] * bool(title) + [words] * bool(words) + [text])
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
