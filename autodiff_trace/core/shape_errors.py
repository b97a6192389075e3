"""Shapes that do not fit: NumPy's error with the function, the shapes as the user sees them, and the user's line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from .errors import caller_line, is_own_file, public_name
from .recording import RecordingTrace
from .tracer import find_top_trace

__all__ = ["name_shapes"]

MISFIT = re.compile(
    r"mismatch in its core dimension|not aligned|could not be broadcast together|does not have enough dimensions|"
    r"must have same number of dimensions|must match exactly|must have the same shape"
)
SIZES = re.compile(r"\(size (\d+) is different from (\d+)\)|(\d+) \(dim \d+\) != (\d+) \(dim \d+\)")


def name_shapes(error: Exception, prim: Callable, args: tuple) -> None:
    """Let a ValueError of a call ``prim(*args)``, which leaves this package, say which shapes do not fit.

    What ``jit`` alone traces, and plain calls, have NumPy's text, as the function has without ``jit``.
    """
    if type(error) is not ValueError or is_own_file(sys._getframe(2).f_code.co_filename):
        return
    text = str(error)
    top = find_top_trace(args)
    if not MISFIT.search(text) or top is None or isinstance(top, RecordingTrace):
        return
    shapes = [f"{x.shape}" for x in leaves(args) if hasattr(x, "shape")]
    if len(shapes) < 2:
        return
    error.args = (f"{name_of(prim)}: the shapes {' and '.join(shapes)} do not fit ({caller_line()}){why(text)}.",)


def why(text: str) -> str:
    """What NumPy says besides the shapes."""
    if sizes := SIZES.search(text):
        return ": an axis of {} meets one of {}".format(*filter(None, sizes.groups()))
    if "does not have enough dimensions" in text:
        return ": numbers are multiplied with x * y"
    return "" if "broadcast together" in text else f": {text}"


def leaves(args: Any) -> list:
    """The arrays and numbers among arguments, also in lists."""
    found = []
    for arg in args:
        found += leaves(arg) if type(arg) in (list, tuple) else [arg]
    return found


def name_of(prim: Callable) -> str:
    return (public_name(prim) if hasattr(prim, "fun") else prim.__name__).removeprefix("numpy.")
