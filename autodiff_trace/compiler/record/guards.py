"""Guards: what Python saw of a value when a program was traced, and what a run says when it sees something else."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.tracer import box_classes
from ...numpy.layouts import layout

__all__ = ["Miss", "gives_itself", "is_shaped_by_values", "outcome", "signature"]


class Miss(NamedTuple):
    """A run came to guard number ``guard`` and saw ``seen`` there, which is not what was traced."""

    guard: int
    seen: Any


def outcome(seen: Any) -> Any:
    """What Python saw, so that it can be compared and hashed: NaN equals itself, and 0.0 is not -0.0."""
    kind = type(seen)
    if kind is bool or kind is int or kind is str:
        return seen
    if isinstance(seen, (float, complex)):
        return kind, repr(seen)
    if isinstance(seen, np.ndarray):
        return kind, seen.shape, seen.dtype.str, seen.tobytes()
    if isinstance(seen, np.generic):
        return kind, seen.dtype.str, seen.tobytes()
    return kind, seen if kind is tuple else repr(seen)


def signature(x: Any) -> Any:
    """Type, shape and dtype, where they depend on values (``nonzero``, masks)."""
    return (type(x).__name__, x.shape, x.dtype.str) if isinstance(x, (np.ndarray, np.generic)) else type(x).__name__


def is_shaped_by_values(prim: Callable, values: list) -> bool:
    """Whether the shape, dtype or type of the answer depends on the values of the arguments, or may do so."""
    if prim.traits.shaped_by_values or prim.traits.is_users:  # of a primitive of the user's nothing is known
        return True
    if prim.fun is operator.getitem:
        index = values[1] if type(values[1]) is tuple else values[1:]
        return any(getattr(getattr(part, "dtype", None), "kind", None) == "b" for part in index)
    return len(values) == 1 and prim.__name__ == "where"


def gives_itself(prim: Callable, args: tuple, kwargs: dict, trace: Any) -> bool:
    """Whether a call that has given its first argument, an array that ``trace`` has boxed, does so in each run."""
    is_box = type(args[0]) in box_classes and args[0]._trace is trace
    if not is_box or not isinstance(args[0]._value, (np.ndarray, np.generic)) or not prim.traits.passes_on:
        return False
    has_order = len(args) > 2 or bool(kwargs.get("order"))
    return not has_order or layout(args[0]).strides == args[0]._value.strides
