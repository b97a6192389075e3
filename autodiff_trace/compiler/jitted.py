"""The jitted function: its cache of programs, and what is done when none of them fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.recording import is_recording
from ..core.tracebacks import border, hide_frames, shows_all
from ..core.tracer import running_traces
from ..core.transformed import Transformed
from ..core.unknown_names import add_missing
from ..captured_state.captured import CapturedState
from .dispatch.arguments import NotPlain, StaticArray, static_positions, take_apart
from .dispatch.cache import Cache, CacheInfo, Entry, Version, make_branch
from ..core.collection import collection_paused
from .pipeline import without_trust
from .record.containers import overlap
from .eager_runs import EagerRuns
from .failures import JitWarning, name_of, raise_if_from_signal
from .graph.graph import Graph
from .graph.tracing import trace_graph
from .record.guards import Miss
from .record.hidden_inputs import HiddenInputs
from .record.introspection import why_typed
from .commuting import Outer
from .record.outside import Outside, look_around, why_impure, why_unwatched
from .dispatch.quick_calls import MISSED
from .dispatch.retracing import why_hopeless
from .record.refusals import MixedTraces, NotReplayable, SharedMemory
from .backends.numpy_source.executable import NotFinite, Executable
from .record.tracing import Recording, record
from .selection import AUTO, Selection, selected
from .dispatch.tree import run_apart

__all__ = ["CacheInfo", "JitWarning", "Jitted"]


class Jitted(EagerRuns, Transformed):
    """A function that replays its traces."""

    def __init__(
        self, fun: Callable, static_argnames: tuple[str, ...], passes: tuple[str, ...], constant: tuple[str, ...] = (),
        asked: Selection = AUTO,
    ) -> None:
        names = {"static_argnames": static_argnames or None, "constant": constant or None}
        super().__init__("jit", None, fun, **names, **asked.named())
        self.static_argnames, self.passes, self.constant, self.asked = static_argnames, passes, constant, asked
        self.positions = static_positions(fun, static_argnames)
        self.outer = Outer()
        self.start()

    def start(self) -> None:
        self.selection = selected(self.asked)
        self.cache = Cache()
        self.outside = Outside()
        self.hits = self.traces = self.eager = self.failures = 0
        self.warned = self.reported = self.writes = False

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        quick = self.cache.quick
        if quick is not None and not kwargs:
            try:
                result = quick(args)
            except Exception as error:
                raise_if_from_signal(error)
                self.cache.quick_has_failed()  # it is run again, so that this error is seen to
            else:
                if result is not MISSED:
                    self.hits += 1
                    return result
        try:
            return self.look_up(args, kwargs)
        except Exception as error:
            hide_frames(error)
            raise

    def look_up(self, args: tuple, kwargs: dict) -> Any:
        """Run the program that fits, or the function."""
        match, entry = self.cache.latest
        statics: list = []
        try:
            leaves = None if kwargs else match(args)
            if leaves is None:
                if self.cache.is_hopeless:
                    return self.run_eagerly(args, kwargs)
                leaves, key, statics = take_apart(args, kwargs, self.static_argnames, self.positions)
                is_matched = not kwargs and not self.static_argnames and not (self.writes and len(leaves) > 1)
                entry = self.cache.find(tuple(key), leaves, args if is_matched else None, self.hits)
                match = None
        except NotPlain as error:
            self.say(error.reason)
            return self.fun(*args, **kwargs)
        except StaticArray:
            raise
        except Exception as error:
            return self.fail_to_look(error, None, args, kwargs)
        if (running := running_traces()) and is_recording(running):
            return self.fun(*args, **kwargs)
        if entry.eager or self.writes and overlap(leaves):
            return self.run_eagerly(args, kwargs)
        try:
            for version in entry.versions:
                if version.captured.hold():
                    if self.writes and (arrays := version.captured.arrays) and overlap(leaves, arrays):
                        return self.run_eagerly(args, kwargs, in_place=True)
                    result = run_apart(version.tree, leaves) if running else version.tree.run(leaves)
                    if type(result) is not Miss:
                        self.hits += 1
                        if match is not None and not entry.ticket.is_valid and not self.writes:
                            self.cache.make_quick(args)
                        return result
                    break
            else:
                version = None
        except NotFinite as error:
            return self.trace_exactly(error.executable, entry, version, args, kwargs)
        except Exception as error:
            return self.after_error(error, entry, version, args, kwargs)
        return self.trace(entry, version, statics, args, kwargs)

    def trace(self, entry: Entry, version: Version | None, statics: list, args: tuple, kwargs: dict) -> Any:
        """Run the function and keep what it did."""
        entry.look_closely()
        errors = np.geterr()
        try:
            return self.trace_once(entry, version, statics, args, kwargs)
        except BaseException as error:
            np.seterr(**errors)  # Ctrl-C may come before a ``with np.errstate`` knows what to put back
            entry.errors += isinstance(error, Exception)
            raise

    def trace_once(self, entry: Entry, version: Version | None, statics: list, args: tuple, kwargs: dict) -> Any:
        if reason := why_hopeless(self, entry, version):
            return self.give_up(entry, reason, args, kwargs)
        try:
            captured = look_around(self, statics, args, kwargs) if version is None else version.captured
        except Exception as error:
            return self.fail_to_look(error, entry, args, kwargs)
        if captured.boxed:
            return self.run_beside(captured.left, args, kwargs)
        why = why_unwatched(captured) or version is None and why_typed(captured.followed.values(), self.static_argnames)
        if why:
            return self.give_up(entry, why, args, kwargs)
        try:
            with collection_paused():  # until the recording, which it would go over, has been let go
                return self.record_and_keep(entry, version, captured, args, kwargs)
        except NotReplayable as error:
            return self.run_instead(error, entry, args, kwargs)

    def record_and_keep(self, entry: Entry, version: Version | None, captured: CapturedState, args, kwargs) -> Any:
        hidden = self.outside.hide(captured) if version is None else version.tree.hidden
        recording = self.record(args, kwargs, captured, hidden)
        if recording.program is None:
            return self.give_up(entry, recording.reason, result=recording.result)
        if recording.pure:
            try:
                passes = self.passes if version is None or version.tree.trusts else without_trust(self.passes)
                branch = make_branch(recording, passes, name_of(self.fun), self.selection)
                with self.cache.lock:
                    entry.add(captured, hidden, branch, recording.draws)
            except Exception as error:
                return self.fail(error, entry, recording.result)
        elif entry.is_often_impure():
            return self.give_up(entry, why_impure(captured), result=recording.result)
        else:
            self.outside.note_changes(captured)
        return recording.result

    def record(self, args: tuple, kwargs: dict, captured: CapturedState, hidden: HiddenInputs | None) -> Recording:
        try:
            recording = record(
                self.fun, args, kwargs, captured, self.positions, self.static_argnames, self.outside, hidden)
        except NotReplayable as error:
            self.note_writes(error.writes)
            raise
        self.traces += 1
        self.note_writes(recording.writes)
        return recording

    def note_writes(self, writes: bool) -> None:
        if writes and not self.writes:
            self.writes = True
            self.cache.forget_matches()

    def run_instead(self, error: NotReplayable, entry: Entry, args: tuple, kwargs: dict) -> Any:
        """What only traced values do not allow is no error of the function's own, others it raises again."""
        if isinstance(error, SharedMemory) and error.writes:
            self.say(f"{error}")
            return self.run_eagerly(args, kwargs, in_place=error.outside)
        result = self.run(args, kwargs, in_place=isinstance(error, SharedMemory))
        if isinstance(error, MixedTraces):
            return result
        if error.failure is not None:
            return self.fail(error.failure, entry, result)
        return self.give_up(entry, f"{error}", result=result)

    def trace_exactly(self, executable: Executable, entry: Entry, version: Version, args: tuple, kwargs: dict) -> Any:
        """A program that trusts that all is finite has met something that is not: compile it without that trust."""
        try:
            recording = self.record(args, kwargs, version.captured, version.tree.hidden)
        except NotReplayable as error:
            return self.run_instead(error, entry, args, kwargs) if error.failure else self.run(args, kwargs)
        if recording.program is not None and recording.pure:
            try:
                branch = make_branch(recording, without_trust(self.passes), name_of(self.fun), self.selection)
                with self.cache.lock:
                    entry.add_exact(version, executable, branch)
            except Exception as error:
                return self.fail(error, entry, recording.result)
        return recording.result

    def after_error(self, error: Exception, entry: Entry, version: Version, args: tuple, kwargs: dict) -> Any:
        """A program has failed. The function raises the same error, or catches it, or else the program is wrong."""
        entry.look_closely()
        raise_if_from_signal(error)
        try:
            if type(error) in entry.caught:
                return self.run_eagerly(args, kwargs)
            recording = self.record(args, kwargs, version.captured, version.tree.hidden)
        except NotReplayable as problem:
            entry.caught.add(type(error))  # programs fail at values at which nothing can be replayed
            return self.run_instead(problem, entry, args, kwargs) if problem.failure else self.run(args, kwargs)
        except Exception as original:
            if type(original) is type(error) and shows_all():
                # The traceback of ``error`` shows the emitted line; that of ``original`` the user's own.
                raise error from original
            raise
        if not recording.caught:
            return self.fail(error, entry, recording.result)
        entry.caught.add(type(error))
        return recording.result

    @border
    def graph(self, /, *args: Any, **kwargs: Any) -> Graph:
        """What the function does with these arguments, as a :class:`Graph`: to be printed, drawn, saved, run again.

        Raises TracedValueError where there is no such thing: for a function that no replay can repeat.

        >>> from autodiff_trace import jit
        >>> print(jit(lambda x: 2 * x).graph(3.0).source)
        def function(x):
            v1 = 2 * x
            return v1
        <BLANKLINE>
        """
        options = self.positions, self.static_argnames, self.selection
        return trace_graph(self.fun, args, kwargs, self.passes, name_of(self.fun), *options)

    def cache_info(self) -> CacheInfo:
        """How calls were served, and what is kept, also of ``grad``, ``vmap`` … of this function.

        >>> from autodiff_trace import jit
        >>> double = jit(lambda x: 2 * x)
        >>> double(1.0), double(2.0)
        (2.0, 4.0)
        >>> double.cache_info()
        CacheInfo(hits=1, traces=1, eager=0, keys=1, programs=1, arena_bytes=0, failures=0)
        """
        return self.outer.count(CacheInfo(self.hits, self.traces, self.eager, *self.cache.count(), self.failures))

    def clear_cache(self) -> None:
        """Forget all programs, and let their memory go."""
        self.start()
        self.outer.clear()

    def compiled_under(self, outer: Transformed) -> Transformed | None:
        return self.outer.find(outer, self)

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name not in ("cache", "outside", "selection")}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.start()


add_missing(Jitted, "jit(f)")
