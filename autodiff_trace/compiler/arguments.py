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
        statics: the objects among the static values, whose attributes may change.
        boxed: whether there are traced values.
        foreign: whether there are values that programs do not handle: other arrays, iterators.
    """

    __slots__ = ("leaves", "key", "statics", "boxed", "foreign")

    def __init__(self) -> None:
        self.leaves: list = []
        self.key: list = []
        self.statics: list = []
        self.boxed = False
        self.foreign = False


    def are_numbers(self) -> bool:
        """Whether all arrays are of numbers."""
        return all(leaf.dtype.kind in "fciub" for leaf in self.leaves if type(leaf) is np.ndarray)


def take_apart(args: tuple, kwargs: dict, static_argnames: tuple[str, ...], positions: tuple[int, ...]) -> Arguments:
    """Take the arguments of a call apart; ``positions`` are those of the static ones among ``args``."""
    found = Arguments()
    for i, arg in enumerate(args):
        if i in positions:
            found.key.append(static_key(arg, found, True))
        else:
            collect(arg, found)
    if kwargs:
        for name, arg in kwargs.items():
            found.key.append(name)
            if name in static_argnames:
                found.key.append(static_key(arg, found, True))
            else:
                collect(arg, found)
    return found


def collect(tree: Any, found: Arguments) -> None:
    kind = type(tree)
    if kind is np.ndarray:
        found.leaves.append(tree)
        # The strides, so that what was a view when traced is a view in each run.
        found.key += (tree.shape, tree.strides, tree.dtype)
    elif is_leaf(tree):
        found.leaves.append(tree)
        found.key.append(kind)
    elif kind in box_classes:
        found.boxed = True
    elif (container := find_container(kind)) is not None:
        children, extra = container[0](tree)
        if not hasattr(children, "__len__"):
            children = list(children)
        found.key += (kind, extra, len(children))
        for child in children:
            collect(child, found)
    elif hasattr(tree, "__array_function__") or hasattr(tree, "__array__") or hasattr(kind, "__next__"):
        found.foreign = True
    else:
        found.key.append(static_key(tree, found, False))


def is_leaf(value: Any) -> bool:
    """Whether a value is a number or an array that programs take as an input; truth values are static."""
    kind = type(value)
    return kind is np.ndarray or kind in PLAIN_NUMBERS or kind in boxers and issubclass(kind, np.generic)


def static_key(value: Any, found: Arguments, named: bool) -> Any:
    """What tells static values apart: 1, 1.0 and True, and 0.0 and -0.0, are equal, but programs for them are not.

    Containers are told apart by their contents. ``named``: the user said that it is static.
    """
    kind = type(value)
    if kind in (bool, int, str, bytes, type(None)):
        return kind, value
    if kind is float or kind is complex:
        return kind, repr(value)
    if isinstance(value, np.generic):
        return kind, value.dtype, value.tobytes()
    if kind is tuple or kind is list:
        return kind, tuple([static_key(item, found, named) for item in value])
    if kind is dict:
        return kind, tuple(value), tuple([static_key(item, found, named) for item in value.values()])
    if kind in box_classes:
        found.boxed = True
        return kind
    if isinstance(value, np.ndarray) and named:
        raise TypeError("jit: a static argument is an array; leave its name out of static_argnames.")
    found.statics.append(value)
    try:
        hash(value)
    except TypeError:
        value = IdentityKey(value)
    return kind, value
