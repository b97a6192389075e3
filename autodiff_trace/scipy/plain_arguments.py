"""Arguments in which a function has no derivative here: they have to be plain, and are refused by name where traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.errors import TracedValueError, caller_line
from ..core.tracer import find_top_trace, watched_types

__all__ = ["is_traced", "refuse_traced", "refuses"]


def is_traced(*args: Any) -> bool:
    """Whether one of the arguments is a traced value, or a sequence with one among its items."""
    return any([type(arg) in watched_types and find_top_trace((arg,)) is not None for arg in args])


def refuse_traced(function: str, instead: str = "", **arguments: Any) -> None:
    """Raise an error that names the first of the arguments of ``function`` that is traced, if one is."""
    for name, arg in arguments.items():
        if is_traced(arg):
            raise TracedValueError(
                f"{function}: {name}= has to be a plain value, since there is no derivative in it ({caller_line()}). "
                + (instead or "Take the plain value with to_numpy(x), or keep it untraced with stop_gradient(x).")
            )


def refuses(name: str, instead: str) -> Callable:
    """The definition of a function that is not there for traced values."""

    def definition(*args, **kwargs):
        raise TracedValueError(f"{name} is not there for traced values ({caller_line()}). {instead}")

    return definition
