"""The command ``python -m benchmarks.gradbench``: run, check, print. Loads NumPy, so threads are to be set before."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from autodiff_trace.demo.cli import UserError, one_line

from .comparison import mismatches
from .evals import REPORTED
from .evaluation import Case, Compile, Eval, Skipped, compiler, run_function
from .protocol import serve
from .report import HEAD, Row, published_table, row_line, rows_of

__all__ = ["list_evals", "run_evals", "run_protocol"]

SHOWN = 3
"""So many lines tell what is wrong with an output."""


def run_protocol(options: argparse.Namespace) -> None:
    serve(sys.stdin, sys.stdout, compiler(options.backend))


def list_evals(options: argparse.Namespace) -> None:
    for eval in REPORTED.values():
        try:
            for case in chosen(eval, options):
                print(eval.name, case.description)
        except Skipped as reason:
            print(f"{eval.name} is skipped: {reason}")


def run_evals(options: argparse.Namespace) -> bool:
    """Whether all outputs are right."""
    compile, rows, notes = compiler(options.backend), [], []
    print(HEAD, flush=True)
    try:
        for eval in REPORTED.values():
            found = False
            try:
                for case in chosen(eval, options):
                    found = True
                    for row in run_case(eval, case, options, compile, notes):
                        print(row_line(row), flush=True)
                        rows.append(row)
            except Skipped as reason:
                notes.append(f"{eval.name} is skipped: {reason}")
            if found and eval.note:
                notes.append(f"{eval.name}: {eval.note}")
    finally:  # what has been measured so far is not lost
        print_notes(rows, notes)
    if options.only and not rows and not notes:
        raise UserError(f"--only {' '.join(options.only)}: no such eval or case; --list shows them")
    return not any(row.problems for row in rows) and not any(note.startswith(FAILED) for note in notes)


FAILED = "failed: "


def chosen(eval: Eval, options: argparse.Namespace) -> Iterator[Case]:
    """The cases of an eval that the user asked for; raises Skipped only where the eval is among them."""
    cases = eval.cases(None if options.data is None else Path(options.data))
    try:
        yield from islice((case for case in cases if asked(f"{eval.name} {case.description}", options)), options.cases)
    except Skipped:
        if asked(eval.name, options):
            raise


def asked(name: str, options: argparse.Namespace) -> bool:
    return not options.only or any(part in name for part in options.only)


def run_case(eval: Eval, case: Case, options: argparse.Namespace, compile: Compile, notes: list[str]) -> Sequence[Row]:
    """Run and check each function of an eval at one input; an error becomes a note."""
    input = {**case.input, "min_runs": options.min_runs, "min_seconds": options.min_seconds}
    runs = {}
    try:
        for name, function in eval.functions.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run = run_function(function, input, compile, options.clock)
                problems = [] if options.no_validation else list(mismatches(function.expected(input), run.output))
            runs[name] = run._replace(output=None), problems
            notes.extend(f"{eval.name} {case.description} {name}: {line}" for line in problems[:SHOWN])
        return list(rows_of(eval.name, case.description, runs, eval.ratio))
    except Exception as error:  # the other cases are measured nevertheless
        notes.append(f"{FAILED}{eval.name} {case.description}: {one_line(f'{type(error).__name__}: {error}')}")
        return []


def print_notes(rows: Sequence[Row], notes: Sequence[str]) -> None:
    table = published_table(rows)
    if table:
        print(f"\nBeside what GradBench has published of other tools:\n\n{table}")
    if notes:
        print("\n" + "\n".join(f"- {note}" for note in notes))
