"""What a jitted function keeps: entries for kinds of arguments, with versions for states of what is outside."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...captured_state.captured import CapturedState
from .arguments import are_numbers
from ..pipeline import compile_program
from ..record.guards import outcome
from ..record.hidden_inputs import HiddenInputs
from .limits import HITS_PER_TRACE, MOST_FAILURES, MOST_KEYS, MOST_NEW_KEYS, MOST_STATES
from .matching import make_match, no_match, take_any
from .guard_slice import GuardSlice
from .quick_calls import Ticket, make_quick
from .native_programs import compile_later, compile_now
from ..selection import Selection
from ..backends.numpy_source.executable import Executable
from ..record.tracing import Recording
from .tree import Branch, TraceTree, make_tree

__all__ = ["Cache", "CacheInfo", "Entry", "Version", "make_branch"]


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

    captured: CapturedState
    tree: TraceTree


class Entry:
    """What is known for one kind of arguments."""

    __slots__ = ("versions", "eager", "used", "impure", "errors", "match", "caught", "quick", "ticket",
                 "failed")

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.eager = False
        self.used = 0
        self.match: Callable | None = None  # made in the second call
        self.impure = itertools.count(1)  # runs that changed what is outside
        self.errors = 0  # runs to be traced that raised one
        self.caught: set[type] = set()  # types of errors of programs that the function itself catches
        self.quick: Callable | None = None
        self.ticket = Ticket(False)  # of the quick call: without a valid one another is made
        self.failed = 0  # quick calls that raised an error

    def look_closely(self) -> None:
        """From now on calls are looked at, until there is another quick call."""
        self.quick = None
        self.ticket.is_valid = False
        if self.failed > MOST_FAILURES:
            self.ticket = Ticket(True)

    def add(self, captured: CapturedState, hidden: HiddenInputs | None, branch: Branch, draws: bool) -> None:
        """Keep a program for this state of the variables outside; another thread may have been here."""
        version = next((each for each in self.versions if each.captured.hold()), None)
        if version is None:
            version = Version(captured, make_tree(hidden))
            self.versions.insert(0, version)
        version.tree.add(branch, draws)
        self.look_closely()

    def add_exact(self, version: Version, executable: Executable, branch: Branch) -> None:
        """Keep a program that does not trust that all is finite, for values for which ``executable`` has failed.

        If it went another way, at an ``if isfinite(loss)``, those that trust fail before they come to where it parts:
        none of them is kept.
        """
        if any(each.first is executable and each.outcomes == branch.outcomes for each in version.tree.branches):
            executable.exact = branch.executable
        elif version in self.versions:
            tree = make_tree(version.tree.hidden, trusts=False)
            tree.add(branch, draws=False)
            self.versions[self.versions.index(version)] = version._replace(tree=tree)
        self.look_closely()

    def is_often_impure(self) -> bool:
        """Whether runs change what is outside again and again; there has been one more."""
        return next(self.impure) >= MOST_STATES

    def give_up(self) -> None:
        """From now on the function itself runs for these arguments."""
        self.eager = True
        self.versions.clear()
        self.look_closely()


def make_branch(recording: Recording, passes: Sequence[str], name: str, selection: Selection) -> Branch:
    """Compile what has been recorded, for the back end that is selected."""
    outcomes = [outcome(step.value) for step in recording.program.steps if step.kind == "guard"]
    program, structure = recording.program, recording.structure
    found = compile_now(program, structure, passes, name, selection) if selection.backend == "native" else None
    executable = found[0] if found else compile_program(program, structure, passes, name)
    executable.states = recording.states
    branch = Branch(executable, outcomes, GuardSlice(recording.program, passes, name) if outcomes else None)
    if selection.backend == "auto":
        compile_later(branch, recording, passes, name, selection)
    return branch


class Cache:
    """The entries of a jitted function.

    Attributes:
        latest: the entry of the last call, and the test for its arguments; ``quick``, if there is one, does all
            that is to be done for such, or gives MISSED.
        is_hopeless: whether call after call its arguments were new, so that the function itself runs for all.
    """

    def __init__(self) -> None:
        self.entries: dict[tuple, Entry] = {}
        self.latest: tuple[Callable, Any] = no_match, None
        self.quick: Callable | None = None
        self.lock = threading.Lock()
        self.clock = itertools.count(1)
        self.misses = 0  # kinds of arguments that were new
        self.is_hopeless = False

    def find(self, key: tuple, leaves: list, args: tuple | None, hits: int) -> Entry:
        """The entry for arguments with this key, which becomes the latest; ``args`` if a test for them can be made."""
        with self.lock:
            entry = self.entries.get(key)
            if entry is None:
                self.misses += 1
                if self.misses > MOST_NEW_KEYS + hits // HITS_PER_TRACE:
                    return self.lose_hope()
                if len(self.entries) >= MOST_KEYS:
                    oldest = min(self.entries, key=lambda each: self.entries[each].used)
                    del self.entries[oldest]
                entry = self.entries[key] = Entry()
                entry.eager = not are_numbers(leaves)
            elif entry.match is None:
                entry.match = no_match if args is None else make_match(args)
            entry.used = next(self.clock)
            self.latest = entry.match or no_match, entry
            self.quick = entry.quick
            return entry

    def make_quick(self, args: tuple) -> None:
        """Let calls that are like this one, which had a program, be quick ones."""
        with self.lock:
            match, entry = self.latest
            if match is not no_match and match is not take_any and match is entry.match and not entry.ticket.is_valid:
                entry.ticket = Ticket(True)  # until something changes, which may be now
                entry.quick = self.quick = make_quick(args, entry, entry.ticket)

    def quick_has_failed(self) -> None:
        """A quick call has raised an error."""
        with self.lock:
            self.quick = None
            if (entry := self.latest[1]) is not None:
                entry.failed += 1
                entry.look_closely()

    def forget_matches(self) -> None:
        """From the next call on arguments are looked at more closely than a quick test does."""
        with self.lock:
            self.latest = no_match, None
            self.quick = None
            for entry in self.entries.values():
                entry.match = None
                entry.look_closely()

    def lose_hope(self) -> Entry:
        """From now on run the function itself for all kinds of arguments; the programs are let go."""
        self.is_hopeless = True
        self.entries.clear()
        entry = Entry()
        self.latest = take_any, entry
        self.quick = None
        return entry

    def count(self) -> tuple[int, int, int]:
        """How many entries there are, how many programs they have, and how many bytes these hold."""
        with self.lock:
            entries = list(self.entries.values())
        branches = [branch for entry in entries for version in entry.versions for branch in version.tree.branches]
        return len(entries), len(branches), sum(branch.executable.held for branch in branches)
