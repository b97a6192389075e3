"""What a library costs besides time in a gradient: what is installed for it, importing it, and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .import_time import import_times
from .installed_size import installed_sizes
from .peak_memory import peaks
from .report import format_table
from .timing import format_time

__all__ = ["COSTS", "Cost", "cost_table"]


@dataclass(frozen=True)
class Cost:
    """A line of the table of costs: ``measure(names, threads)`` gives a number for some of the libraries."""

    name: str
    title: str
    measure: Callable[[Sequence[str], int], Mapping[str, float]]
    show: Callable[[float], str]
    family: str = "cost"


def format_bytes(count: float) -> str:
    """
    >>> format_bytes(3 * 2**20)
    '3.0 MiB'
    """
    return f"{count / 2**20:.1f} MiB"


COSTS = (
    Cost("import-time", "Import, NumPy included", lambda names, threads: import_times(names), format_time),
    Cost("installed", "Installed, with all it requires", lambda names, threads: installed_sizes(names), format_bytes),
    Cost("memory-chain", "Peak memory, 10 × x²/2 + 0.1 on 2²⁰ doubles", partial(peaks, "chain"), format_bytes),
    Cost("memory-mlp", "Peak memory, net 784-100-10, batch 20,000", partial(peaks, "mlp"), format_bytes),
    Cost("memory-deep", "Peak memory, net of 50 layers of 256, batch 2,000", partial(peaks, "deep"), format_bytes),
)


def cost_table(found: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> str:
    """A line for each of ``found``, which holds a number a library by the name of the cost."""
    lines = [[cost.title, *(cost.show(found[cost.name][name]) if name in found[cost.name] else "-" for name in names)]
             for cost in COSTS if cost.name in found]
    return format_table(["costs", *names], lines)
