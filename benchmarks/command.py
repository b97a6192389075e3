"""The command ``python -m benchmarks``: choose, measure, print, save. Loads NumPy, so threads are to be set before."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import CalledProcessError
from time import perf_counter

from autodiff_trace.demo.cli import UserError, one_line
from autodiff_trace.demo.plotting import check_plot

from .costs import COSTS, Cost, cost_table
from .library import Library
from .page import results_page
from .peers import find_libraries, why_missing
from .plotting import plot_ratios
from .record import check_writable, describe_machine, read_record, write_record
from .report import changes, relative_times, summary, table_head, table_line, time_cells
from .suite import Row, measure, warm_up
from .tables import SUMMARY, columns_in_words, tables_of
from .workload import LIBRARIES, Workload
from .workloads import ALL

__all__ = ["list_workloads", "run_workloads"]

TIME_WIDTH = len("1234 µs ±100%")


def list_workloads(options: argparse.Namespace) -> None:
    chosen = [*choose(ALL, options.only), *choose(COSTS, options.only)]
    width = max(len(workload.name) for workload in chosen)
    for workload in chosen:
        print(f"{workload.name:{width}}  {workload.title} ({workload.family})")


def run_workloads(options: argparse.Namespace) -> None:
    workloads, costs = choose(ALL, options.only), choose(COSTS, options.only)
    libraries = choose_libraries(options.libs)
    if options.plot is not None:
        check_plot(options.plot)
    for path, option in (options.json, "--json"), (options.markdown, "--markdown"):
        if path is not None:
            check_writable(path, option)
    old = read_record(options.compare) if options.compare is not None else None
    missing = why_missing() if options.libs is None else {}
    machine = describe_machine(libraries, options.threads, missing)
    print(format_machine(machine), flush=True)
    print_list(f"without {name}: {reason}" for name, reason in missing.items())
    print(flush=True)
    for library in libraries.values():
        library.start(options.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers may warn of what they like
        warm_up(libraries)
    rows: list[Row] = []
    found: dict[str, Mapping[str, float]] = {}
    stopped = None
    try:
        for row in measure_all(workloads, libraries, options):
            rows.append(row)
        measure_costs(costs, list(libraries), options.threads, found)
    except KeyboardInterrupt as error:  # what has been measured so far is not lost
        stopped = error
    if rows:
        print()
        print_report(workloads, rows, libraries)
    if found:
        print("", cost_table(found, list(libraries)), sep="\n")
    if old is not None:
        print(f"\nSince {options.compare}:\n")
        print_list(changes(old, rows))
    if options.json is not None:
        write_record(options.json, machine, rows, found)
    if options.markdown is not None:
        page = results_page(format_machine(machine), options.command, workloads, rows, libraries, missing, found)
        Path(options.markdown).write_text(page, encoding="utf-8")
    if options.plot is not None and rows:
        plot_ratios(relative_times(rows, list(libraries)), options.plot)
    if stopped is not None:
        raise stopped


def choose(candidates: Sequence[Workload | Cost], substrings: Sequence[str]) -> list:
    """Those that one of ``substrings`` is a part of; all if there are none."""

    def fits(candidate: Workload | Cost, substring: str) -> bool:
        return substring.lower() in f"{candidate.name}\n{candidate.title}\n{candidate.family}".lower()

    for substring in substrings:
        if not any(fits(candidate, substring) for candidate in (*ALL, *COSTS)):
            raise UserError(f"--only {substring}: no such workload; --list shows them all")
    return [candidate for candidate in candidates if not substrings or any(fits(candidate, s) for s in substrings)]


def choose_libraries(names: str | None) -> dict[str, Library]:
    found = find_libraries()
    if names is None:
        return found
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in LIBRARIES:
            raise UserError(f"--libs {name}: expected some of {', '.join(LIBRARIES)}")
        if name not in found:
            raise UserError(f"--libs {name}: {why_missing()[name]}")
    return {name: found[name] for name in LIBRARIES if name in wanted}


def format_machine(machine: Mapping) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    threads = f"{machine['threads']} thread{'s' if machine['threads'] > 1 else ''}"
    # With others at work on the machine, libraries with several threads wait for processors, some longer than others.
    load = "" if machine["load"] is None else f", load {machine['load']:.1f} before"
    return f"Python {machine['python']}, {versions}; {machine['processor']}, {threads}{load}"


def measure_all(
    workloads: Sequence[Workload], libraries: Mapping[str, Library], options: argparse.Namespace
) -> Iterator[Row]:
    """Measure and print row by row; what one workload leaves of its share of the budget goes to the next."""
    if not workloads:
        return
    head = ["median ± half the quartiles' distance", *(library.title for library in libraries.values())]
    widths = [max(len(head[0]), *(len(workload.title) for workload in workloads)), *[TIME_WIDTH] * len(libraries)]
    print(*table_head(head, widths), sep="\n", flush=True)
    end = perf_counter() + options.budget
    for i, workload in enumerate(workloads):
        seconds = (end - perf_counter()) / (len(workloads) - i)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers may warn of what they like
            label = f"{i + 1}/{len(workloads)} {workload.name}"
            row = measure(workload, libraries, seconds, options.rounds, complain, label, options.first_call)
        print(table_line([workload.title, *time_cells(row, list(libraries))], widths), flush=True)
        yield row


def measure_costs(
    costs: Sequence[Cost], names: Sequence[str], threads: int, found: dict[str, Mapping[str, float]]
) -> None:
    """Put what is measured into ``found``, by name."""
    for cost in costs:
        try:
            found[cost.name] = cost.measure(names, threads)
        except CalledProcessError as error:
            complain(f"{cost.name}: {(error.stderr or str(error)).strip().splitlines()[-1]}")


def complain(message: str) -> None:
    print(one_line(message), file=sys.stderr, flush=True)


def print_report(workloads: Sequence[Workload], rows: Sequence[Row], libraries: Mapping[str, Library]) -> None:
    names = list(libraries)
    print(f"Columns are {columns_in_words(names, libraries)}.", end="\n\n")
    for title, words, table in tables_of(workloads, rows, names, libraries):
        print(f"{title}. {words}", table, sep="\n\n", end="\n\n")
    if lines := list(summary(rows)):
        print(". ".join(SUMMARY), end="\n\n")
        print_list(lines)


def print_list(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"- {line}", flush=True)
