"""The command ``python -m benchmarks.distributed``: clusters of growing size, the trainings on each, the tables."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from autodiff_trace.demo.cli import UserError

from ..costs import format_bytes
from ..record import processor_name
from .cluster import check_installed, connected, local_cluster, peak_memories, wait_without
from .fits import Fit, fit_logistic, fit_network
from .glm_peer import fit_by_dask_glm, why_without
from .report import Watch, count_workers, differing, memory_table, peer_line, results_table, speed_table, targets
from .shards import BYTES

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["run_fits"]

MEBIBYTE = 2**20
TIMES_THE_MEMORY = 1.25
"""So much more data than the largest cluster may hold has the regression, if nothing else is asked for."""


def run_fits(options: argparse.Namespace) -> None:
    """Train, print as it goes, and the tables at the end, or after an interruption what there is until then."""
    check_installed()
    limit = options.memory_limit * MEBIBYTE
    if options.rows is None:
        options.rows = int(TIMES_THE_MEMORY * limit * max(options.workers) / (BYTES * options.features))
    describe(options)
    fits: list[Fit] = []
    peaks: dict[tuple[int, str], int | None] = {}
    notes: list[str] = []
    try:
        for size in [None] if options.scheduler else sorted(set(options.workers)):
            with cluster_of(size, options) as client:
                run_on(client, options, fits, peaks)
                if size in (None, max(options.workers)):
                    notes += compare_with_peer(client, options, fits)
    finally:  # what has been measured so far is not lost
        print_report(fits, peaks, None if options.scheduler else limit, notes)
    if differing(fits):
        raise UserError(f"not all clusters gave the same bits: {'; '.join(differing(fits))}")


@contextmanager
def cluster_of(size: int | None, options: argparse.Namespace) -> Iterator[Client]:
    limit = options.memory_limit * MEBIBYTE
    with connected(options.scheduler) if size is None else local_cluster(size, limit) as client:
        yield client


def describe(options: argparse.Namespace) -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "dask", "distributed"))
    print(f"Python {platform.python_version()}, {packages}; {processor_name()}, {os.cpu_count()} processors, load "
          f"{os.getloadavg()[0]:.1f} before")
    size = options.rows * options.features * BYTES
    if options.fit != "network":
        how = ("kept by the workers, which spill to the disk what does not fit" if options.spill else
               "made anew from their numbers in each step: quicker than to spill them and read them back")
        print(f"- logistic regression: {options.rows:,} rows of {options.features} numbers, {format_bytes(size)}; its "
              f"chunks of {options.shard_rows:,} rows are {how}")
    if options.fit != "logistic":
        print(f"- network: {options.digits:,} images, kept by the workers as bytes; {options.batch:,} of each of the "
              f"{options.digit_shards} chunks in a step become float32")
    if options.scheduler is None:
        sizes = ", ".join(map(str, sorted(set(options.workers))))
        print(f"- clusters of {sizes} worker processes, one thread each, {options.memory_limit} MiB each", flush=True)


def run_on(client: Client, options: argparse.Namespace, fits: list[Fit], peaks: dict) -> None:
    """Both trainings on one cluster; a line for each when it has ended."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    count = len(workers)
    jobs = [("logistic regression", options.rows, options.iterations, fit_logistic),
            ("network", options.digit_shards * options.batch, options.steps, fit_network)]
    for name, rows, total, run in jobs:
        if options.fit not in ("both", name.split()[0]):
            continue
        fit, watch = Fit(name, count, rows, total), Watch()
        fits.append(fit)
        try:
            run(client, fit, options, watch)
            if fit.ended:
                wait_without(client, fit.ended, count)
        finally:
            watch.wipe()
            with suppress(OSError):  # the cluster may be what has failed
                peaks.update({(count, worker): peak for worker, peak in peak_memories(client).items()})
        killed = f"; the worker {fit.ended} was killed" if fit.ended else ""
        print(f"{name}, {count_workers(count)}: {len(fit.steps)} steps, {fit.seconds:.1f} s{killed}", flush=True)


def compare_with_peer(client: Client, options: argparse.Namespace, fits: list[Fit]) -> list[str]:
    """The regression by dask-glm, or why it is left out."""
    if options.no_peer or options.fit == "network":
        return []
    missing = why_without()
    if missing is not None:
        return [f"without dask-glm: {missing}"]
    ours = next(fit for fit in reversed(fits) if fit.name == "logistic regression")
    return [peer_line(ours, fit_by_dask_glm(client, options))]


def print_report(fits: list[Fit], peaks: dict, limit: int | None, notes: list[str]) -> None:
    begun = [fit for fit in fits if fit.steps]
    tables = [results_table(begun), speed_table(begun), memory_table(peaks, limit)] if begun else []
    for table in filter(None, tables):
        print("", table, sep="\n")
    print()
    for line in [*targets(begun), *notes]:
        print(f"- {line}", flush=True)
