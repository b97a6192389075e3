"""Run autograd's own tests, or its examples beside the real autograd.

    python -m benchmarks.autograd_clients tests
    python -m benchmarks.autograd_clients examples --markdown examples.md
    python -m benchmarks.autograd_clients examples --only rnn lstm --sources ~/downloads

The source distribution of autograd is fetched with ``pip download`` into a temporary folder, or that of ``--sources``;
where that cannot be done, nothing is run, and it is said why.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..cli import OneLineParser, UserError, integer, run_script
from .sources import AUTOGRAD, Unavailable, fetch
from .suite import EXPECTED, run_suite, summarize

PROGRAM = "python -m benchmarks.autograd_clients"


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog=PROGRAM, description="Run autograd's own tests, or its examples.")
    parser.add_argument("what", choices=["tests", "examples"])
    parser.add_argument("--sources", metavar="DIR", help="where source distributions are, or are to be kept")
    parser.add_argument("--real", action="store_true", help="run the tests on the real autograd")
    parser.add_argument("--only", metavar="NAME", nargs="+", default=[], help="these examples, or arguments of pytest")
    parser.add_argument("--rounds", type=integer(1, 1000), default=5, help="timed runs of an example on each side")
    parser.add_argument("--markdown", metavar="FILE", help="save the table of examples")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        try:
            sources = fetch(AUTOGRAD, Path(options.sources or temporary).expanduser().absolute())
        except Unavailable as error:
            print(f"skipped: {error}")
            return
        if options.what == "tests":
            outcomes = run_suite(sources, options.real, tuple(options.only))
            expected = {name: reason for name, reason in EXPECTED.items() if name in outcomes or not options.only}
            lines, as_expected = summarize(outcomes, {} if options.real else expected)
        else:
            from .examples import run_examples

            lines, as_expected = run_examples(sources, options.only, options.rounds)
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
