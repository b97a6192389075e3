"""What a step of data-parallel training asks of the scheduler, with up to a thousand workers.

    python -m benchmarks.scheduler_load                       250, 500 and 1,000 workers in four processes
    python -m benchmarks.scheduler_load --workers 1000 --parameters 100000

The scheduler runs in a process of its own, as in a real cluster. Workers are dask.distributed's own `Worker` objects
with their connections, hundreds in each of a few processes; each has one shard of few rows, so that nearly all work is
messages. The time of a step is that of a machine on which all of them share the processors; the scheduler's processor
time is counted by itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .distributed import counts
from .threads import set_threads

__all__ = ["main"]

PROGRAM = "python -m benchmarks.scheduler_load"


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    from autodiff_trace.demo.cli import OneLineParser, integer

    parser = OneLineParser(prog=PROGRAM, description="Count a scheduler's messages, time and memory.")
    parser.add_argument("--workers", type=counts, default=[250, 500, 1000], metavar="N,N", help="numbers of workers")
    parser.add_argument("--processes", type=integer(1, 256), default=4, help="that the workers share")
    parser.add_argument("--parameters", type=integer(1, 10**9), default=1000, help="of the regression, 8 bytes each")
    parser.add_argument("--shards", type=integer(1, 100_000), default=1, help="of each worker")
    parser.add_argument("--rows", type=integer(1, 10**9), default=10, help="of each shard")
    parser.add_argument("--steps", type=integer(1, 100_000), default=10, help="that are measured, after the first two")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> None:
    from .data_parallel.load import run_load

    run_load(options)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script; returns its exit status."""
    # Before NumPy is loaded, which reads it then, and the workers inherit it: their processes, not threads of NumPy's,
    # are to fill the processors.
    set_threads(1)
    from autodiff_trace.demo.cli import run_script

    options = parse_options(argv)
    return run_script(PROGRAM, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
