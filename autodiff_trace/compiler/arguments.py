"""The arguments of a call: the leaves that a program gets, and the key that says which programs they fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.pytree import find_container
from ..core.tracer import box_classes, boxers

__all__ = ["Arguments", "is_leaf", "take_apart"]

PLAIN_NUMBERS = (int, float, complex)


class IdentityKey:
    """Stands for an object that cannot be hashed: equal to itself alone, and keeps it alive."""

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and self.owner is other.owner

    def __hash__(self) -> int:
        return id(self.owner)


class Arguments:
    """A call's arguments, taken apart.

    Attributes:
        leaves: numbers and arrays, the arguments of a program.
        key: all that is fixed in a program: structure, types, shapes, strides, dtypes, and static values.
        statics: the leaves that are no numbers.
        boxed, foreign: whether there are traced values, or arrays of a kind that programs do not handle.
    """

    __slots__ = ("leaves", "key", "statics", "boxed", "foreign")

    def __init__(self) -> None:
        self.leaves: list = []
        self.key: list = []
        self.statics: list = []
        self.boxed = False
        self.foreign = False


def take_apart(args: tuple, kwargs: dict, static_argnames: tuple[str, ...], positions: tuple[int, ...]) -> Arguments:
    """Take the arguments of a call apart; ``positions`` are those of the static ones among ``args``."""
    found = Arguments()
    for i, arg in enumerate(args):
        if i in positions:
            add_static(arg, found)
        else:
            collect(arg, found)
    if kwargs:
        for name, arg in kwargs.items():
            found.key.append(name)
            if name in static_argnames:
                add_static(arg, found)
            else:
                collect(arg, found)
    return found


def collect(tree: Any, found: Arguments) -> None:
    kind = type(tree)
    if kind is np.ndarray:
        found.leaves.append(tree)
        # The strides, so that what was a view when traced is a view in each run.
        found.key += (tree.shape, tree.strides, tree.dtype)
        if tree.dtype.kind not in "fciub":
            found.foreign = True
    elif is_leaf(tree):
        found.leaves.append(tree)
        found.key.append(kind)
    elif kind in box_classes:
        found.boxed = True
    elif (container := find_container(kind)) is not None:
        children, extra = container[0](tree)
        children = list(children)
        found.key += (kind, extra, len(children))
        for child in children:
            collect(child, found)
    elif hasattr(tree, "__array_function__") or hasattr(tree, "__array__"):
        found.foreign = True
    else:
        add_static(tree, found)


def is_leaf(value: Any) -> bool:
    """Whether a value is a number or an array that programs take as an input; truth values are static."""
    kind = type(value)
    return kind is np.ndarray or kind in PLAIN_NUMBERS or kind in boxers and issubclass(kind, np.generic)


def add_static(value: Any, found: Arguments) -> None:
    found.statics.append(value)
    try:
        hash(value)
    except TypeError:
        value = IdentityKey(value)
    # 1, 1.0 and True are equal, but programs for them are not.
    found.key += (type(value), value)
