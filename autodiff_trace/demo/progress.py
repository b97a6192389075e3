"""A progress bar on a terminal; nothing where the output is piped or kept in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["progress"]

T = TypeVar("T")

WIDTH = 30
SECONDS_BETWEEN_DRAWINGS = 0.1


def progress(items: Sequence[T], label: str) -> Iterator[T]:
    """Iterate over ``items`` and show how far it is. Close the iterator to wipe the bar when a loop is left early."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield from items
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield from draw_progress(items, label)
        return
    with tqdm(items, desc=label, leave=False) as bar:
        yield from bar


def draw_progress(items: Sequence[T], label: str) -> Iterator[T]:
    next_drawing, line = 0.0, ""
    try:
        for done, item in enumerate(items):
            if time.monotonic() >= next_drawing:
                next_drawing = time.monotonic() + SECONDS_BETWEEN_DRAWINGS
                filled = WIDTH * done // len(items)
                line = f"{label} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{len(items)}"
                print(f"\r{line}", end="", file=sys.stderr, flush=True)
            yield item
    finally:
        print("\r" + " " * len(line) + "\r", end="", file=sys.stderr, flush=True)
