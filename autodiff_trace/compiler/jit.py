"""``jit``: run a function once, and from then on replay what it did as a straight list of NumPy calls."""

from __future__ import annotations

import inspect
import itertools
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core.tracer import trace_stack
from ..transforms.function import Transformed
from .arguments import Arguments, take_apart
from .compiling import PASSES, compile_program
from .graph import Graph, trace_graph
from .guards import Miss, outcome
from .record import NotReplayable
from .surroundings import Surroundings
from .tracing import record
from .tree import Branch, TraceTree

__all__ = ["CacheInfo", "JitWarning", "Jitted", "graph", "jit"]


class JitWarning(UserWarning):
    """A jitted function runs as if it were not: why, and what to do."""


class CacheInfo(NamedTuple):
    """Counts of calls by what became of them, and what the cache holds."""

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

    __slots__ = ("versions", "eager", "used")

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.eager = False
        self.used = 0


class Jitted(Transformed):
    """A function that replays its traces."""

    KEYS = 128
    """Kinds of arguments for which programs are kept; beyond it the one that was not used for longest goes."""

    VERSIONS = 8
    """States of the variables outside for which programs are kept, for one kind of arguments."""

    def __init__(self, fun: Callable, static_argnames: tuple[str, ...], passes: tuple[str, ...]) -> None:
        super().__init__("jit", None, fun, static_argnames=static_argnames)
        self.passes = passes
        self.positions = static_positions(fun, static_argnames)
        self.start()

    def start(self) -> None:
        self.entries: dict[tuple, Entry] = {}
        self.lock = threading.Lock()
        self.clock = itertools.count(1)
        self.hits = self.traces = self.eager = 0
        self.warned = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = take_apart(args, kwargs, self.options["static_argnames"], self.positions)
        if found.boxed or found.foreign or any(trace.guards_values for trace in trace_stack.get()):
            return self.fun(*args, **kwargs)
        key = tuple(found.key)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.add_entry(key)
        if entry.eager:
            self.eager += 1
            return self.fun(*args, **kwargs)
        entry.used = next(self.clock)
        for version in entry.versions:
            if version.surroundings.hold():
                try:
                    result = version.tree.run(found.leaves)
                except Exception as error:
                    return self.run_after_error(error, args, kwargs)
                if type(result) is not Miss:
                    self.hits += 1
                    return result
                return self.trace(entry, version, found, args, kwargs)
        return self.trace(entry, None, found, args, kwargs)

    def trace(self, entry: Entry, version: Version | None, found: Arguments, args: tuple, kwargs: dict) -> Any:
        """Run the function and keep what it did."""
        if version is not None and len(version.tree.branches) >= TraceTree.LIMIT:
            return self.give_up(entry, "Python saw new values again and again (if, float(x), x[i] …)", args, kwargs)
        if version is None and len(entry.versions) >= self.VERSIONS:
            return self.give_up(entry, "variables outside it change from call to call; pass them as arguments", args,
                                kwargs)
        surroundings = Surroundings(self.fun, *found.statics) if version is None else version.surroundings
        try:
            recording = record(self.fun, args, kwargs, surroundings)
        except NotReplayable:
            return self.fun(*args, **kwargs)
        self.traces += 1
        program = recording.program
        if program is None:
            return self.give_up(entry, recording.reason, result=recording.result)
        outcomes = [outcome(step.value) for step in program.steps if step.kind == "guard"]
        replay = compile_program(program, recording.structure, self.passes, self.name())
        with self.lock:
            if version is None:
                version = Version(surroundings, TraceTree())
                entry.versions.insert(0, version)
            version.tree.add(Branch(replay, outcomes))
        return recording.result

    def name(self) -> str:
        name = getattr(self.fun, "__name__", "function")
        return name if name.isidentifier() else "function"

    def give_up(self, entry: Entry, reason: str, args: tuple = (), kwargs: dict | None = None, **done: Any) -> Any:
        """From now on run the function itself for this kind of arguments."""
        entry.eager = True
        entry.versions.clear()
        self.eager += 1
        if not self.warned:
            self.warned = True
            warnings.warn(f"{self!r} runs without jit: {reason}.", JitWarning, stacklevel=4)
        return done["result"] if done else self.fun(*args, **(kwargs or {}))

    def run_after_error(self, error: Exception, args: tuple, kwargs: dict) -> Any:
        """A replay has failed: run the function itself, which raises the same or knows what to do."""
        try:
            return self.fun(*args, **kwargs)
        except Exception as original:
            if type(original) is type(error):
                # The traceback of ``error`` shows the emitted line; that of ``original`` the user's own.
                raise error from original
            raise

    def add_entry(self, key: tuple) -> Entry:
        with self.lock:
            if len(self.entries) >= self.KEYS:
                oldest = min(self.entries, key=lambda each: self.entries[each].used)
                del self.entries[oldest]
            return self.entries.setdefault(key, Entry())

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """What the function does with these arguments, as a :class:`Graph`: to be printed, drawn, saved, run again.

        Raises TracedValueError where there is no such thing: for a function that no replay can repeat.

        >>> print(jit(lambda x: 2 * x).graph(3.0).source)
        def function(x):
            v1 = 2 * x
            return v1
        <BLANKLINE>
        """
        return trace_graph(self.fun, args, kwargs, self.passes, self.name(), self.positions,
                           self.options["static_argnames"])

    def cache_info(self) -> CacheInfo:
        """How calls were served, and what is kept.

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
        kept = ("entries", "lock", "clock")
        return {name: value for name, value in vars(self).items() if name not in kept}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.start()


def static_positions(fun: Callable, static_argnames: Sequence[str]) -> tuple[int, ...]:
    """Where the arguments with these names stand when they are passed by position."""
    if not static_argnames:
        return ()
    try:
        parameters = inspect.signature(fun).parameters
    except (TypeError, ValueError):
        return ()
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in static_argnames:
        if name not in parameters and not takes_any:
            raise TypeError(f"jit: static_argnames has {name!r}, but the arguments are {', '.join(parameters)}.")
    return tuple([i for i, name in enumerate(parameters) if name in static_argnames])


def jit(fun: Callable, static_argnames: str | Sequence[str] = (), passes: Sequence[str] = PASSES) -> Jitted:
    """``fun``, compiled."""
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    return Jitted(fun, names, tuple(passes))


def graph(fun: Callable, /, *args: Any, **kwargs: Any) -> Graph:
    """Run ``fun`` once on these arguments and return what it did: ``jit(fun).graph(*args, **kwargs)``.

    Raises TracedValueError for a function that no replay can repeat.

    >>> g = graph(lambda x, y: x * y + x, 2.0, 3.0)
    >>> [node.name for node in g.nodes], [node.value for node in g.nodes]
    (['x', 'y', 'multiply', 'add'], [2.0, 3.0, 6.0, 8.0])
    >>> g(4.0, 5.0)
    24.0
    """
    return (fun if isinstance(fun, Jitted) else jit(fun)).graph(*args, **kwargs)
