"""Launching: the threads that share the work of one call are started, and wait for its end."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from ..numpy_source import threads
from . import words
from .runtime import assistant, runner

__all__ = ["SHARED", "launcher"]

#: From how many ns of work that can be shared threads are started: to start one takes 20 to 100 µs, the more the busier
#: the cores are.
SHARED = 250_000


def launcher(program: int) -> Callable[[int], None]:
    """A function that runs these records with the state at an address, on all threads that may be used."""
    run, assist = runner(), assistant()

    def launch(state: int) -> None:
        header = (ctypes.c_int64 * words.CELLS).from_address(state)
        count = threads.num_threads()
        try:
            threads.workers.start(count - 1)
        except RuntimeError:  # no more threads can be started
            count = 1
        header[words.THREADS] = count
        header[words.FINISHED] = 0

        def work(number: int) -> None:
            if number:
                assist(state)
            else:
                header[words.STATUS] = run(program, state)

        def finish() -> None:
            header[words.FINISHED] = 1

        try:
            # It waits for those who assist, and they until all is finished: it says so before, also after Ctrl-C.
            threads.share(work, count, finish)
        finally:
            header[words.FINISHED] = 1  # also where a second Ctrl-C came before that

    return launch
