"""How much memory a gradient needs at most, beyond what is there before; each library in a process of its own.

What the operating system counts is read from Linux' /proc, because no counter of Python's sees the memory of all
libraries; on other systems there is nothing to report.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .threads import set_threads

__all__ = ["SIZES", "peak_memory", "peaks"]

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
SIZES = {"chain": 2**20, "mlp": 20_000, "deep": 2_000}
"""Doubles in a chain of ten rounds, images in a batch of the net 784-100-10, rows in one of the net of 50 layers."""

WARM_UP = 16
ABSENT = "-"


def peaks(problem: str, names: Sequence[str], threads: int, size: int | None = None) -> dict[str, int]:
    """Bytes for each of ``names``; empty where they cannot be counted."""
    if not STATUS.exists():
        return {}
    arguments = [problem, str(size or SIZES[problem]), str(threads)]
    found = {}
    for name in names:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.peak_memory", name, *arguments]
        output = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
        if output.stdout.strip() != ABSENT:
            found[name] = int(output.stdout)
    return found


def peak_memory(name: str, problem: str, size: int, threads: int) -> int | None:
    """In this process: the most there is during the second gradient, beyond the inputs.

    The second, because the first may trace and compile; what it leaves behind for the second counts. None if the
    library takes no part.
    """
    set_threads(threads)
    from .peers import find_libraries
    from .workloads.memory import make_workload

    library = find_libraries()[name]
    library.start(threads)
    # What a library loads or sets up at its first gradient is not what the gradient needs.
    for n in WARM_UP, size:
        workload = make_workload(problem, n)
        run = library.prepare(workload, workload.inputs())
        if run is None:
            return None
        give_back()
        before = read_status("VmRSS")
        run()
        give_back()
        run()
    return read_status("VmHWM") - before


def give_back() -> None:
    """Return freed memory to the system, which would be taken again unseen, and let the peak begin from here."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    try:
        RESET.write_text("5")
    except OSError:
        pass  # then the first gradient counts as well


def read_status(key: str) -> int:
    """Bytes in memory now (VmRSS), or at most so far (VmHWM)."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    name, problem, size, threads = sys.argv[1:]
    peak = peak_memory(name, problem, int(size), int(threads))
    print(ABSENT if peak is None else peak)
