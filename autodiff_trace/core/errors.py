"""Errors: what went wrong, where in the user's code, what to do instead. Knows nothing else."""

from __future__ import annotations

import os
import sys

__all__ = ["EndedTraceError", "MissingRuleError", "MutationError", "TracedValueError", "caller_line"]

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class TracedValueError(TypeError):
    """A traced value was put to a use that would silently drop its derivative."""


class EndedTraceError(RuntimeError):
    """A traced value was used after the transformed function had returned."""


class MissingRuleError(NotImplementedError):
    """A primitive has no rule for the derivative that was asked for."""


class MutationError(RuntimeError):
    """An array has been changed whose old contents a derivative needs."""


def caller_line() -> str:
    """Where the user's code is: 'file.py, line 3' of the innermost frame outside this package and NumPy."""
    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(PACKAGE) and f"{os.sep}numpy{os.sep}" not in filename:
            return f"{filename}, line {frame.f_lineno}"
        frame = frame.f_back
    return "unknown line"
