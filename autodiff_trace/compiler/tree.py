"""The tree of traces: the programs for one kind of arguments, told apart by what Python saw of the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..transforms.random_states import numpy_state, restore_numpy
from .guards import Miss
from .replay import Replay

__all__ = ["Branch", "TraceTree"]


class Branch:
    """A program and what its guards expect, in their order."""

    __slots__ = ("replay", "outcomes")

    def __init__(self, replay: Replay, outcomes: Sequence[Any]) -> None:
        self.replay = replay
        self.outcomes = outcomes


class Fork:
    """Where programs part: how many there are from here on, one that stands for most of them, and what was seen here →
    the fork that follows."""

    __slots__ = ("count", "branch", "next")

    def __init__(self, branch: Branch) -> None:
        self.count = 0
        self.branch = branch
        self.next: dict[Any, Fork] = {}


class TraceTree:
    """Programs by the outcomes of their guards.

    A run begins with the one that was right last. Where that stops, the next is one of those through which most
    programs go on: what is left at each stop is less than half, so that of n programs log₂(n) + 2 at most are begun.
    """

    LIMIT = 32
    """More programs than this are not kept for one kind of arguments."""

    def __init__(self) -> None:
        self.root: Fork | None = None
        self.latest: Branch | None = None
        self.branches: list[Branch] = []
        self.draws = False

    def run(self, leaves: list) -> Any:
        """The result of the program that fits the values, or the Miss of the one that went furthest.

        A program that stops at a guard has drawn no random numbers: those that it drew are taken back.
        """
        return self.run_drawing(leaves) if self.draws else self.search(leaves, None)

    def run_drawing(self, leaves: list) -> Any:
        state = numpy_state()
        try:
            return self.search(leaves, state)
        except Exception:
            restore_numpy(state)
            raise

    def search(self, leaves: list, state: Any) -> Any:
        fork = self.root
        if fork is None:
            return Miss(-1, None)
        branch = self.latest
        depth = 0
        while True:
            result = branch.replay.run(leaves)
            if type(result) is not Miss:
                self.latest = branch
                return result
            restore_numpy(state)
            if result.guard < depth:
                return result
            # The outcomes before the guard that missed were as expected: go down to it, and to what was seen there.
            for seen in (*branch.outcomes[depth:result.guard], result.seen):
                fork = fork.next.get(seen)
                if fork is None:
                    return result
            depth = result.guard + 1
            branch = fork.branch

    def add(self, branch: Branch, draws: bool) -> None:
        """Keep a program, unless another thread has added one for the same outcomes. ``draws``: random numbers."""
        if any(each.outcomes == branch.outcomes for each in self.branches):
            return
        self.draws = self.draws or draws
        self.branches.append(branch)
        self.latest = branch
        if self.root is None:
            self.root = Fork(branch)
        path = [self.root]
        for seen in branch.outcomes:
            path.append(path[-1].next.setdefault(seen, Fork(branch)))
        for fork in reversed(path):
            fork.count += 1
            if fork.next:
                fork.branch = max(fork.next.values(), key=lambda each: each.count).branch
