"""Parameters of functions, as their signatures give them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["is_own_out", "positional_parameters"]


def is_own_out(prim: Callable, out: Any) -> bool:
    """Whether ``out`` is a parameter like others, and not the array that functions in the manner of NumPy write into:
    its default is not None, or it is nothing that can be written into."""
    return isinstance(out, (int, float, complex, str)) or has_default_of_out(prim)


@functools.cache
def has_default_of_out(prim: Callable) -> bool:
    try:
        parameter = inspect.signature(prim).parameters.get("out")
    except (TypeError, ValueError):  # some C functions have none
        return False
    return parameter is not None and parameter.default is not None


@functools.cache
def positional_parameters(fun: Callable) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(fun).parameters.values()
    except (TypeError, ValueError):  # some C functions have none
        return []
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
