"""What a jitted function keeps: entries for kinds of arguments, with versions for states of what is outside."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..transforms.surroundings import Surroundings
from .tree import TraceTree

__all__ = ["CacheInfo", "Entry", "Version", "count"]


class CacheInfo(NamedTuple):
    """Counts of calls by what became of them, and what the cache holds.

    Attributes:
        hits, traces, eager: calls that were replayed, that were traced, that ran the function itself.
        keys: kinds of arguments for which there are programs.
        programs: how many there are.
        arena_bytes: memory for intermediate values that they hold between calls.
        failures: calls in which something of ``jit`` failed, so that the function itself gave the result. There should
            be none: a JitWarning says what to report.
    """

    hits: int
    traces: int
    eager: int
    keys: int
    programs: int
    arena_bytes: int
    failures: int


class Version(NamedTuple):
    """The programs for one state of the variables outside the function."""

    surroundings: Surroundings
    tree: TraceTree


class Entry:
    """What is known for one kind of arguments."""

    __slots__ = ("versions", "eager", "used", "impure", "errors", "match", "caught")

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.eager = False
        self.used = 0
        self.match: Callable | None = None  # made in the second call
        self.impure = itertools.count(1)  # runs that changed what is outside
        self.errors = 0  # runs to be traced that raised one
        self.caught: set[type] = set()  # types of errors of programs that the function itself catches

    def give_up(self) -> None:
        """From now on the function itself runs for these arguments."""
        self.eager = True
        self.versions.clear()


def count(entries: Iterable[Entry]) -> tuple[int, int, int]:
    """How many entries there are, how many programs they have, and how many bytes these hold."""
    entries = list(entries)
    branches = [branch for entry in entries for version in entry.versions for branch in version.tree.branches]
    return len(entries), len(branches), sum(branch.replay.held for branch in branches)
