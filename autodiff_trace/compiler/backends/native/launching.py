"""Launching: the threads that share the work of one call are started, and wait for its end."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from ..numpy_source import threads
from . import words
from .runtime import assistant, runner

__all__ = ["SHARED", "launcher"]

#: From how many ns of work that can be shared threads are started: to wake one takes 20 to 50 µs.
SHARED = 200_000


def launcher(program: int) -> Callable[[int], None]:
    """A function that runs these records with the state at an address, on all threads that may be used."""
    run, assist = runner(), assistant()

    def launch(state: int) -> None:
        header = (ctypes.c_int64 * words.CELLS).from_address(state)
        header[words.THREADS] = count = threads.num_threads()
        header[words.FINISHED] = 0

        def work(number: int) -> None:
            if number:
                assist(state)
                return
            header[words.STATUS] = run(program, state)
            header[words.FINISHED] = 1

        try:
            threads.share(work, count)
        finally:
            # Also where it was interrupted before the run: those who assist do not wait for ever.
            header[words.FINISHED] = 1

    return launch
