"""The arguments of a call: the leaves that a program gets, and the key that says which programs they fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.pytree import DEEP, find_container, has_cycle
from ...core.tracer import box_classes, boxers
from ...captured_state.names import has
from .limits import STATIC_CONTAINERS
from .static_values import scalar_key, told_apart

__all__ = ["NotPlain", "StaticArray", "are_numbers", "classes_in", "is_leaf", "static_positions", "take_apart"]

PLAIN_NUMBERS = (int, float, complex)


class StaticArray(TypeError):
    """An array among the static arguments."""


class NotPlain(Exception):
    """There is an argument of which no program is made: a traced value (``boxed``), another library's array, an
    iterator. ``reason``: what to warn of."""

    def __init__(self, boxed: bool, reason: str = "") -> None:
        self.boxed = boxed
        self.reason = reason


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
        collect(args, leaves, key, statics)
    else:
        for i, arg in enumerate(args):
            if i in positions:
                add_static(arg, key, statics, True)
            else:
                collect((arg,), leaves, key, statics)
    if kwargs:
        for name, arg in kwargs.items():
            key.append(name)
            if name in static_argnames:
                add_static(arg, key, statics, True)
            else:
                collect((arg,), leaves, key, statics)
    if len(leaves) > 1:
        arrays = [id(leaf) for leaf in leaves if type(leaf) is np.ndarray]
        if len(set(arrays)) < len(arrays):
            key.append(tuple(map(arrays.index, arrays)))  # which are one and the same
    return leaves, key, statics


def collect(trees: Sequence, leaves: list, key: list, statics: list) -> None:
    """Take arguments apart, with a loop: containers may be in one another as deep as they like."""
    children = iter(trees)
    around: list[tuple] = []
    while True:
        for tree in children:
            kind = type(tree)
            if kind is np.ndarray:
                leaves.append(tree)
                # The strides, so that what was a view when traced is a view in each run.
                key += (tree.shape, tree.strides, tree.dtype)
                continue
            if kind is tuple or kind is list:
                inner = tree
                key += (kind, len(tree))
            elif is_leaf(tree):
                leaves.append(tree)
                key.append(kind)
                continue
            elif kind in box_classes:
                raise NotPlain(boxed=True)
            elif (container := find_container(kind)) is not None:
                inner, extra = container[0](tree)
                if not hasattr(inner, "__len__"):
                    inner = list(inner)
                key += (kind, extra, len(inner))
            elif has(tree, "__array_function__") or has(tree, "__array__") or has(kind, "__next__"):
                raise NotPlain(boxed=False)
            else:
                add_static(tree, key, statics, False)
                continue
            around.append((tree, kind, children))
            if len(around) >= DEEP and has_cycle(around):
                raise NotPlain(False, "an argument contains itself")
            children = iter(inner)
            break
        else:
            if not around:
                return
            children = around.pop()[2]


def is_leaf(value: Any) -> bool:
    """Whether a value is a number or an array that programs take as an input; truth values are static."""
    kind = type(value)
    return kind is np.ndarray or kind in PLAIN_NUMBERS or kind in boxers and issubclass(kind, np.generic)


def add_static(static: Any, key: list, statics: list, named: bool) -> None:
    """Add to ``key`` what tells static values apart: 1, 1.0 and True, and 0.0 and -0.0, are equal, but their programs
    are not. Containers are told apart by their contents. ``named``: the user said that it is static.
    """
    pending = [static]
    count = 0
    while pending:
        value = pending.pop()
        kind = type(value)
        if (scalar := scalar_key(value)) is not None:
            key += scalar
            continue
        key.append(kind)
        if kind is tuple or kind is list or kind is dict:
            count += 1
            if count > STATIC_CONTAINERS:
                raise NotPlain(False, "a static argument holds too many containers, or one that holds itself")
            key.append(tuple(value) if kind is dict else len(value))
            pending += reversed(value.values() if kind is dict else value)
        elif kind in box_classes:
            raise NotPlain(boxed=True)
        elif isinstance(value, np.ndarray) and named:
            raise StaticArray("jit: a static argument is an array; leave its name out of static_argnames.")
        else:
            statics.append(value)
            key.append(told_apart(value))


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
