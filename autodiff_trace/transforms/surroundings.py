"""The surroundings of a function: the variables outside it that it reads, so that a change of them is noticed."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from ..core.tracer import Trace, box_classes
from .contents import Contents
from .function import Transformed
from .names import global_names, is_users, names_in, read_names, root_module
from .watching import (
    VALUES, Watch, is_held, join_watches, quick_check, read_attributes, read_cells, read_dict, read_function,
    read_slots,
)

__all__ = ["Surroundings", "is_generator", "sample"]

LIMIT = 5000
"""Variables that are watched, at most."""

SMALL = 2**14
"""Bytes of an array that is compared as a whole (1 µs)."""

WRAPPERS = {property: ("fget",), staticmethod: ("__func__",), classmethod: ("__func__",),
            functools.cached_property: ("func",), functools.partialmethod: ("func", "args", "keywords")}


class Surroundings:
    """The closure cells, globals, defaults and attributes that a function reads, and what they held.

    Functions, containers and objects that are found there are followed, but not into installed packages. Arrays are
    watched for being replaced, not for being written: programs read them anew in each run.

    Attributes:
        boxed: whether there is a traced value among them.
        crowded: whether they are too many to be watched.
        generators: the generators of random numbers among them.
        names: of the variables and attributes that the functions among them read.

    With ``compared=False`` nothing is prepared for comparing them quickly, which takes 60 of 100 µs.
    """

    def __init__(self, *roots: Any, compared: bool = True) -> None:
        self.watched: list[Watch] = []
        self.count = 0
        self.boxed = False
        self.arrays: list[np.ndarray] = []
        self.contents: list[Contents] = []
        self.generators: list[Any] = []
        self.names: frozenset[str] = frozenset()
        self.followed: dict[int, Any] = {}  # what has been seen, kept alive so that no id is used again
        pending = list(roots)
        while pending and not self.crowded:
            pending += self.follow(pending.pop())
        if compared:
            self.prepare()

    def prepare(self) -> None:
        self.watched = join_watches(self.watched)
        self.holds_quickly, self.others = quick_check(self.watched)

    @property
    def crowded(self) -> bool:
        return self.count > LIMIT

    def hold(self) -> bool:
        """Whether all variables are still what they were, and arrays that are compared hold what they held."""
        if not self.holds_quickly() and not all(starmap(is_held, self.watched)):
            return False
        if self.others and not all(starmap(is_held, self.others)):
            return False
        for each in self.contents:
            if not each.hold():
                return False
        return True

    def hold_variables(self) -> bool:
        """Whether all variables are still what they were, whatever arrays hold."""
        return all(starmap(is_held, self.watched))

    def note_contents(self, arrays: Iterable[np.ndarray]) -> None:
        """Notice from now on writes into these arrays: a function may compute from them with plain NumPy, unseen."""
        known = {id(each.array) for each in self.contents}
        self.contents = self.contents + [Contents(array) for array in arrays if id(array) not in known]

    def watch(self, read: Callable[[Any], Sequence], owner: Any) -> Sequence:
        """Note what ``owner`` holds, as ``read`` reads it."""
        values = read(owner)
        self.count += len(values)
        self.watched.append((read, owner, values))
        return values

    def take_out(self, trace: Trace) -> None:
        """Replace traced values of ``trace``, which has ended, that the function has put into lists, dicts, attributes
        and variables by the plain ones."""

        def plain(value):
            return value._value if type(value) in box_classes and value._trace is trace else value

        for read, owner, _ in self.watched:
            if read is tuple and isinstance(owner, list):
                owner[:] = map(plain, owner)
            elif read is read_cells:
                for cell, value in zip(owner, read_cells(owner)):
                    if plain(value) is not value:
                        cell.cell_contents = plain(value)
            elif read is read_dict or read is read_attributes or read is read_names:
                variables = owner[0] if read is read_names else owner if read is read_dict else vars(owner)
                if isinstance(variables, dict):
                    for key, value in variables.items():
                        if plain(value) is not value:
                            variables[key] = plain(value)

    def follow(self, value: Any) -> Iterator[Any]:
        """Note what ``value`` refers to; yields what is to be followed in turn."""
        kind = type(value)
        if kind in box_classes:
            self.boxed = True
        if issubclass(kind, np.ndarray) and id(value) not in self.followed:
            self.followed[id(value)] = value
            self.arrays.append(value)
        if isinstance(value, (*VALUES, np.ndarray, type(None))) or kind in box_classes or id(value) in self.followed:
            return
        self.followed[id(value)] = value
        if kind is types.FunctionType:
            yield from self.follow_function(value)
        elif kind is types.MethodType or kind is types.BuiltinMethodType:
            yield value.__self__
            yield getattr(value, "__func__", None)
        elif kind is functools.partial:
            yield from (value.func, value.args, value.keywords)
        elif isinstance(value, (list, tuple, set, frozenset, collections.deque)):
            yield from value if kind is tuple else self.watch(tuple, value)
        elif isinstance(value, dict):
            yield from self.watch(read_dict, value)
        elif kind in WRAPPERS:
            yield from [getattr(value, name) for name in WRAPPERS[kind]]
        elif isinstance(value, Transformed):
            yield from [each for each in (*vars(value).values(), *value.options.values()) if callable(each)]
        elif is_generator(value):
            self.generators.append(value)
        elif kind is types.SimpleNamespace or kind.__module__ == "argparse":
            yield from self.watch(read_attributes, value)
        elif hasattr(value, "__wrapped__"):
            yield value.__wrapped__
        elif kind is not types.ModuleType and is_users(root_module(value)):
            yield from self.follow_object(value)

    def follow_function(self, function: types.FunctionType) -> Iterator[Any]:
        """Its variables, if it is the user's or wraps a function of the user."""
        is_own = is_users(function.__globals__.get("__name__", "").partition(".")[0])
        if not is_own and not is_users(root_module(function)):
            return
        if function.__closure__:
            yield from self.watch(read_cells, function.__closure__)
        if is_own:
            yield from self.watch(read_function, function)[1:]
            if function.__dict__:
                yield from self.watch(read_dict, function.__dict__)
            if names := global_names(function.__code__):
                values = self.watch(read_names, (function.__globals__, names))
                attributes = names_in(function.__code__)
                self.names |= attributes
                for value in values:
                    yield from self.follow_module(value, attributes) if type(value) is types.ModuleType else (value,)

    def follow_module(self, module: types.ModuleType, names: frozenset[str]) -> Iterator[Any]:
        """The variables with these names in a module of the user."""
        if module.__name__.endswith("random"):
            self.names |= {"random"}  # whatever it is called here
        if id(module) in self.followed or not is_users(module.__name__.partition(".")[0]):
            return
        present = tuple(names & vars(module).keys())
        values = self.watch(read_names, (vars(module), present))
        for value in values:
            yield from self.follow_module(value, names) if type(value) is types.ModuleType else (value,)

    def follow_object(self, value: Any) -> Iterator[Any]:
        if isinstance(value, type):
            for owner in value.__mro__:
                if is_users(root_module(owner)):
                    yield from self.watch(read_attributes, owner)
            return
        if isinstance(getattr(value, "__dict__", None), dict):
            yield from self.watch(read_attributes, value)
        slots = tuple([name for owner in type(value).__mro__ for name in slots_of(owner)])
        if slots:
            yield from self.watch(read_slots, (value, slots))
        yield type(value)


def slots_of(owner: type) -> tuple[str, ...]:
    slots = vars(owner).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def sample(array: np.ndarray) -> bytes:
    """The contents of an array; of a large one some of them, enough to see that it was written as a whole."""
    if array.nbytes <= SMALL:
        return array.tobytes()
    flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
    return flat[:: max(1, array.size // 512)].tobytes()


def is_generator(value: Any) -> bool:
    """Whether it is a generator of random numbers."""
    return root_module(type(value)) in ("numpy", "random") and any(
        hasattr(value, name) for name in ("bit_generator", "get_state", "getstate")
    )
