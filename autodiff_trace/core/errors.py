"""Errors: what went wrong, where in the user's code, what to do instead. Knows nothing else."""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable

__all__ = [
    "EndedTraceError", "MissingRuleError", "MutationError", "TracedValueError", "caller_line", "caller_place",
    "place_text", "public_name",
]

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
PACKAGE_NAME = __name__.partition(".")[0]
LIBRARIES = "numpy", "scipy", "pandas", "xarray", os.path.join("site-packages", "dask")


class TracedValueError(TypeError):
    """A traced value was put to a use that would silently drop its derivative."""


class EndedTraceError(RuntimeError):
    """A traced value was used after the transformed function had returned."""


class MissingRuleError(NotImplementedError):
    """A primitive has no rule for the derivative that was asked for."""


class MutationError(RuntimeError):
    """An array has been changed whose old contents a derivative needs."""


def caller_line() -> str:
    """Where the user's code is: 'file.py, line 3' of the innermost frame outside this package and its ``LIBRARIES``."""
    return place_text(caller_place())


def caller_place() -> tuple[types.CodeType, int] | None:
    """The same as a code object and the offset of an instruction, which takes a third of the time."""
    frame = sys._getframe(1)
    while frame is not None:
        if is_users_file(frame.f_code.co_filename):
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return None


@functools.cache
def is_users_file(filename: str) -> bool:
    return not filename.startswith(PACKAGE) and not any(f"{os.sep}{name}{os.sep}" in filename for name in LIBRARIES)


def public_name(prim: Callable) -> str:
    """A primitive by the name that users know: "scipy.special.gamma" where it stands for a library's function in a
    namespace of this package, and else its own."""
    module = prim.__module__
    if module == getattr(prim.fun, "__module__", None) or not module.startswith(f"{PACKAGE_NAME}."):
        return prim.__name__
    return f"{module.removeprefix(f'{PACKAGE_NAME}.')}.{prim.__name__}"


def place_text(place: tuple[types.CodeType, int] | None) -> str:
    """What :func:`caller_line` says of a place."""
    if place is None:
        return "unknown line"
    code, offset = place
    lines = [line for start, end, line in code.co_lines() if start <= offset < end]
    return f"{code.co_filename}, line {lines[0] if lines and lines[0] else code.co_firstlineno}"
