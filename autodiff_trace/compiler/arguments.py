"""The arguments of a call: the leaves that a program gets, and the key that says which programs they fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.pytree import find_container
from ..core.tracer import box_classes, boxers
from .static_values import told_apart

__all__ = ["NotPlain", "are_numbers", "classes_in", "is_leaf", "static_positions", "take_apart"]

PLAIN_NUMBERS = (int, float, complex)


class NotPlain(Exception):
    """There is an argument of which no program is made: a traced value (``boxed``), another library's array, an
    iterator."""

    def __init__(self, boxed: bool) -> None:
        self.boxed = boxed


Arguments = tuple[list, list, list]
"""A call's arguments, taken apart: numbers and arrays, which are the arguments of a program; the key, all that is fixed
in one: structure, types, shapes, strides, dtypes, and static values; of these the objects, whose attributes may
change."""


def are_numbers(leaves: list) -> bool:
    """Whether all arrays are of numbers."""
    return all(leaf.dtype.kind in "fciub" for leaf in leaves if type(leaf) is np.ndarray)


def take_apart(args: tuple, kwargs: dict, static_argnames: tuple[str, ...], positions: tuple[int, ...]) -> Arguments:
    """Take the arguments of a call apart; ``positions`` are those of the static ones among ``args``."""
    leaves: list = []
    key: list = []
    statics: list = []
    if not positions:
        for arg in args:
            collect(arg, leaves, key, statics)
    else:
        for i, arg in enumerate(args):
            if i in positions:
                key.append(static_key(arg, statics, True))
            else:
                collect(arg, leaves, key, statics)
    if kwargs:
        for name, arg in kwargs.items():
            key.append(name)
            if name in static_argnames:
                key.append(static_key(arg, statics, True))
            else:
                collect(arg, leaves, key, statics)
    return leaves, key, statics


def collect(tree: Any, leaves: list, key: list, statics: list) -> None:
    kind = type(tree)
    if kind is np.ndarray:
        leaves.append(tree)
        # The strides, so that what was a view when traced is a view in each run.
        key += (tree.shape, tree.strides, tree.dtype)
    elif kind is tuple or kind is list:
        key += (kind, len(tree))
        for child in tree:
            collect(child, leaves, key, statics)
    elif is_leaf(tree):
        leaves.append(tree)
        key.append(kind)
    elif kind in box_classes:
        raise NotPlain(boxed=True)
    elif (container := find_container(kind)) is not None:
        children, extra = container[0](tree)
        if not hasattr(children, "__len__"):
            children = list(children)
        key += (kind, extra, len(children))
        for child in children:
            collect(child, leaves, key, statics)
    elif hasattr(tree, "__array_function__") or hasattr(tree, "__array__") or hasattr(kind, "__next__"):
        raise NotPlain(boxed=False)
    else:
        key.append(static_key(tree, statics, False))


def is_leaf(value: Any) -> bool:
    """Whether a value is a number or an array that programs take as an input; truth values are static."""
    kind = type(value)
    return kind is np.ndarray or kind in PLAIN_NUMBERS or kind in boxers and issubclass(kind, np.generic)


def static_key(value: Any, statics: list, named: bool) -> Any:
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
        return kind, tuple([static_key(item, statics, named) for item in value])
    if kind is dict:
        return kind, tuple(value), tuple([static_key(item, statics, named) for item in value.values()])
    if kind in box_classes:
        raise NotPlain(boxed=True)
    if isinstance(value, np.ndarray) and named:
        raise TypeError("jit: a static argument is an array; leave its name out of static_argnames.")
    statics.append(value)
    return kind, told_apart(value)


def classes_in(tree: Any) -> list[type]:
    """The classes of the containers in ``tree``, but for Python's own: the methods of these are read as well."""
    found: dict[type, None] = {}
    pending = [tree]
    for each in pending:
        container = find_container(type(each))
        if container is not None:
            if type(each) not in (tuple, list, dict):
                found[type(each)] = None
            pending += container[0](each)[0]
    return list(found)


def static_positions(fun: Callable, static_argnames: Sequence[str]) -> tuple[int, ...]:
    """Where the arguments with these names stand when they are passed by position."""
    if not static_argnames:
        return ()
    if not all(isinstance(name, str) for name in static_argnames):
        raise TypeError(f"jit: static_argnames={static_argnames!r}; give the names of arguments.")
    try:
        parameters = inspect.signature(fun).parameters
    except (TypeError, ValueError):
        return ()
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in static_argnames:
        if name not in parameters and not takes_any:
            raise TypeError(f"jit: static_argnames has {name!r}, but the arguments are {', '.join(parameters)}.")
    return tuple([i for i, name in enumerate(parameters) if name in static_argnames])
