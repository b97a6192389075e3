"""The command ``python -m benchmarks.scheduler_load``: steps of growing clusters, seen from the scheduler."""

from __future__ import annotations

import argparse
import inspect
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..costs import format_bytes
from ..peak_memory import STATUS, read_status
from ..report import format_table
from ..timing import format_time
from .cluster import check_installed
from .processes import process
from .shards import logistic_loss, regression_makers

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["run_load"]

START_SECONDS = 300
IDLE_SECONDS = 5
WARM_UP = 2
"""Steps that trace, compile, and open the connections between workers."""

LEAST_SHARE = 0.05
"""Kinds of fewer messages a worker are not named."""

LOOPBACK = Path("/proc/net/dev")


class Usage(NamedTuple):
    """What the scheduler has used and seen since it started; messages by direction and kind."""

    cpu: float
    memory: int
    messages: dict[tuple[str, str], float]
    bytes_sent: float
    transitions: float

    def count(self, direction: str) -> float:
        return sum(number for (way, _), number in self.messages.items() if way == direction)

    def per_step(self, later: Usage, steps: int) -> Usage:
        """What ``steps`` steps have added until ``later``, divided among them."""
        messages = {kind: (number - self.messages.get(kind, 0)) / steps for kind, number in later.messages.items()}
        return Usage((later.cpu - self.cpu) / steps, later.memory - self.memory, messages,
                     (later.bytes_sent - self.bytes_sent) / steps, (later.transitions - self.transitions) / steps)


class Load(NamedTuple):
    """What a cluster of ``workers`` asked of its scheduler: as a whole, and in a step."""

    workers: int
    start: float
    idle: float
    memory_before: int
    memory: int
    seconds: float
    step: Usage
    moved: float


def run_load(options: argparse.Namespace) -> None:
    """Measure, a line a cluster as it goes, and what a worker adds, by a line through the measurements."""
    check_installed()
    loads: list[Load] = []
    try:
        for count in sorted(set(options.workers)):
            loads.append(measure(count, options))
            print(f"{count} workers: {format_time(loads[-1].seconds)} a step, of which the scheduler computes "
                  f"{format_time(loads[-1].step.cpu)}", flush=True)
    finally:
        if loads:
            print("", load_table(loads), "", sep="\n")
            for line in (*growth(loads), kinds(loads[-1])):
                print(f"- {line}")


def measure(count: int, options: argparse.Namespace) -> Load:
    from autodiff_trace import distributed

    with scheduler() as client:
        before = client.run_on_scheduler(watch_scheduler)
        start = perf_counter()
        with workers(client, count, options.processes):
            started = perf_counter() - start
            usage = client.run_on_scheduler(read_usage)
            sleep(IDLE_SECONDS)
            idle = (client.run_on_scheduler(read_usage).cpu - usage.cpu) / IDLE_SECONDS
            makers = regression_makers(0, [options.rows] * count, options.parameters)
            weights = np.zeros(options.parameters)
            with distributed.value_and_grad(logistic_loss, client, makers, backend=None) as objective:
                for _ in range(WARM_UP):
                    objective(weights)
                first, moved = client.run_on_scheduler(read_usage), loopback_bytes()
                seconds = []
                for _ in range(options.steps):
                    start = perf_counter()
                    objective(weights)
                    seconds.append(perf_counter() - start)
                last, moved = client.run_on_scheduler(read_usage), loopback_bytes() - moved
    step = first.per_step(last, options.steps)
    return Load(count, started, idle, before.memory, last.memory, median(seconds), step, moved / options.steps)


@contextmanager
def scheduler() -> Iterator[Client]:
    """A client of a scheduler in a process of its own, without workers."""
    from distributed import Client

    with process("scheduler") as child, Client(child.stdout.readline().strip(), timeout=START_SECONDS) as client:
        yield client


@contextmanager
def workers(client: Client, count: int, processes: int) -> Iterator[None]:
    """So many workers, shared out among processes; they are ended with these."""
    with ExitStack() as stack:
        for number in range(processes):
            share = (number + 1) * count // processes - number * count // processes
            if share:
                stack.enter_context(process("workers", client.scheduler.address, str(share), str(number)))
        client.wait_for_workers(count, timeout=START_SECONDS)
        yield


def watch_scheduler(dask_scheduler) -> Usage:
    """On the scheduler: count from now on what goes through the streams between it, its workers and its clients."""
    from distributed import batched

    counted: Counter[tuple[str, str]] = Counter()
    dask_scheduler.counted_messages = counted

    def counting(name, handler):
        def handle(*args, **kwargs):
            counted["to", name] += 1
            return handler(*args, **kwargs)

        return handle

    for name, handler in dask_scheduler.stream_handlers.items():
        if not inspect.iscoroutinefunction(handler):
            dask_scheduler.stream_handlers[name] = counting(name, handler)
    send = batched.BatchedSend.send

    def counting_send(stream, *messages):
        counted.update(("from", message["op"]) for message in messages)
        return send(stream, *messages)

    batched.BatchedSend.send = counting_send
    return read_usage(dask_scheduler)


def read_usage(dask_scheduler) -> Usage:
    times = os.times()
    streams = [*dask_scheduler.stream_comms.values(), *dask_scheduler.client_comms.values()]
    return Usage(times.user + times.system, read_status("VmRSS") if STATUS.exists() else 0,
                 dict(dask_scheduler.counted_messages), sum(stream.byte_count for stream in streams),
                 dask_scheduler.transition_counter)


def loopback_bytes() -> int:
    """What has gone through the loopback interface, where all connections of this machine to itself are."""
    if not LOOPBACK.exists():
        return 0
    line = next(line for line in LOOPBACK.read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.split()[1])


def load_table(loads: list[Load]) -> str:
    head = ["a step", "scheduler's time", "messages to it", "from it", "bytes from it", "transitions",
            "bytes of all", "its memory", "before", "its time a second, idle", "to start"]
    return format_table(["workers", *head], [
        [str(load.workers), format_time(load.seconds), format_time(load.step.cpu), f"{load.step.count('to'):,.0f}",
         f"{load.step.count('from'):,.0f}", f"{load.step.bytes_sent:,.0f}",
         f"{load.step.transitions:,.0f}", f"{load.moved:,.0f}",
         format_bytes(load.memory), format_bytes(load.memory_before), format_time(load.idle), format_time(load.start)]
        for load in loads])


def growth(loads: list[Load]) -> Iterator[str]:
    """What each worker adds, where there are clusters of several sizes."""
    if len(loads) < 2:
        return
    sizes = [load.workers for load in loads]
    for what, amounts, show in (
        ("scheduler's time in a step", [load.step.cpu for load in loads], format_time),
        ("messages to it in a step", [load.step.count("to") for load in loads], "{:.3g}".format),
        ("messages from it in a step", [load.step.count("from") for load in loads], "{:.3g}".format),
        ("bytes from it in a step", [load.step.bytes_sent for load in loads], "{:,.0f}".format),
        ("its memory", [load.memory - load.memory_before for load in loads], lambda count: f"{count / 1024:.3g} KiB"),
    ):
        slope, constant = np.polyfit(sizes, amounts, 1)
        yield f"{what}: {show(slope)} a worker, and {show(max(constant, 0.0))}"


def kinds(load: Load) -> str:
    """Of which kinds the messages of a step were, most of them first."""
    shares = {kind: number / load.workers for kind, number in load.step.messages.items()}
    named = [f"{name} {way} it {share:.2f}" for (way, name), share in sorted(shares.items(), key=lambda item: -item[1])
             if share > LEAST_SHARE]
    return f"{load.workers} workers, messages of a step for each: {', '.join(named)}"
