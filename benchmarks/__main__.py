"""Every workload, side by side for all libraries that are installed.

    python -m benchmarks                          all of it, a few minutes
    python -m benchmarks --only chain --libs eager,torch
    python -m benchmarks --json new.json --compare old.json --plot ratios.png
    python -m benchmarks --budget 3600 --markdown docs/results.md
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence

from .threads import asked_threads, processors, set_threads

PROGRAM = "python -m benchmarks"


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    from autodiff_trace.demo.cli import OneLineParser, integer, number

    parser = OneLineParser(prog=PROGRAM, description="Measure this library next to its peers.")
    parser.add_argument("--only", metavar="SUBSTRING", nargs="+", action="extend", default=[],
                        help="workloads whose name, title or family contains one of these")
    parser.add_argument("--libs", metavar="LIST", help="libraries, with commas between; without it, all installed ones")
    parser.add_argument("--budget", metavar="SECONDS", type=number(lambda x: x > 0, "a positive number"), default=300.0,
                        help="time for all workloads together; compilers and three samples may take longer")
    parser.add_argument("--rounds", type=integer(1, 10_000), default=30,
                        help="samples of each library, if the budget allows")
    parser.add_argument("--threads", metavar="N", type=integer(1, 1024), default=processors(),
                        help="threads of every library")
    parser.add_argument("--data", metavar="DIR", help="folder with ADBench's gmm/gmm_d10_K25.txt; "
                        "without it, the mixture has points of our own")
    parser.add_argument("--first-call", metavar="SECONDS", type=number(lambda x: x > 0, "a positive number"),
                        default=120.0, help="how long a library may compile a workload and run it twice")
    parser.add_argument("--json", metavar="FILE", help="save all samples")
    parser.add_argument("--markdown", metavar="FILE", help="save all tables as a page")
    parser.add_argument("--compare", metavar="OLD.json", help="say what is slower or faster than in an earlier run")
    parser.add_argument("--plot", metavar="FILE", help="save a chart; needs matplotlib")
    parser.add_argument("--list", action="store_true", help="list the workloads and exit")
    options = parser.parse_args(argv)
    options.command = shlex.join([*PROGRAM.split(), *(sys.argv[1:] if argv is None else map(str, argv))])
    return options


def run(options: argparse.Namespace) -> None:
    if options.data is not None:
        # Where workloads.gaussian_mixture looks, which cannot be imported yet.
        os.environ["BENCHMARK_DATA"] = options.data
    from . import command

    if options.list:
        command.list_workloads(options)
    else:
        command.run_workloads(options)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    # Before NumPy is loaded, which reads it then.
    set_threads(asked_threads(argv, processors()))
    from autodiff_trace.demo.cli import run_script

    options = parse_options(argv)
    return run_script(PROGRAM, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
