"""GradBench's evals, measured and reported as the suite does, or this library as a tool of the suite.

    python -m benchmarks.gradbench --only gmm lstm      two evals; without --only all of them, some minutes
    python -m benchmarks.gradbench --cases 1            each eval on its smallest input
    gradbench run --eval "gradbench eval gmm" --tool "python -m benchmarks.gradbench --protocol"
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..threads import asked_threads, set_threads

PROGRAM = "python -m benchmarks.gradbench"


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    from autodiff_trace.demo.cli import OneLineParser, integer, number

    parser = OneLineParser(prog=PROGRAM, description="Run the evals of GradBench with this library.")
    parser.add_argument("--protocol", action="store_true", help="be a tool of the suite: JSON messages on stdin, "
                        "answers on stdout")
    parser.add_argument("--only", metavar="SUBSTRING", nargs="+", action="extend", default=[],
                        help="evals, or cases such as 10_25_1000, whose name contains one of these")
    parser.add_argument("--cases", metavar="N", type=integer(1, 1000), help="only the first N inputs of each eval")
    parser.add_argument("--data", metavar="DIR", help="folder with the suite's files: ht/complicated_big, ba, "
                        "lstm_full.txt")
    parser.add_argument("--backend", choices=("auto", "numpy", "native"),
                        help="back end of jit; without it, jit chooses")
    parser.add_argument("--threads", metavar="N", type=integer(1, 1024), default=1,
                        help="of jit and of NumPy's products")
    parser.add_argument("--min-runs", metavar="N", type=integer(1, 10**6), default=1, help="least runs of a function")
    parser.add_argument("--min-seconds", metavar="SECONDS", type=number(lambda x: x >= 0, "a number of seconds"),
                        default=1.0, help="least time of all runs of a function")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu on a machine that others use: "
                        "the processor time of this process")
    parser.add_argument("--no-validation", action="store_true", help="do not check the outputs")
    parser.add_argument("--list", action="store_true", help="list the inputs and exit")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 1 if an output is wrong."""
    # Before NumPy is loaded, which reads it then.
    set_threads(asked_threads(argv, 1))
    from autodiff_trace.demo.cli import run_script

    options, right = parse_options(argv), True

    def run() -> None:
        nonlocal right
        from . import command

        if options.protocol:
            command.run_protocol(options)
        elif options.list:
            command.list_evals(options)
        else:
            right = command.run_evals(options)

    return run_script(PROGRAM, run) or int(not right)


if __name__ == "__main__":
    sys.exit(main())
