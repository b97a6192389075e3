"""Eager runs: what a jitted function does where it has no program, and what it says then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dispatch.cache import Entry
from .failures import JitWarning, is_of_package, raise_if_from_signal, report, title, warn, warn_of_failure
from .record.containers import run_on_copies

__all__ = ["EagerRuns"]


class EagerRuns:
    """The part of a jitted function that runs the function itself.

    Attributes:
        eager, failures: how often it has run so, and how often because something of ``jit`` has failed.
        warned, reported: whether it has said so.
        writes: whether it has been seen to write into its arguments.
    """

    fun: Callable
    eager: int
    failures: int
    warned: bool
    reported: bool
    writes: bool

    def fail(self, error: Exception, entry: Entry | None, result: Any) -> Any:
        """Something of ``jit`` has failed: say and count it; from now on the function runs, which gave the result."""
        raise_if_from_signal(error)
        if isinstance(error, JitWarning):  # warnings are errors where the user says so
            raise error
        self.failures += 1
        if entry is not None:
            entry.give_up()
        if not self.reported:
            self.reported = True
            warn_of_failure(self, error)
        return result

    def fail_to_look(self, error: Exception, entry: Entry | None, args: tuple, kwargs: dict) -> Any:
        """Arguments or variables could not be looked at: it may be that an object of the user's raises errors."""
        raise_if_from_signal(error)
        if is_of_package(error):
            return self.fail(error, entry, self.run(args, kwargs))
        reason = f"an object that it reads raises errors when it is looked at ({report(error)})"
        return self.give_up(entry or Entry(), reason, args, kwargs)

    def run(self, args: tuple, kwargs: dict, in_place: bool = False) -> Any:
        """The function itself; if it has been seen to write into arguments, on copies of them, or else ``in_place``."""
        return run_on_copies(self.fun, args, kwargs) if self.writes and not in_place else self.fun(*args, **kwargs)

    def run_eagerly(self, args: tuple, kwargs: dict, in_place: bool = False) -> Any:
        self.eager += 1
        return self.run(args, kwargs, in_place)

    def run_beside(self, left: str, args: tuple, kwargs: dict) -> Any:
        """The function, where it reads traced values, those of a call in progress, or one that another has ``left``."""
        if left:
            self.eager += 1
            self.say(
                f"{left} is a traced value, which a call that is over has left there: store the plain one, "
                "to_numpy(x), or delete it"
            )
        return self.fun(*args, **kwargs)

    def give_up(self, entry: Entry, reason: str, args: tuple = (), kwargs: dict | None = None, **done: Any) -> Any:
        entry.give_up()
        self.say(reason)
        return done["result"] if done else self.run_eagerly(args, kwargs or {})

    def say(self, reason: str) -> None:
        """Warn of what keeps it from being compiled, once."""
        if reason and not self.warned:
            self.warned = True
            warn(f"{title(self)} runs without jit: {reason}.")
