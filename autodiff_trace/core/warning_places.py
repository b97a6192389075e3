"""Warnings that arise in this package are shown at the user's line: NumPy's of floating-point errors above all.

NumPy warns at the innermost line of Python, which is one of ours. To set its handling of errors in each transformation
(``np.errstate``) would take 1 to 4 % of the gradient of a small function, and cover neither plain calls nor compiled
programs. So a warning is looked at when it is about to be shown, by then in Python: one that stands at a line of ours
is issued once more at the user's, where the filters of the user's module hold, and its memory of what has been shown
(``__warningregistry__``). Ours remember nothing: their lines stand for many of the user's. In a backward pass the
user's line is that which called for it.

What no longer works where a line of ours is concerned: a filter that makes errors of all warnings comes before one that
ignores those of a module of the user's.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from types import FrameType

from .errors import is_own_file, is_users_file

__all__ = ["point_warnings"]


def find_users_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not is_users_file(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def at_users_line(show: Callable[[warnings.WarningMessage], None]) -> Callable[[warnings.WarningMessage], None]:
    """``show``, which shows a warning, made to show those of this package at the user's line."""

    @functools.wraps(show)
    def show_at_users_line(message):
        warned = sys._getframe(1)
        users = find_users_frame(warned) if is_own_file(message.filename) else None
        if users is None:
            show(message)
            return
        while warned is not users:
            if warned.f_code.co_filename == message.filename:
                warned.f_globals["__warningregistry__"] = None
                break
            warned = warned.f_back
        if any(action == "once" and module is None for action, _, _, module, _ in warnings.filters):
            warnings.onceregistry.pop((str(message.message), message.category), None)
        names = users.f_globals
        warnings.warn_explicit(
            message.message, message.category, users.f_code.co_filename, users.f_lineno,
            names.get("__name__") or "<string>", names.setdefault("__warningregistry__", {}), source=message.source,
        )

    show_at_users_line.is_pointing = True
    return show_at_users_line


def point_warnings() -> None:
    """From now on warnings of this package are shown at the user's line."""
    show = getattr(warnings, "_showwarnmsg", None)  # what the interpreter calls, after the filters
    if show is not None and not hasattr(show, "is_pointing"):
        warnings._showwarnmsg = at_users_line(show)
