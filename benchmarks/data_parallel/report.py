"""What the trainings gave, as text: the same results whatever the cluster, and how fast it was."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from time import monotonic

import numpy as np

from ..costs import format_bytes
from ..report import format_table
from ..timing import format_time
from .fits import Fit
from .glm_peer import PeerFit

__all__ = [
    "LEAST_EFFICIENCY", "MOST_OVERHEAD", "Watch", "count_workers", "differing", "memory_table", "peer_line",
    "results_table", "speed_table", "targets",
]

LEAST_EFFICIENCY = 0.85
"""Of two workers."""

MOST_OVERHEAD = 0.015
"""Seconds of a step beyond those of the busiest worker."""

SECONDS_BETWEEN_LINES = 5.0


class Watch:
    """Shows on stderr how far a training is: one line, drawn over, on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.next, self.drawn = monotonic() + (0 if self.live else SECONDS_BETWEEN_LINES), ""

    def __call__(self, fit: Fit) -> None:
        if not self.live and monotonic() < self.next:
            return
        self.next = monotonic() + SECONDS_BETWEEN_LINES
        line = (f"{fit.name}, {count_workers(fit.workers)}: step {len(fit.steps)} of {fit.total}, "
                f"loss {fit.losses[-1]:.6g}, {fit.rows / fit.steps[-1].seconds:,.0f} rows/s")
        self.wipe()
        print(line, end="" if self.live else "\n", file=sys.stderr, flush=True)
        self.drawn = line if self.live else ""

    def wipe(self) -> None:
        if self.drawn:
            print("\r" + " " * len(self.drawn) + "\r", end="", file=sys.stderr, flush=True)
            self.drawn = ""


def count_workers(count: int) -> str:
    """
    >>> count_workers(1), count_workers(2)
    ('1 worker', '2 workers')
    """
    return f"{count} worker{'s' if count > 1 else ''}"


def results_table(fits: Sequence[Fit]) -> str:
    """A line for each result of a training that has ended: one, as long as all clusters give the same bits."""
    head = ["results", "steps", "loss of the first", "loss of the last", "digest of losses and parameters"]
    lines = [[name, str(len(same[0].losses)), repr(same[0].losses[0]), repr(same[0].losses[-1]), digest]
             for (name, digest), same in by_result(fits).items()]
    return format_table(head, lines) if lines else ""


def differing(fits: Sequence[Fit]) -> list[str]:
    """The trainings of which not all clusters gave the same bits, with the sizes of the clusters behind each result."""
    results = by_result(fits)
    names = [name for name, _ in results]
    return [f"{name}: {digest} on {', '.join(count_workers(fit.workers) for fit in same)}"
            for (name, digest), same in results.items() if names.count(name) > 1]


def by_result(fits: Sequence[Fit]) -> dict[tuple[str, str], list[Fit]]:
    results: dict[tuple[str, str], list[Fit]] = {}
    for fit in fits:
        if fit.params is not None:
            results.setdefault((fit.name, fit.digest), []).append(fit)
    return results


def speed_table(fits: Sequence[Fit]) -> str:
    """A line a training and cluster; ratios are to the same training on the smallest cluster."""
    head = ["speed", "workers", "rows/s", "ratio", "efficiency", "a step", "busiest worker", "overhead", "all steps"]
    lines = []
    for fit in fits:
        ratio, share = speedup(fit, fits)
        lines.append([fit.name, str(fit.workers), f"{fit.rate:,.0f}", f"{ratio:.2f}", f"{share:.0%}",
                      format_time(fit.step_seconds), format_time(fit.busy), format_time(max(fit.overhead, 0.0)),
                      format_time(sum(step.seconds for step in fit.steps))])
    return format_table(head, lines)


def speedup(fit: Fit, fits: Sequence[Fit]) -> tuple[float, float]:
    """How many times as fast as on the smallest cluster, and what share that is of what its size promises."""
    base = min((each for each in fits if each.name == fit.name), key=lambda each: each.workers)
    ratio = fit.rate / base.rate
    return ratio, ratio * base.workers / fit.workers


def targets(fits: Sequence[Fit]) -> list[str]:
    """What was asked for, what was seen, for each training: a step's overhead, and the efficiency of two workers."""
    lines = []
    for fit in fits:
        where = f"{fit.name}, {count_workers(fit.workers)}"
        verdict = "reached" if fit.overhead <= MOST_OVERHEAD else "MISSED"
        lines.append(f"{where}: overhead of a step {format_time(max(fit.overhead, 0.0))}, at most "
                     f"{format_time(MOST_OVERHEAD)}: {verdict}")
        alone = any(each.name == fit.name and each.workers == 1 for each in fits)
        if fit.workers == 2 and alone:
            share = speedup(fit, fits)[1]
            verdict = "reached" if share >= LEAST_EFFICIENCY else "MISSED"
            lines.append(f"{where}: efficiency {share:.0%}, at least {LEAST_EFFICIENCY:.0%}: {verdict}")
    return lines


def memory_table(peaks: Mapping[tuple[int, str], int | None], limit: int | None) -> str:
    """A line a worker; ``peaks`` by the size of the cluster and the name of the worker."""
    lines = [[str(count), worker, *("-" if amount is None else format_bytes(amount) for amount in (peak, limit))]
             for (count, worker), peak in peaks.items()]
    return format_table(["workers", "worker", "peak memory", "limit"], lines)


def peer_line(ours: Fit, peer: PeerFit) -> str:
    """Seconds, values with gradients, and rows a second of both, and how far apart the parameters are."""
    apart = np.max(np.abs(ours.params - peer.params)) / np.max(np.abs(ours.params))
    return (f"{ours.name}, {count_workers(ours.workers)}, as a whole: "
            f"{describe_rate(ours.rows, ours.evaluations, ours.seconds)}; "
            f"dask-glm: {describe_rate(ours.rows, peer.evaluations, peer.seconds)}; "
            f"parameters apart by {apart:.1g} of the largest")


def describe_rate(rows: int, evaluations: int, seconds: float) -> str:
    return f"{evaluations} evaluations in {seconds:.1f} s, {rows * evaluations / seconds:,.0f} rows/s"
