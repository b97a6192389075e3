"""Tracebacks: errors that leave this package show the user's lines, not ours.

A *border* is a function that users call. It has, around all that it does,

    except Exception as error:
        hide_frames(error)
        raise

which costs nothing where nothing is raised (Python 3.11 and newer; 10 ns before). A bare ``raise`` adds no entry for
the frame that it stands in, so that the border itself is hidden, too. (Python 3.10 has the traceback beside the error,
and there one line of the border stays.)
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

from .errors import (
    PACKAGE_NAME, EndedTraceError, MissingRuleError, MutationError, TracedValueError, is_own_file, is_users_file,
)

__all__ = ["border", "hide_frames", "keeping_frames", "shows_all"]

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "AUTODIFF_TRACE_TRACEBACK"
"""The variable of the environment that shows all frames: ``full``."""

FOR_USERS = (EndedTraceError, MissingRuleError, MutationError, TracedValueError, ArithmeticError)
"""The errors of this package that users see; NonFiniteError is an ArithmeticError."""

REMOVES_BORDER = sys.version_info >= (3, 11)

keeps_frames: ContextVar[bool] = ContextVar("keeps_frames", default=False)
"""Whether somebody further out wants to see all frames: ``jit`` tells faults of its own from errors of the function."""


@contextmanager
def keeping_frames() -> Iterator[None]:
    """Let errors keep all their frames until they leave the block."""
    token = keeps_frames.set(True)
    try:
        yield
    finally:
        keeps_frames.reset(token)


def shows_all() -> bool:
    """Whether the user wants to see all frames."""
    return os.environ.get(VARIABLE) == "full"


def hide_frames(error: BaseException) -> None:
    """Take the frames of this package off the traceback of ``error``, which is leaving a border, and off those of the
    errors that it goes back to; all others stay, in their order.

    Nothing is done where the caller of the border is of this package, too: the error has not left it yet.
    """
    try:
        if is_own_file(sys._getframe(2).f_code.co_filename) or keeps_frames.get() or shows_all():
            return
        seen: set[int] = set()
        pending: list[BaseException | None] = [error]
        while pending:
            each = pending.pop()
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                BaseException.__context__.__set__(each, users_context(each))  # type: ignore  # also of frozen classes
                pending += each.__cause__, each.__context__
                if each is not error or REMOVES_BORDER:
                    BaseException.with_traceback(each, without_own(each.__traceback__))  # also of frozen classes
                elif each.__traceback__ is not None:
                    each.__traceback__.tb_next = without_own(each.__traceback__.tb_next)
                if each is not error and isinstance(each, TracedValueError):
                    name_origin(error, each)
    except Exception:  # no frames are left for this, or there is no caller; the error itself counts
        pass


def name_origin(error: BaseException, origin: BaseException) -> None:
    """Add to an error, by which another package replaces one of this package, the text that says what to write."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    is_users = trace is not None and is_users_file(trace.tb_frame.f_code.co_filename)
    note = f"It comes of this: {origin}"
    is_said = isinstance(error, FOR_USERS) or note in getattr(error, "__notes__", ())
    if hasattr(error, "add_note") and not is_said and (isinstance(error, SystemError) or not is_users):
        error.add_note(note)


def users_context(error: BaseException) -> BaseException | None:
    """What was being handled when ``error`` was raised, without the exceptions by which this package tells itself that
    an attempt of its own has failed. What they come from stays where it says more: of a traced value what to write."""
    context = error.__context__
    passed = [error]
    while type(context).__module__.partition(".")[0] == PACKAGE_NAME and not isinstance(context, FOR_USERS):
        cause = context.__cause__  # type: ignore[union-attr]
        if type(cause) is type(error) and str(cause) != str(error):
            return cause
        passed += context, cause or context  # type: ignore[list-item]
        context = passed[-1].__context__
        if any(context is each for each in passed):  # what the attempt failed of is raised again
            return None
    return context


def without_own(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package; what is behind the last of them is shared."""
    kept: list[TracebackType] = []
    rest = each = trace
    while each is not None:
        if is_own_file(each.tb_frame.f_code.co_filename):
            kept += before(rest, each)
            rest = each.tb_next
        each = each.tb_next
    for each in reversed(kept):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest


def before(trace: TracebackType | None, end: TracebackType) -> list[TracebackType]:
    entries = []
    while trace is not None and trace is not end:
        entries.append(trace)
        trace = trace.tb_next
    return entries


def border(function: F) -> F:
    """Decorate a function that users call seldom enough for one more call (0.1 µs): the frames of this package are
    taken off the tracebacks of errors that leave it."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            hide_frames(error)
            raise

    return call  # type: ignore[return-value]
