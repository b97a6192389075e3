"""Failures: errors of this package where a function has none, told apart from the function's own, and reported."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import types
import warnings
from collections.abc import Iterator

from ..core.errors import is_own_file, is_users_file
from ..captured_state.names import is_users, root_module
from .backends.numpy_source.spelling import printable

__all__ = [
    "JitWarning", "is_foreign", "is_from_signal", "is_of_package", "name_of", "raise_if_from_signal", "report", "title",
    "warn", "warn_of_failure",
]


class JitWarning(UserWarning):
    """A jitted function runs as if it were not: why, and what to do."""


PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def is_of_package(error: BaseException) -> bool:
    """Whether an error arose in this package, not in the code of a function that it called."""
    files = [frame.f_code.co_filename for frame in frames_of(error)]
    relevant = [file for file in files if file.startswith(PACKAGE) or is_users_file(file)]  # without NumPy's
    return bool(relevant) and relevant[-1].startswith(PACKAGE)


def is_from_signal(error: BaseException) -> bool:
    """Whether a handler of signals has raised it (an alarm, a time limit): that is no error of what was running."""
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(getattr(each, "__func__", each), "__code__", None) for each in handlers} - {None}
    return any(frame.f_code in codes for frame in frames_of(error))


def raise_if_from_signal(error: Exception) -> None:
    if is_from_signal(error):
        raise error


def frames_of(error: BaseException) -> Iterator[types.FrameType]:
    return (frame for frame, _ in traceback.walk_tb(error.__traceback__))


def report(error: BaseException) -> str:
    """What to tell of an error: its kind, its text, and where it arose."""
    try:
        text = printable(f"{error}")
    except Exception:
        text = "…"
    places = list(traceback.walk_tb(error.__traceback__))
    where = ""
    if places:
        frame, line = places[-1]
        where = f" in {os.path.basename(frame.f_code.co_filename)}, line {line}"
    return f"{type(error).__name__}: {text[:200]}{where}"


def name_of(function: object) -> str:
    """The name of a function, if it can be one of a function in a program."""
    name = getattr(function, "__name__", None)
    return name if type(name) is str and name.isidentifier() else "function"


def title(function: object) -> str:
    """What warnings call a function."""
    try:
        return printable(repr(function))
    except Exception:
        return type(function).__name__


def warn(message: str) -> None:
    """Give a JitWarning at the line of the user's code that has led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and is_own_file(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, JitWarning, stacklevel=level)


def warn_of_failure(function: object, error: BaseException) -> None:
    warn(f"{title(function)} runs without jit, which has failed ({report(error)}). The results are right, but slow; "
         "please report this text, and the function, as a fault of autodiff_trace.")


def is_foreign(error: BaseException) -> bool:
    """Whether another package, or this one, has raised an error, which may not know boxes."""
    if not isinstance(error, Exception):
        return False
    packages = {root_module(type(error))} - {"builtins"}
    trace = error.__traceback__
    while trace is not None:
        packages.add(str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0])
        trace = trace.tb_next
    own = {__name__.partition(".")[0]}
    known = {"numpy", *sys.stdlib_module_names, *(own if root_module(type(error)) not in own else ())}
    return any(package not in known and not is_users(package) for package in packages)
