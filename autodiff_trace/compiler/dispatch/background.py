"""Compiling in the background: one thread that compiles natively what is waiting, while programs run on NumPy.

It ends with the interpreter, which waits until what is being compiled is done: LLVM cannot be left in the middle. A
fork waits as well; the child has no such thread until it needs one.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from ..backends.native.back_end import compiling

__all__ = ["Background", "background"]


class Background:
    """A thread that does one job after another; it is started when it is first needed."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.is_over = False

    def submit(self, job: Callable[[], None]) -> None:
        """Let the thread do a job, which raises nothing."""
        with self.lock:
            if self.is_over:
                return
            if self.thread is None:
                thread = threading.Thread(target=self.serve, daemon=True, name="autodiff_trace native")
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending, or there are no more threads
                    return
                self.thread = thread
        self.jobs.put(job)

    def serve(self) -> None:
        jobs = self.jobs
        while True:
            job = jobs.get()
            with compiling:
                if self.is_over:
                    return
                job()
            del job

    def finish(self) -> None:
        """Begin no further job, and wait for the end of the one that is being done."""
        self.is_over = True
        with compiling:
            pass

    def wait(self) -> None:
        """Wait until all jobs that have been submitted are done."""
        if self.thread is not None and not self.is_over:
            done = threading.Event()
            self.submit(done.set)
            done.wait()


background = Background()
atexit.register(background.finish)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=background.__init__)
