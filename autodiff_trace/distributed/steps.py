"""A step: one graph of tasks, a task for each group of shards and sums above them, and what is done where it fails."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, NamedTuple

import dask
from distributed import Future, KilledWorker
from distributed.protocol.pickle import dumps

from .errors import DistributedError
from .groups import Group, find_groups
from .programs import Job, Program, run_group
from .shards import WATCH, Shards, lost_scheduler
from .sums import Part, Report, join

__all__ = ["StepInfo", "Steps"]

FAN = 8
"""Sums that one task, or the client, adds up."""

IN_GRAPH = 8 << 20
"""Bytes of parameters, for all groups together, up to which they go with the graph, which saves messages."""

SMALL_LOSS = 32 << 10
"""Bytes of a pickled loss up to which it goes with each task. A larger one is a value of its own on the cluster: Dask
takes back all copies of it but one every two seconds, and each worker fetches it again, by five messages."""

ATTEMPTS = 5
"""How often a step is tried of which data has been lost."""

PAUSE = 0.1
"""Seconds between two of them, times the number of the attempt."""


class StepInfo(NamedTuple):
    """What a step took: seconds on the client, of work on each worker, rows, and the seconds beside the work."""

    seconds: float
    busy: dict[str, float]
    rows: int
    overhead: float


class Steps:
    """Runs steps over shards, one after the other."""

    def __init__(self, shards: Shards, program: Program, name: str, retries: int, timeout: float | None) -> None:
        self.shards, self.client, self.name = shards, shards.client, name
        self.retries, self.timeout = retries, timeout
        self.source = program
        self.numbers = itertools.count()
        self.program = None
        self.groups: list[Group] = []
        self.threads: dict[str, int] = {}
        self.checked = 0.0
        self.failed = False  # by an error of the loss
        self.deadline = math.inf
        self.done: Any = None  # the futures of the last step: let go with the next one, in one message

    def run(self, params: Any, job: Job) -> tuple[Part, StepInfo]:
        """The sum over all shards."""
        start = time.perf_counter()
        self.deadline = math.inf if self.timeout is None else time.monotonic() + self.timeout
        payload = dumps(params)
        for attempt in range(ATTEMPTS):
            self.failed = False
            try:
                if attempt:
                    self.repair()
                self.prepare()
                part = join(self.compute(payload, job), job.count)
                break
            except (CancelledError, OSError) as error:  # OSError: of communication, or else of the loss
                if self.failed:
                    raise
                self.groups, self.done = [], None
                if self.client.status != "running":
                    raise lost_scheduler(self.client) from None
                if attempt + 1 == ATTEMPTS:
                    raise DistributedError(f"a step failed {ATTEMPTS} times: {error}.") from error
                time.sleep(PAUSE * attempt)
        if any(report.worker != self.groups[report.group].worker for report in part.reports):
            self.groups = []  # a worker is lost, or has been helped: shards are elsewhere now
        total = next(iter(part.sums.values()))
        return part, self.account(part.reports, time.perf_counter() - start, total.rows if total else 0)

    def prepare(self) -> None:
        """See to it that the loss is on the cluster, and that groups are those of the workers that there are."""
        if self.client.status != "running":
            raise lost_scheduler(self.client)
        if self.program is None and len(self.source.payload) <= SMALL_LOSS:
            self.program = self.source
        elif self.program is None:
            self.program = self.client.submit(
                Program, self.source.payload, self.source.backend, key=(self.name, "loss", next(self.numbers)))
        if self.groups and time.monotonic() - self.checked < WATCH:
            return
        threads = self.client.nthreads()
        if not self.groups or threads != self.threads:
            self.groups, self.threads = find_groups(self.shards), threads
        self.checked = time.monotonic()

    def repair(self) -> None:
        """Bring back what Dask has lost and cannot compute."""
        if isinstance(self.program, Future) and self.program.status in ("cancelled", "lost"):
            self.program = None
        self.shards.repair()

    def compute(self, payload: bytes, job: Job) -> list[Part]:
        """The parts of the sum that are left to the client."""
        sent = None
        if len(payload) * len(self.groups) <= IN_GRAPH:
            job = job.with_params(payload)
        else:
            [sent] = self.client.scatter([payload], broadcast=True, hash=False, direct=self.shards.direct)
        tasks, places = self.lay_out(job, sent)
        keys = list(tasks)
        while len(keys) > FAN:
            above = []
            for first in range(0, len(keys), FAN):
                key, run = (*keys[0][:2], len(tasks)), keys[first : first + FAN]
                tasks[key], places[key] = (join, run, job.count), places[run[0]]
                above.append(key)
            keys = above
        with dask.annotate(workers=places.get, allow_other_workers=True):
            futures = self.client.get(tasks, keys, sync=False, retries=self.retries)
        self.done = futures
        try:
            return self.client.sync(self.gather, futures)
        except BaseException as error:
            self.failed = any(future.status == "error" for future in futures)
            self.done = None
            if self.client.status == "running":
                with suppress(Exception):
                    self.client.cancel(futures)
            if isinstance(error, KilledWorker):
                raise DistributedError(
                    f"a task of a step has ended several workers, as a rule for want of memory ({error}). Give smaller "
                    "shards, or functions that make them and keep=False.") from error
            raise

    def lay_out(self, job: Job, sent: Any) -> tuple[dict, dict]:
        """The tasks of the groups, and where they are to run."""
        step = next(self.numbers)
        tasks, places = {}, {}
        for i, group in enumerate(self.groups):
            shards = [self.shards.futures[number] for number in group.numbers]
            tasks[self.name, step, i] = (run_group, self.program, job, sent, i, group.numbers, shards)
            places[self.name, step, i] = group.worker
        return tasks, places

    async def gather(self, futures: list) -> list[Part]:
        """The results; or an error where they take too long, or will never come."""
        gathering = asyncio.ensure_future(
            self.client.gather(futures, direct=self.shards.direct, asynchronous=True))
        gathering.add_done_callback(lambda task: task.cancelled() or task.exception())  # Ctrl-C leaves it alone
        why: Exception | None = None
        while not gathering.done() and why is None:
            await asyncio.wait([gathering], timeout=max(0.0, min(self.deadline - time.monotonic(), WATCH)))
            if time.monotonic() >= self.deadline:
                why = DistributedError(
                    f"a step took longer than {self.timeout} seconds, with {len(self.threads)} workers on the cluster. "
                    "Give it more time, or see the logs of the workers.")
            elif not gathering.done() and await self.is_deserted():
                why = CancelledError("all of the workers that it ran on have ended")
        if not gathering.done():
            await self.client.cancel(futures, asynchronous=True)
            await asyncio.wait([gathering])
            if gathering.cancelled() or gathering.exception() is not None:
                raise why
        return gathering.result()

    async def is_deserted(self) -> bool:
        """Whether there are workers, but none of those that the tasks are for: Dask would never start them."""
        if self.client.status != "running":
            return False
        present = await self.client.scheduler.ncores()
        return bool(present) and not any(group.worker in present for group in self.groups)

    def account(self, reports: list[Report], seconds: float, rows: int) -> StepInfo:
        busy: dict[str, list[float]] = {}
        for report in reports:
            busy.setdefault(report.worker, []).append(report.seconds)
        longest = max(sum(times) / min(self.threads.get(worker, 1), len(times)) for worker, times in busy.items())
        return StepInfo(seconds, {worker: sum(times) for worker, times in busy.items()}, rows, seconds - longest)

    def close(self) -> None:
        self.program = self.done = None
        self.groups = []
