"""What has been measured, as text: times of the objective and of its derivative, their ratio, and published ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ..report import format_table
from ..timing import format_time
from .evaluation import Run
from .published import PUBLISHED, TOOLS, published_ratio

__all__ = ["HEAD", "Row", "published_table", "row_line", "rows_of"]

WIDTHS = (8, 24, 9, 9, 6, 20, 7)
HEAD = "".join(f"| {title:{'<' if i < 2 else '>'}{width}} " for i, (title, width) in enumerate(zip(
    ("eval", "case", "objective", "gradient", "ratio", "first two calls", "numbers"), WIDTHS))) + "|"
RULE = "".join(f"| {'-' * width if i < 2 else '-' * (width - 1) + ':'} " for i, width in enumerate(WIDTHS)) + "|"
HEAD = f"{HEAD}\n{RULE}"


@dataclass(frozen=True)
class Row:
    """A line of the table; seconds, of which there is no ``objective`` where an eval has no single one.

    Attributes:
        first: seconds of each function's preparation and first two calls, which trace and compile.
        problems: what is wrong with the outputs.
    """

    eval: str
    case: str
    objective: float | None
    gradient: float
    first: Sequence[float]
    problems: Sequence[str] = ()

    @property
    def ratio(self) -> float | None:
        return self.gradient / self.objective if self.objective else None


def rows_of(name: str, case: str, runs: dict[str, tuple[Run, list[str]]], ratio: bool) -> Iterator[Row]:
    """One row for the objective and its derivative; or, without a ratio, one for each function.

    ``runs`` has a function's run and what is wrong with its output.
    """
    seconds = {function: median(run.evaluations) / 1e9 for function, (run, _) in runs.items()}
    first = {function: run.preparation / 1e9 for function, (run, _) in runs.items()}
    if ratio:
        objective, gradient = seconds.values()
        problems = [f"{function}: {line}" for function, (_, lines) in runs.items() for line in lines]
        yield Row(name, case, objective, gradient, list(first.values()), problems)
    else:
        for function, (_, lines) in runs.items():
            yield Row(name, f"{case} {function}", None, seconds[function], [first[function]], lines)


def row_line(row: Row) -> str:
    cells = (
        row.eval, row.case, format_time(row.objective) if row.objective else "", format_time(row.gradient),
        f"{row.ratio:.3g}" if row.ratio else "", ", ".join(map(format_time, row.first)),
        "wrong" if row.problems else "right",
    )
    return "".join(f"| {cell:{'<' if i < 2 else '>'}{width}} "
                   for i, (cell, width) in enumerate(zip(cells, WIDTHS))) + "|"


def published_table(rows: Sequence[Row]) -> str:
    """Gradient over objective, ours beside the published ones; empty if no row has any."""
    lines = []
    for row in rows:
        if (row.eval, row.case) in PUBLISHED and row.ratio:
            ratios = [published_ratio(row.eval, row.case, tool) for tool in TOOLS]
            cells = [f"{ratio:.1f}" if ratio is not None else "" for ratio in ratios]
            lines.append([f"{row.eval} {row.case}", f"{row.ratio:.1f}", *cells])
    return format_table(["gradient / objective", "here", *TOOLS], lines) if lines else ""
