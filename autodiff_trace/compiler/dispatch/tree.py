"""The tree of traces: the programs for one kind of arguments, told apart by what Python saw of the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.tracer import trace_stack
from ...captured_state.random_states import numpy_state, restore_numpy
from ..record.guards import Miss
from .guard_slice import GuardSlice
from .limits import WRONG_BEGINNINGS
from ..record.hidden_inputs import HiddenInputs
from ...captured_state.places import OTHERS
from ..backends.numpy_source.executable import Executable

__all__ = ["Branch", "TraceTree", "make_tree", "run_apart"]


class Branch:
    """A program, what its guards expect, in their order, and the part of it that these need.

    ``executable`` runs it; another one may take the place of the ``first`` while others run it.
    """

    __slots__ = ("executable", "first", "outcomes", "guard_slice", "ticket", "recorded", "__weakref__")

    def __init__(self, executable: Executable, outcomes: Sequence[Any], guard_slice: GuardSlice | None) -> None:
        self.executable = self.first = executable
        self.outcomes = outcomes
        self.ticket: Any = None  # of the quick call that runs it
        self.recorded: Any = None  # what another executable is to be made from
        self.guard_slice = guard_slice if guard_slice is not None and guard_slice.draws_nothing else None

    def replace(self, executable: Executable) -> None:
        """Run another executable from now on."""
        self.executable = executable
        if self.ticket is not None:
            self.ticket.is_valid = False


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

    A run begins with the one that was right last. Where that stops, and from the start where that has been wrong again
    and again, the guards of others are asked, first of those through which most programs go on: what is left after each
    is less than half, so that of n programs log₂(n) at most are asked, and one is run.
    """

    hidden: HiddenInputs | None = None
    trusts = True

    def __init__(self) -> None:
        self.root: Fork | None = None
        self.latest: Branch | None = None
        self.branches: list[Branch] = []
        self.draws = False
        self.doubts = 0  # of the program that was right last
        self.is_plain = True  # neither draws nor doubts

    def run(self, leaves: list) -> Any:
        """The result of the program that fits the values, or the Miss of the one that went furthest.

        A program that stops at a guard has drawn no random numbers: those that it drew are taken back.
        """
        return self.search(leaves, None) if self.is_plain else self.run_specially(leaves)

    def run_specially(self, leaves: list) -> Any:
        state = numpy_state() if self.draws else None
        try:
            if self.doubts < WRONG_BEGINNINGS:
                return self.search(leaves, state)
            latest = self.latest
            result = self.descend(leaves, state, self.root, 0)
            if self.latest is latest:
                self.doubt(-1)
            return result
        except Exception:
            restore_numpy(state)
            raise

    def search(self, leaves: list, state: Any) -> Any:
        branch = self.latest
        if branch is None:
            return Miss(-1, None)
        result = branch.executable.run(leaves)
        if type(result) is not Miss:
            return result
        restore_numpy(state)
        self.doubt(1)
        fork = follow(self.root, branch, 0, result)
        return result if fork is None else self.descend(leaves, state, fork, result.guard + 1)

    def descend(self, leaves: list, state: Any, fork: Fork, depth: int) -> Any:
        """The result of one of the programs that go on from ``fork``, before guard ``depth``."""
        while True:
            branch = fork.branch
            result = None
            if fork.count > 1 and branch.guard_slice is not None:
                result = branch.guard_slice.run(leaves)
            if type(result) is not Miss:
                result = branch.executable.run(leaves)
                if type(result) is not Miss:
                    self.latest = branch
                    return result
                restore_numpy(state)
            if result.guard < depth:
                return result
            fork = follow(fork, branch, depth, result)
            if fork is None:
                return result
            depth = result.guard + 1

    def doubt(self, more: int) -> None:
        self.doubts = min(self.doubts + more, 2 * WRONG_BEGINNINGS)
        self.is_plain = not self.draws and self.doubts < WRONG_BEGINNINGS

    def add(self, branch: Branch, draws: bool) -> None:
        """Keep a program, unless another thread has added one for the same outcomes. ``draws``: random numbers."""
        if any(each.outcomes == branch.outcomes for each in self.branches):
            return
        self.draws = self.draws or draws
        self.doubt(0)
        if self.root is None:
            self.root = Fork(branch)
        path = [self.root]
        for seen in branch.outcomes:
            path.append(path[-1].next.setdefault(seen, Fork(branch)))
        for fork in reversed(path):
            fork.count += 1
            if fork.next:
                fork.branch = max(fork.next.values(), key=lambda each: each.count).branch
        self.latest = branch
        self.branches.append(branch)  # last of all: an interrupt before leaves one that is traced again


def follow(fork: Fork | None, branch: Branch, depth: int, miss: Miss) -> Fork | None:
    """The fork where a program has stopped that went from ``fork``, before guard ``depth``; None if it is new."""
    # The outcomes before the guard that missed were as expected: go down to it, and to what was seen there.
    for seen in (*branch.outcomes[depth:miss.guard], miss.seen):
        fork = fork.next.get(seen) if fork is not None else None
    return fork


class HiddenTree(TraceTree):
    """Programs with hidden inputs, which follow the arguments."""

    def __init__(self, hidden: HiddenInputs) -> None:
        super().__init__()
        self.hidden = hidden

    def run(self, leaves: list) -> Any:
        try:
            values = self.hidden.read()
        except OTHERS:  # another thread has put something else there since they were compared
            return Miss(-1, None)
        return super().run(leaves + values)


def make_tree(hidden: HiddenInputs | None, trusts: bool = True) -> TraceTree:
    """``trusts``: whether its programs may trust that all is finite."""
    tree = TraceTree() if hidden is None else HiddenTree(hidden)
    tree.trusts = trusts
    return tree


def run_apart(tree: TraceTree, leaves: list) -> Any:
    """``tree.run(leaves)`` where other traces run, which follow none of the leaves: a primitive that asks which traces
    run (of repeated eigenvalues) would work for these."""
    stack = trace_stack.get()
    try:
        trace_stack.set(())
        return tree.run(leaves)
    finally:
        trace_stack.set(stack)
