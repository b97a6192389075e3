"""Entries of the cache of a jitted function: what is known for one kind of arguments, and what is told of all."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

from ..transforms.surroundings import Surroundings
from .tree import TraceTree

__all__ = ["CacheInfo", "Entry", "JitWarning", "Version"]


class JitWarning(UserWarning):
    """A jitted function runs as if it were not: why, and what to do."""


class CacheInfo(NamedTuple):
    """Counts of calls by what became of them, and what the cache holds.

    Attributes:
        hits, traces, eager: calls that were replayed, that were traced, that ran the function itself.
        keys: kinds of arguments for which there are programs.
        programs: how many there are.
        arena_bytes: memory for intermediate values that they hold between calls.
    """

    hits: int
    traces: int
    eager: int
    keys: int
    programs: int
    arena_bytes: int


class Version(NamedTuple):
    """The programs for one state of the variables outside the function."""

    surroundings: Surroundings
    tree: TraceTree


class Entry:
    """What is known for one kind of arguments."""

    __slots__ = ("versions", "eager", "used", "impure", "errors", "match")

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.eager = False
        self.used = 0
        self.match: Callable | None = None  # made in the second call
        self.impure = itertools.count(1)  # runs that changed what is outside
        self.errors = 0  # runs to be traced that raised one
