"""A limit on the time of a call: some compilers take minutes for what others run in microseconds."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Limit", "TooLong", "limited"]

AGAIN = 1.0
"""Seconds until the exception is raised once more: in a function that C calls, as LLVM does, it is lost."""


class TooLong(BaseException):
    """The time is over. No Exception, so that no library takes it for a failure of its own and tries another way."""


class Limit:
    """Whether the time is over: other exceptions may be the consequence."""

    over = False


@contextmanager
def limited(seconds: float) -> Iterator[Limit]:
    """Raise :class:`TooLong` in the block after so many seconds, as soon as Python runs.

    Without SIGALRM, and in other threads than the main one, there is no limit.
    """
    limit = Limit()
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield limit
        return

    def stop(signal_number, frame):
        limit.over = True
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
