"""Static arguments: what tells one from another. Their own ``__eq__`` is not believed, since a function may read what
that ignores, or see that 1 is not 1.0."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from ...captured_state.holders import slots_of
from ...captured_state.members import is_of_user
from .limits import STATIC_DEPTH

__all__ = ["IdentityKey", "scalar_key", "told_apart"]

METHODS = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType, np.dtype)
"""What is equal only where it is the same."""


class IdentityKey:
    """Stands for an object that cannot be hashed: equal to itself alone, and keeps it alive."""

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and self.owner is other.owner

    def __hash__(self) -> int:
        return id(self.owner)


def scalar_key(value: Any) -> tuple | None:
    """A key for a number, a string or None: 1, 1.0 and True, and 0.0 and -0.0, are equal, but have keys of their own.
    None for anything else."""
    kind = type(value)
    if kind in (bool, int, str, bytes, type(None)):
        return kind, value
    if kind is float or kind is complex:
        return kind, repr(value)
    return (kind, value.dtype, value.tobytes()) if isinstance(value, np.generic) else None


def told_apart(value: Any, depth: int = STATIC_DEPTH) -> Any:
    """A key for ``value``: itself, if it is equal to nothing else; its contents, if it cannot be changed."""
    if (scalar := scalar_key(value)) is not None:
        return scalar
    kind = type(value)
    if kind.__eq__ is object.__eq__ or isinstance(value, (*METHODS, type)):
        return value if kind.__hash__ is not None else IdentityKey(value)
    if kind.__hash__ is None or not depth:
        return IdentityKey(value)
    if isinstance(value, (tuple, frozenset)):
        items = [told_apart(each, depth - 1) for each in value]
        return kind, tuple(items) if isinstance(value, tuple) else frozenset(items)
    if is_of_user(kind):
        held = {**{name: getattr(value, name) for name in slots_of(kind) if hasattr(value, name)},
                **getattr(value, "__dict__", {})}
        if held:
            return kind, tuple(held), tuple([told_apart(each, depth - 1) for each in held.values()])
    try:
        hash(value)
        return kind, repr(value), value
    except Exception:
        return IdentityKey(value)
