"""The goals of this project, in words, and whether a run reached them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from .comparison import memory_factors
from .report import best_other, compare, compare_first_calls, format_factor, format_table
from .suite import Row
from .timing import format_time, ratio
from .workload import LIBRARIES, Target, Workload

__all__ = ["best_targets", "general_targets", "judge", "target_table"]

GENERAL = (("native", "numpy", "", None), ("native", "jax", "", None), ("jit", "numpy", "", None),
           ("jit", "jax", "", 10), ("eager", "torch", "overhead", None), ("eager", "autograd", "", None))
"""Ours, and whom it is to be as fast as; in which family (in all if empty); on how many workloads (all if None)."""

FIRST_CALL_FACTOR = 5
"""How much shorter the first two calls of ours, compiled, are to be than those of JAX."""

BEST_FACTOR = 1.5
"""How many times the time of the best other library ours may take, as machine code, on any workload."""

EVERY = "every workload"

MEMORY_FACTOR = 2.0
"""How many times the time of the memory ours may take, as machine code, where arithmetic is light."""

LIGHT = ("triad", "norms-rows", "norms-columns")


def target_table(workloads: Sequence[Workload], rows: Sequence[Row]) -> str:
    """Each goal, what was measured, and whether that reaches it; empty if there is no goal for what was timed."""
    lines = []
    for workload, row in zip(workloads, rows):
        for target in workload.targets:
            ours, theirs = row.samples(target.subject), row.samples(target.library)
            if ours and theirs:
                lines.append([row.name, *judge(target, ours, theirs)])
    lines.extend(general_targets(rows))
    marked = [[name, asked, seen, "yes" if reached else "no"] for name, asked, seen, reached in lines]
    return format_table(["workload", "goal", "measured here", "reached"], marked) if marked else ""


def general_targets(rows: Sequence[Row]) -> Iterator[tuple[str, str, str, bool]]:
    """What is asked of all workloads together: as :func:`judge`, a name before it."""
    for ours, rival, family, least in GENERAL:
        ratios = compare([row for row in rows if family in ("", row.family)], ours, rival).values()
        if ratios:
            enough = len(ratios) if least is None else least
            ahead = sum(r >= 1 for r in ratios)
            where = f"workloads of the family {family}" if family else EVERY
            asked = f"{ours} at least as fast as {rival}{'' if least is None else f', on {least} of them'}"
            yield where, asked, f"on {ahead} of {len(ratios)}", ahead >= enough
    yield from best_targets(rows)
    ratios = compare_first_calls(rows).values()
    if ratios:
        short = sum(r >= FIRST_CALL_FACTOR for r in ratios)
        asked = f"the first two calls of jit take at most 1/{FIRST_CALL_FACTOR} of the time of those of jax"
        yield EVERY, asked, f"on {short} of {len(ratios)}", short == len(ratios)


def best_targets(rows: Sequence[Row]) -> Iterator[tuple[str, str, str, bool]]:
    """What is asked of machine code beside the best of the others, and beside the memory."""
    best = {row.name: best_other(row, LIBRARIES) for row in rows if row.samples("native")}
    ratios = [ratio(row.samples("native"), row.samples(best[row.name])) for row in rows if best.get(row.name)]
    if ratios:
        near, ahead = sum(r <= BEST_FACTOR for r in ratios), sum(r <= 1 for r in ratios)
        count = len(ratios)
        yield (EVERY, f"native takes at most {format_factor(BEST_FACTOR)} times the time of the fastest other library",
               f"on {near} of {count}", near == count)
        yield EVERY, "native the fastest of all, on half of them", f"on {ahead} of {count}", 2 * ahead >= count
    factors = memory_factors(rows, "native")
    for name in LIGHT:
        if name in factors:
            passes = f"{format_factor(MEMORY_FACTOR)} times the time of one pass through memory"
            yield (name, f"native takes at most {passes}",
                   f"{format_factor(factors[name])} times", factors[name] <= MEMORY_FACTOR)


def judge(target: Target, ours: Sequence[float], theirs: Sequence[float]) -> tuple[str, str, bool]:
    """The target in words, what was seen, and whether that is enough."""
    if target.more is not None:
        more = median(a - b for a, b in zip(ours, theirs))
        asked = f"{target.subject} takes at most {format_time(target.more)} longer than {target.library}"
        return asked, f"{format_time(max(more, 0.0))} longer", more <= target.more
    if target.factor >= 1:
        seen = ratio(theirs, ours)
        times = "" if target.factor == 1 else f"{format_factor(target.factor)} times "
        asked = f"{target.subject} at least {times}as fast as {target.library}"
        return asked, f"{format_factor(seen)} times", seen >= target.factor
    seen = ratio(ours, theirs)
    asked = f"{target.subject} takes at most {format_factor(1 / target.factor)} times the time of {target.library}"
    return asked, f"{format_factor(seen)} times", seen <= 1 / target.factor
