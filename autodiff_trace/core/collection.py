"""Garbage collection, paused while much is made that stays: programs, and the functions and rules of this package."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collection_paused"]


@contextmanager
def collection_paused() -> Iterator[None]:
    """Without the garbage collector, which would go over all that is made again and again (a fifth of the time).

    It is no garbage, and without cycles. Where threads overlap here, it may run again before the last is done.
    """
    was_enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_enabled:
            gc.enable()
