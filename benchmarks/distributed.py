"""Data-parallel training on a cluster of processes, on more data than their memory holds.

    python -m benchmarks.distributed                          one and two workers on this machine
    python -m benchmarks.distributed --kill-worker            one of them is killed in the middle: the same results
    python -m benchmarks.distributed --scheduler ADDRESS      the workers of a dask.distributed cluster that is there

It needs dask.distributed and SciPy; where dask-glm is installed too, that does the same regression beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .threads import set_threads

__all__ = ["main"]

PROGRAM = "python -m benchmarks.distributed"

def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    from autodiff_trace.demo.cli import OneLineParser, integer

    parser = OneLineParser(prog=PROGRAM, description="Train on a cluster, and say how fast that is, and how "
                           "much faster with more workers.")
    most = 2**40
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a dask.distributed cluster that runs; all of its "
                        "workers take part (without it, clusters of local processes are started)")
    parser.add_argument("--workers", type=counts, default=[1, 2], metavar="N,N", help="sizes of the local clusters")
    parser.add_argument("--memory-limit", type=integer(200, most), default=512, metavar="MIB", help="of a local worker")
    parser.add_argument("--fit", choices=("both", "logistic", "network"), default="both", help="what is trained")
    parser.add_argument("--rows", type=integer(1, most), help="rows of the regression; without it, a quarter more "
                        "than the memory of the largest cluster holds")
    parser.add_argument("--shard-rows", type=integer(1, most), default=100_000, help="rows of a chunk of it")
    parser.add_argument("--features", type=integer(1, 100_000), default=50, help="features of it")
    parser.add_argument("--iterations", type=integer(1, 100_000), default=10, help="iterations of L-BFGS")
    parser.add_argument("--spill", action="store_true", help="keep the chunks of the regression, so that Dask spills "
                        "to the disk what does not fit; otherwise they are made anew in each step")
    parser.add_argument("--digits", type=integer(1, most), default=3_000_000, help="images, drawn from the project's")
    parser.add_argument("--digit-shards", type=integer(1, 100_000), default=8, help="chunks of them")
    parser.add_argument("--batch", type=integer(1, most), default=20_000, help="images of each chunk in a step")
    parser.add_argument("--hidden", type=integer(1, 65536), default=256, help="hidden units of the network")
    parser.add_argument("--steps", type=integer(1, 1_000_000), default=30, help="steps of its training")
    parser.add_argument("--seed", type=integer(0, 2**32 - 1), default=0, help="seed of data, weights and batches")
    parser.add_argument("--backend", choices=("numpy", "native"), default="numpy", help="of jit, on the workers")
    parser.add_argument("--kill-worker", action="store_true", help="kill a worker in the middle of each training")
    parser.add_argument("--no-peer", action="store_true", help="leave out dask-glm")
    parser.set_defaults(tolerance=1e-4)
    return parser.parse_args(argv)


def counts(text: str) -> list[int]:
    """Sizes of clusters, with commas between.

    >>> counts("1,2,4")
    [1, 2, 4]
    """
    from autodiff_trace.demo.cli import integer

    return [integer(1, 4096)(part) for part in text.split(",")]


def run(options: argparse.Namespace) -> None:
    from .data_parallel.command import run_fits

    run_fits(options)


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
