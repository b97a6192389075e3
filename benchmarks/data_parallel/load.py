"""The command ``python -m benchmarks.scheduler_load``: steps of growing clusters, seen from the scheduler."""

from __future__ import annotations

import argparse
import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..peak_memory import STATUS, read_status
from ..report import format_table
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
    client: float
    step: Usage
    moved: float


def run_load(options: argparse.Namespace) -> None:
    """Measure, a line a cluster as it goes, and a table of all."""
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
            print(f"- {kinds(loads[-1])}")


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
            makers = regression_makers(0, [options.rows] * (count * options.shards), options.parameters)
            weights = np.zeros(options.parameters)
            with distributed.value_and_grad(logistic_loss, client, makers, backend=None) as objective:
                for _ in range(WARM_UP):
                    objective(weights)
                first, moved, computed = client.run_on_scheduler(read_usage), loopback_bytes(), process_time()
                seconds = []
                for _ in range(options.steps):
                    start = perf_counter()
                    objective(weights)
                    seconds.append(perf_counter() - start)
                computed = (process_time() - computed) / options.steps
                last, moved = client.run_on_scheduler(read_usage), loopback_bytes() - moved
    step = first.per_step(last, options.steps)
    return Load(count, started, idle, before.memory, last.memory, median(seconds), computed, step,
                moved / options.steps)


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


def format_time(seconds: float) -> str:
    """
    >>> format_time(0.0123456)
    '12.35 ms'
    """
    return f"{1000 * seconds:,.4g} ms"


def format_kibibytes(count: float) -> str:
    """
    >>> format_kibibytes(3 * 2**20)
    '3,072 KiB'
    """
    return f"{count / 1024:,.4g} KiB"


def rows_of(load: Load) -> dict[str, tuple[float, Callable[[float], str]]]:
    """What is shown of a cluster: numbers by name, and how each is written."""
    return {
        "a step": (load.seconds, format_time),
        "client's time in it": (load.client, format_time),
        "scheduler's time in it": (load.step.cpu, format_time),
        "the same without what it does idle": (load.step.cpu - load.idle * load.seconds, format_time),
        "messages to the scheduler": (load.step.count("to"), "{:,.4g}".format),
        "messages from it": (load.step.count("from"), "{:,.4g}".format),
        "bytes from it": (load.step.bytes_sent, format_kibibytes),
        "bytes of all": (load.moved, format_kibibytes),
        "its transitions of tasks": (load.step.transitions, "{:,.4g}".format),
        "its memory, beyond that without workers": (load.memory - load.memory_before, format_kibibytes),
        "its time a second, idle": (load.idle, format_time),
        "to start the workers": (load.start, format_time),
    }


def load_table(loads: list[Load]) -> str:
    """A column a cluster; where there are several, the last one is what a worker adds, from a line through them all."""
    columns = [rows_of(load) for load in loads]
    sizes = [load.workers for load in loads]
    head = ["", *(f"{size} workers" for size in sizes), *(["each worker"] if len(loads) > 1 else [])]
    lines = []
    for name, (_, show) in columns[0].items():
        numbers = [column[name][0] for column in columns]
        each = [show(np.polyfit(sizes, numbers, 1)[0])] if len(loads) > 1 else []
        lines.append([name, *map(show, numbers), *each])
    return format_table(head, lines)


def kinds(load: Load) -> str:
    """Of which kinds the messages of a step were, most of them first."""
    shares = {kind: number / load.workers for kind, number in load.step.messages.items()}
    named = [f"{name} {way} it {share:.2f}" for (way, name), share in sorted(shares.items(), key=lambda item: -item[1])
             if share > LEAST_SHARE]
    return f"{load.workers} workers, messages of a step for each: {', '.join(named)}"
