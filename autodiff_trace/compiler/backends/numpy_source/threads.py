"""Threads: on how many cores compiled programs work, and the workers that share the blocks of a large array."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue

import numpy as np

__all__ = ["num_threads", "set_num_threads", "share"]


def default_threads() -> int:
    """What OMP_NUM_THREADS says, else the cores that this process may use."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if first.isdigit() and int(first):
        return int(first)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


count = default_threads()


def num_threads() -> int:
    """How many threads compiled programs use for large arrays.

    >>> from autodiff_trace import num_threads
    >>> num_threads() >= 1
    True
    """
    return count


def set_num_threads(number: int) -> None:
    """Let compiled programs use this many threads for large arrays.

    Without it they use as many as OMP_NUM_THREADS says, or all cores. Matrix products are NumPy's, which has threads
    of its own. Raises ValueError for a number below 1.

    >>> from autodiff_trace import num_threads, set_num_threads
    >>> set_num_threads(num_threads())
    """
    global count
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise ValueError(f"set_num_threads: expected a number of at least 1, got {number!r}.")
    count = int(number)


class Task:
    """A function that one worker is to run, unless whoever asked for it takes it back before it has begun."""

    __slots__ = ("work", "claim", "done", "error")

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.claim = threading.Lock()
        self.done = threading.Lock()
        self.done.acquire()
        self.error: BaseException | None = None

    def run(self) -> None:
        if self.claim.acquire(blocking=False):
            try:
                self.work()
            except BaseException as error:
                self.error = error
            finally:
                self.done.release()

    def take_back(self) -> bool:
        """Take the task back if it has not begun; whether that could be done."""
        return self.claim.acquire(blocking=False)

    def wait(self) -> None:
        """Wait for its end and raise its error."""
        self.done.acquire()
        if self.error is not None:
            raise self.error


class Workers:
    """Threads that wait for tasks. They are started when they are first needed."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self.lock = threading.Lock()
        self.threads: list[threading.Thread] = []

    def start(self, needed: int) -> None:
        """See to it that there are so many threads."""
        if len(self.threads) < needed:
            with self.lock:
                while len(self.threads) < needed:
                    thread = threading.Thread(target=self.serve, daemon=True, name="autodiff_trace")
                    thread.start()
                    self.threads.append(thread)

    def serve(self) -> None:
        tasks = self.tasks
        while True:
            tasks.get().run()


workers = Workers()

if hasattr(os, "register_at_fork"):
    # The child of a fork has none of its parent's threads.
    os.register_at_fork(after_in_child=lambda: workers.__init__())


def share(work: Callable[[int], None], threads: int, finish: Callable[[], None] | None = None) -> None:
    """Run ``work(0)`` here and ``work(1)`` … at the same time, in the same context (NumPy's error handling).

    ``work`` has to share out what is to be done by itself: a call may come late, or never, when the cores are busy.
    ``finish`` is called when ``work(0)`` is over, also where it was interrupted before it had begun: it tells the
    others to stop, where they do not see by themselves that nothing is left.
    All calls that have begun are over when it returns, or raises the error of one; but not when it is interrupted
    (Ctrl-C, what a handler of signals raises), which may come while it waits for them.
    """
    if threads == 1:
        work(0)  # there is nobody to be told
        return
    tasks = [Task(partial(copy_context().run, work, number)) for number in range(1, threads)]
    workers.start(threads - 1)
    with on_different_cores():
        try:
            for each in tasks:
                workers.tasks.put(each)
            work(0)
        finally:
            if finish is not None:
                finish()
            for each in [each for each in tasks if not each.take_back()]:
                each.wait()


@contextmanager
def on_different_cores() -> Iterator[None]:
    """Keep the workers off the core of this thread, where the operating system lets us.

    Linux is apt to run threads that wake each other, as those that wait for Python's lock do, on one core while others
    are idle: what two cores do in 8 ms then takes 13.
    """
    allowed = None
    try:
        try:
            cores, own = os.sched_getaffinity(0), current_core()
            if len(cores) > 1 and own in cores:
                for thread in workers.threads:
                    os.sched_setaffinity(thread.native_id, cores - {own})
                allowed = cores
                os.sched_setaffinity(0, {own})
        except (AttributeError, OSError):  # another operating system, or no permission
            pass
        yield
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)


def current_core() -> int:
    """The number of the core on which this thread runs: field 39 of its status, see proc(5)."""
    file = os.open("/proc/thread-self/stat", os.O_RDONLY)
    try:
        return int(os.read(file, 4096).rpartition(b")")[2].split()[36])
    finally:
        os.close(file)
