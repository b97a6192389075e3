"""Rebuilding what only holds other values together, for copies of a function and of what it refers to."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from ..core.transformed import Transformed
from .names import MISSING

__all__ = ["parts_of_wrapper", "rebuild_wrapper"]


def parts_of_wrapper(value: Any) -> list | None:
    """What a bound method, a partial or a transformed function refers to; None for anything else."""
    kind = type(value)
    if kind is types.MethodType or kind is types.BuiltinMethodType:
        return [value.__self__, getattr(value, "__func__", None)]
    if kind is functools.partial:
        return [value.func, value.args, value.keywords]
    if isinstance(value, Transformed):
        return [*vars(value).values(), *value.options.values()]
    return None


def rebuild_wrapper(value: Any, copy: Callable[[Any], Any]) -> Any:
    """A bound method, partial or tuple of what ``copy`` makes of its parts; MISSING for anything else."""
    kind = type(value)
    if kind is types.MethodType:
        return types.MethodType(copy(value.__func__), copy(value.__self__))
    if kind is types.BuiltinMethodType:
        return getattr(copy(value.__self__), value.__name__)
    if kind is functools.partial:
        return functools.partial(copy(value.func), *copy(value.args), **copy(value.keywords))
    if isinstance(value, tuple):
        items = map(copy, value)
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    return MISSING
