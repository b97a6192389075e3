"""The jitted function: its cache of programs, and what is done when none of them fits."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.pytree import tree_map
from ..core.tracer import running_traces
from ..transforms.function import Transformed
from ..transforms.surroundings import Surroundings
from .arguments import NotPlain, are_numbers, static_positions, take_apart
from .collection import collection_paused
from .compiling import TRUSTING, compile_program
from .graph import Graph, trace_graph
from .guards import Miss, outcome
from .hidden_inputs import HiddenInputs
from .matching import make_match, no_match
from .record import MixedTraces, NotReplayable
from .replay import NotFinite, Replay
from .tracing import Outside, Recording, record
from .tree import Branch, TraceTree, make_tree

__all__ = ["CacheInfo", "JitWarning", "Jitted"]


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

    __slots__ = ("versions", "eager", "used", "impure", "match")

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.eager = False
        self.used = 0
        self.match: Callable | None = None  # made in the second call
        self.impure = itertools.count(1)  # runs that changed what is outside


class Jitted(Transformed):
    """A function that replays its traces."""

    KEYS = 128
    """Kinds of arguments for which programs are kept; beyond it the one that was not used for longest goes."""

    VERSIONS = 8
    """States of the variables outside for which programs are kept, for one kind of arguments."""

    def __init__(self, fun: Callable, static_argnames: tuple[str, ...], passes: tuple[str, ...]) -> None:
        super().__init__("jit", None, fun, static_argnames=static_argnames or None)
        self.static_argnames = static_argnames
        self.passes = passes
        self.positions = static_positions(fun, static_argnames)
        self.start()

    def start(self) -> None:
        self.entries: dict[tuple, Entry] = {}
        self.latest: tuple[Callable, Any] = no_match, None  # the entry of the last call, and the test for its arguments
        self.lock = threading.Lock()
        self.clock = itertools.count(1)
        self.hits = self.traces = self.eager = 0
        self.warned = self.writes = False
        self.outside = Outside()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        match, entry = self.latest
        leaves = None if kwargs else match(args)
        statics: list = []
        if leaves is None:
            try:
                leaves, key, statics = take_apart(args, kwargs, self.static_argnames, self.positions)
            except NotPlain:
                return self.fun(*args, **kwargs)
            entry = self.find_entry(tuple(key), leaves, None if kwargs else args)
        running = running_traces()
        if running and any(trace.guards_values for trace in running):
            return self.fun(*args, **kwargs)
        if entry.eager:
            return self.run_eagerly(args, kwargs)
        for version in entry.versions:
            if version.surroundings.hold():
                try:
                    result = version.tree.run(leaves)
                except NotFinite as error:
                    return self.trace_again(error.replay, version, args, kwargs)
                except Exception as error:
                    return self.run_after_error(error, args, kwargs)
                if type(result) is not Miss:
                    self.hits += 1
                    return result
                return self.trace(entry, version, statics, args, kwargs)
        return self.trace(entry, None, statics, args, kwargs)

    def trace(self, entry: Entry, version: Version | None, statics: list, args: tuple, kwargs: dict) -> Any:
        """Run the function and keep what it did."""
        with collection_paused():
            return self.trace_at_once(entry, version, statics, args, kwargs)

    def trace_at_once(self, entry: Entry, version: Version | None, statics: list, args: tuple, kwargs: dict) -> Any:
        if version is not None and len(version.tree.branches) >= TraceTree.LIMIT:
            return self.give_up(entry, "Python saw new values again and again (if, float(x), x[i] …)", args, kwargs)
        if version is None and self.outside.stands_in:
            self.outside.drop_outdated(entry.versions)
        if version is None and len(entry.versions) >= self.VERSIONS:
            return self.give_up(entry, "variables outside it change often; pass them as arguments", args, kwargs)
        surroundings = Surroundings(self.fun, *statics) if version is None else version.surroundings
        if surroundings.boxed:
            return self.fun(*args, **kwargs)
        if surroundings.crowded:
            return self.give_up(entry, "it can reach too many variables; pass what it reads as arguments", args, kwargs)
        hidden = self.outside.hide(surroundings) if version is None else version.tree.hidden
        try:
            recording = self.record(surroundings, hidden, args, kwargs)
        except NotReplayable as error:
            self.writes = self.writes or error.writes
            # What only traced values do not allow is no error of the function; other errors it raises again.
            result = self.run(args, kwargs)
            return result if isinstance(error, MixedTraces) else self.give_up(entry, f"{error}", result=result)
        self.traces += 1
        self.writes = self.writes or recording.writes
        if recording.program is None:
            return self.give_up(entry, recording.reason, result=recording.result)
        if recording.pure:
            self.keep(entry, surroundings, hidden, recording)
        elif next(entry.impure) >= self.VERSIONS:
            return self.give_up(entry, "it catches errors, or changes variables outside it: return what is new",
                                result=recording.result)
        return recording.result

    def trace_again(self, replay: Replay, version: Version, args: tuple, kwargs: dict) -> Any:
        """A program that trusts that all is finite has met something that is not: compile it without that trust."""
        try:
            recording = self.record(version.surroundings, version.tree.hidden, args, kwargs)
        except NotReplayable:
            return self.run(args, kwargs)
        self.traces += 1
        if recording.program is not None and recording.pure:
            passes = [each for each in self.passes if each not in TRUSTING]
            replay.exact = compile_program(recording.program, recording.structure, passes, self.name())
        return recording.result

    def record(self, surroundings: Surroundings, hidden: HiddenInputs | None, args: tuple, kwargs: dict) -> Recording:
        return record(self.fun, args, kwargs, surroundings, self.positions, self.static_argnames, self.outside, hidden)

    def keep(self, entry: Entry, surroundings: Surroundings, hidden: Any, recording: Recording) -> None:
        """Compile what has been recorded."""
        outcomes = [outcome(step.value) for step in recording.program.steps if step.kind == "guard"]
        replay = compile_program(recording.program, recording.structure, self.passes, self.name())
        with self.lock:
            # Another thread may have been here.
            version = next((each for each in entry.versions if each.surroundings.hold()), None)
            if version is None:
                version = Version(surroundings, make_tree(hidden))
                entry.versions.insert(0, version)
            version.tree.add(Branch(replay, outcomes), recording.draws)

    def run(self, args: tuple, kwargs: dict) -> Any:
        """The function itself, which gets copies of arrays if it has been seen to write into its arguments."""
        if self.writes:
            args, kwargs = tree_map(lambda x: x.copy(order="K") if type(x) is np.ndarray else x, (args, kwargs))
        return self.fun(*args, **kwargs)

    def run_eagerly(self, args: tuple, kwargs: dict) -> Any:
        self.eager += 1
        return self.run(args, kwargs)

    def name(self) -> str:
        name = getattr(self.fun, "__name__", "function")
        return name if name.isidentifier() else "function"

    def give_up(self, entry: Entry, reason: str, args: tuple = (), kwargs: dict | None = None, **done: Any) -> Any:
        """From now on run the function itself for this kind of arguments."""
        entry.eager = True
        entry.versions.clear()
        if not self.warned:
            self.warned = True
            warnings.warn(f"{self!r} runs without jit: {reason}.", JitWarning, stacklevel=5)
        return done["result"] if done else self.run_eagerly(args, kwargs or {})

    def run_after_error(self, error: Exception, args: tuple, kwargs: dict) -> Any:
        """A replay has failed: run the function itself, which raises the same or knows what to do."""
        try:
            return self.run(args, kwargs)
        except Exception as original:
            if type(original) is type(error):
                # The traceback of ``error`` shows the emitted line; that of ``original`` the user's own.
                raise error from original
            raise

    def find_entry(self, key: tuple, leaves: list, args: tuple | None) -> Entry:
        """The entry for arguments with this key, which becomes the latest."""
        with self.lock:
            entry = self.entries.get(key)
            if entry is None:
                if len(self.entries) >= self.KEYS:
                    oldest = min(self.entries, key=lambda each: self.entries[each].used)
                    del self.entries[oldest]
                entry = self.entries[key] = Entry()
                entry.eager = not are_numbers(leaves)
            elif entry.match is None:
                entry.match = no_match if args is None or self.static_argnames else make_match(args)
            entry.used = next(self.clock)
            self.latest = entry.match or no_match, entry
            return entry

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """What the function does with these arguments, as a :class:`Graph`: to be printed, drawn, saved, run again.

        Raises TracedValueError where there is no such thing: for a function that no replay can repeat.

        >>> from autodiff_trace import jit
        >>> print(jit(lambda x: 2 * x).graph(3.0).source)
        def function(x):
            v1 = 2 * x
            return v1
        <BLANKLINE>
        """
        return trace_graph(self.fun, args, kwargs, self.passes, self.name(), self.positions, self.static_argnames)

    def cache_info(self) -> CacheInfo:
        """How calls were served, and what is kept.

        >>> from autodiff_trace import jit
        >>> double = jit(lambda x: 2 * x)
        >>> double(1.0), double(2.0)
        (2.0, 4.0)
        >>> double.cache_info()
        CacheInfo(hits=1, traces=1, eager=0, keys=1, programs=1, arena_bytes=0)
        """
        with self.lock:
            trees = [version.tree for entry in self.entries.values() for version in entry.versions]
        branches = [branch for tree in trees for branch in tree.branches]
        held = sum(branch.replay.held for branch in branches)
        return CacheInfo(self.hits, self.traces, self.eager, len(self.entries), len(branches), held)

    def clear_cache(self) -> None:
        """Forget all programs, and let their memory go."""
        self.start()

    def __getstate__(self) -> dict:
        kept = ("entries", "latest", "lock", "clock", "outside")
        return {name: value for name, value in vars(self).items() if name not in kept}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.start()
