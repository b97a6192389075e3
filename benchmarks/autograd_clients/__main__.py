"""Run autograd's own tests, its examples beside the real autograd, or projects that use it beside the real one.

    python -m benchmarks.autograd_clients tests
    python -m benchmarks.autograd_clients examples --markdown examples.md
    python -m benchmarks.autograd_clients examples --only rnn lstm --sources ~/downloads
    python -m benchmarks.autograd_clients projects --only pymanopt

The source distributions are fetched with ``pip download`` into a temporary folder, or that of ``--sources``, and the
projects installed into an environment there; where that cannot be done, nothing is run, and it is said why.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autodiff_trace.demo.cli import OneLineParser, UserError, integer, run_script

from .sources import AUTOGRAD, Unavailable, fetch
from .suite import EXPECTED, run_suite, summarize

PROGRAM = "python -m benchmarks.autograd_clients"


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog=PROGRAM, description="Run autograd's own tests, its examples, or projects that use it.")
    parser.add_argument("what", choices=["tests", "examples", "projects"])
    parser.add_argument("--sources", metavar="DIR", help="where source distributions are, or are to be kept")
    parser.add_argument("--real", action="store_true", help="run the tests on the real autograd")
    parser.add_argument("--only", metavar="NAME", nargs="+", default=[],
                        help="these examples, words of names of fits, or arguments of pytest")
    parser.add_argument("--slow", action="store_true", help="the slow tests of the projects, too")
    parser.add_argument("--rounds", type=integer(1, 1000), default=5, help="timed runs of an example on each side")
    parser.add_argument("--markdown", metavar="FILE", help="save what is printed")
    return parser.parse_args(argv)


def run_part(options: argparse.Namespace, folder: Path) -> tuple[list[str], bool]:
    if options.what == "projects":
        from .projects import run_projects

        return run_projects(options.only, options.rounds, options.slow, folder)
    sources = fetch(AUTOGRAD, folder)
    if options.what == "tests":
        outcomes = run_suite(sources, options.real, tuple(options.only))
        expected = {name: reason for name, reason in EXPECTED.items() if name in outcomes or not options.only}
        return summarize(outcomes, {} if options.real else expected)
    from .examples import run_examples

    return run_examples(sources, options.only, options.rounds)


def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.sources or temporary).expanduser().absolute()
        try:
            lines, as_expected = run_part(options, folder)
        except Unavailable as error:
            print(f"skipped: {error}")
            return
        if options.markdown:
            Path(options.markdown).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("\n".join(lines))
        if not as_expected:
            raise UserError(f"{options.what}: not all came out as expected")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = parse_options(argv)
    return run_script(PROGRAM, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
