"""The surroundings of a function: the variables outside it that it reads, so that a change of them is noticed."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..transforms.function import Transformed

__all__ = ["Surroundings"]

LIMIT = 2000
"""Variables that are watched, at most."""

MISSING = object()
VALUES = (bool, int, float, complex, str, bytes, np.generic)


class Surroundings:
    """The closure cells, globals, defaults and attributes that a function reads, and what they held.

    Functions, containers and objects that are found there are followed. Arrays are watched for being replaced, not for
    being written: programs read them anew in each run.
    """

    def __init__(self, *roots: Any) -> None:
        self.cells: list[tuple[types.CellType, Any]] = []
        self.items: list[tuple[Any, Any, Any]] = []
        self.lengths: list[tuple[Any, int]] = []
        self.generators: list[Any] = []
        self.followed: dict[int, Any] = {}  # what has been seen, kept alive so that no id is used again
        pending = list(roots)
        while pending and len(self.followed) < LIMIT:
            pending += self.follow(pending.pop())

    def hold(self) -> bool:
        """Whether all variables are still what they were."""
        for cell, value in self.cells:
            try:
                now = cell.cell_contents
            except ValueError:  # empty
                now = MISSING
            if now is not value and not same_value(now, value):
                return False
        for owner, key, value in self.items:
            try:
                now = owner[key]
            except (KeyError, IndexError):
                now = MISSING
            if now is not value and not same_value(now, value):
                return False
        for owner, length in self.lengths:
            if len(owner) != length:
                return False
        return True

    def generator_states(self) -> list:
        """The states of the random generators that the function can reach."""
        return [state_of(generator) for generator in self.generators]

    def follow(self, value: Any) -> Iterator[Any]:
        """Note what ``value`` refers to; yields what is to be followed in turn."""
        kind = type(value)
        if kind in (*VALUES, np.ndarray, type(None)) or isinstance(value, np.generic) or id(value) in self.followed:
            return
        self.followed[id(value)] = value
        if kind is types.FunctionType:
            yield from self.follow_function(value)
        elif kind is types.MethodType:
            yield value.__self__
            yield value.__func__
        elif kind is functools.partial:
            yield from (value.func, *value.args, *value.keywords.values())
        elif isinstance(value, (list, tuple)):
            if kind is not tuple:
                self.lengths.append((value, len(value)))
                self.items += [(value, i, item) for i, item in enumerate(value)]
            yield from value
        elif isinstance(value, dict):
            self.lengths.append((value, len(value)))
            self.items += [(value, key, item) for key, item in value.items()]
            yield from list(value.values())
        elif hasattr(value, "bit_generator") or hasattr(value, "getstate"):
            self.generators.append(value)
        elif isinstance(value, Transformed):
            yield from (value.fun, *value.options.values())
        elif not isinstance(value, types.ModuleType) and is_users(root_module(value)):
            yield from self.follow_object(value)

    def follow_function(self, function: types.FunctionType) -> Iterator[Any]:
        for cell in function.__closure__ or ():
            try:
                self.cells.append((cell, cell.cell_contents))
                yield cell.cell_contents
            except ValueError:
                self.cells.append((cell, MISSING))
        yield from function.__defaults__ or ()
        yield from (function.__kwdefaults__ or {}).values()
        if not is_users(root_module(function)):
            return
        names = names_in(function.__code__)
        for name in names:
            value = function.__globals__.get(name, MISSING)
            if value is MISSING:
                continue
            if isinstance(value, types.ModuleType):
                if is_users(value.__name__.partition(".")[0]):
                    for attribute in names & vars(value).keys():
                        self.items.append((vars(value), attribute, vars(value)[attribute]))
                        yield vars(value)[attribute]
            else:
                self.items.append((function.__globals__, name, value))
                yield value

    def follow_object(self, value: Any) -> Iterator[Any]:
        attributes = getattr(value, "__dict__", None)
        if attributes is None:
            return
        if isinstance(attributes, dict):
            self.lengths.append((attributes, len(attributes)))
        for name, item in list(attributes.items()):
            if not name.startswith("__"):
                self.items.append((attributes, name, item))
                yield item
        if not isinstance(value, type):
            yield type(value)


def same_value(x: Any, y: Any) -> bool:
    """Whether two objects are numbers or strings of one type and value."""
    return type(x) is type(y) and isinstance(x, VALUES) and repr(x) == repr(y)


def root_module(value: Any) -> str:
    """The package in which a function or class, or the class of an object, is defined."""
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


@functools.cache
def is_users(package: str) -> bool:
    """Whether a package is the user's own: not Python's, not this one, and not installed."""
    if package in sys.stdlib_module_names or package == __name__.partition(".")[0]:
        return package == "__main__"
    path = getattr(sys.modules.get(package), "__file__", None) or ""
    return "site-packages" not in path and "dist-packages" not in path


@functools.lru_cache(1024)
def names_in(code: types.CodeType) -> frozenset[str]:
    """The names that a function and the functions inside it read: globals, and attributes."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_in(constant)
    return frozenset(names)


def state_of(generator: Any) -> Any:
    """The state of a random generator, as something that can be compared."""
    if hasattr(generator, "bit_generator"):
        return repr(generator.bit_generator.state)
    return generator.getstate()
