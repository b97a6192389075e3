"""The tree of traces: the programs for one kind of arguments, told apart by what Python saw of the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..transforms.random_states import numpy_state, restore_numpy
from .guards import Miss
from .hidden_inputs import HiddenInputs
from .replay import Replay

__all__ = ["Branch", "TraceTree", "make_tree"]


class Branch:
    """A program and what its guards expect, in their order."""

    __slots__ = ("replay", "outcomes")

    def __init__(self, replay: Replay, outcomes: Sequence[Any]) -> None:
        self.replay = replay
        self.outcomes = outcomes


class Fork:
    """Where programs part: the branch that was taken last from here, and what was seen here → the fork that follows."""

    __slots__ = ("latest", "next")

    def __init__(self, latest: Branch) -> None:
        self.latest = latest
        self.next: dict[Any, Fork] = {}


class TraceTree:
    """Programs by the outcomes of their guards. A run begins with the one that was right last."""

    hidden: HiddenInputs | None = None

    LIMIT = 32
    """More programs than this are not kept for one kind of arguments."""

    def __init__(self) -> None:
        self.root: Fork | None = None
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
        branch = fork.latest
        depth = 0
        while True:
            result = branch.replay.run(leaves)
            if type(result) is not Miss:
                self.root.latest = branch
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
            branch = fork.latest

    def add(self, branch: Branch, draws: bool) -> None:
        """Keep a program, unless another thread has added one for the same outcomes. ``draws``: random numbers."""
        if any(each.outcomes == branch.outcomes for each in self.branches):
            return
        self.draws = self.draws or draws
        self.branches.append(branch)
        if self.root is None:
            self.root = Fork(branch)
        fork = self.root
        fork.latest = branch
        for seen in branch.outcomes:
            following = fork.next.get(seen)
            if following is None:
                following = fork.next[seen] = Fork(branch)
            following.latest = branch
            fork = following


class HiddenTree(TraceTree):
    """Programs with hidden inputs, which follow the arguments."""

    def __init__(self, hidden: HiddenInputs) -> None:
        super().__init__()
        self.hidden = hidden

    def run(self, leaves: list) -> Any:
        return super().run(leaves + self.hidden.read())


def make_tree(hidden: HiddenInputs | None) -> TraceTree:
    return TraceTree() if hidden is None else HiddenTree(hidden)
