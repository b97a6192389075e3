"""Copies of variables as they were, for a function that runs a second time.

Variables are not set back, since other code may be using them. What has changed is copied as it was, and so is whatever
refers to it, up to the function itself:

    k = 1; f = lambda x: k * x; surroundings = Surroundings(f); k = 2
    Restorer(surroundings, …).copy(f)    [a copy of f whose variable k is 1]
"""

from __future__ import annotations

import collections
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.transformed import Transformed
from .names import MISSING, read_names
from .random_states import copy_generator
from .kinds import is_generator
from .rebuilding import parts_of_wrapper, rebuild_wrapper
from .surroundings import Surroundings
from .watching import contents, is_held, read_attributes, read_cells, read_function, read_slots

__all__ = ["NotRestorable", "Restorer"]

MODULE_VARIABLES = ("__builtins__", "__name__", "__package__", "__spec__", "__loader__", "__file__")
"""What the globals of a function hold besides the names that its code mentions."""


class NotRestorable(Exception):
    """There is no copy of a variable as it was; the message says which."""


class Restorer:
    """Copies what has changed in ``surroundings``, and what refers to that; anything else stays what it is.

    ``arrays`` has copies of arrays that have changed, ``states`` the states of generators that have, by their ids.
    """

    def __init__(self, surroundings: Surroundings, arrays: Mapping[int, np.ndarray], states: Mapping[int, Any]) -> None:
        self.arrays = arrays
        self.states = states
        self.cells: dict[int, Any] = {}
        self.globals: dict[int, dict[str, Any]] = {}
        self.functions: dict[int, tuple] = {}
        self.holders: dict[int, tuple[Any, Any]] = {}
        self.made: dict[int, Any] = {}
        self.dirty = {*arrays, *states}
        for read, owner, values in surroundings.watched:
            self.note(read, owner, values)
        if self.dirty:
            self.spread(surroundings)

    def note(self, read: Callable, owner: Any, values: Any) -> None:
        """Remember what ``owner`` held, and whether it still does."""
        changed = not is_held(read, owner, values)
        key = id(owner)
        if read is read_cells:
            for cell, value in zip(owner, values):
                self.cells[id(cell)] = value
                if changed and contents(cell) is not value:
                    self.dirty.add(id(cell))
            return
        if read is read_names:
            key = id(owner[0])
            self.globals.setdefault(key, {}).update(zip(owner[1], values))
        elif read is read_function:
            self.functions[key] = values
        else:
            key = id(owner[0]) if read is read_slots else key
            self.holders[key] = read, values
        if changed:
            self.dirty.add(key)

    def spread(self, surroundings: Surroundings) -> None:
        """Add to the changed objects all that refer to one."""
        refers = {key: set(map(id, self.parts(value))) for key, value in surroundings.followed.items()}
        count = 0
        while count < len(self.dirty):
            count = len(self.dirty)
            self.dirty.update([key for key, parts in refers.items() if not parts.isdisjoint(self.dirty)])

    def parts(self, value: Any) -> list:
        """What ``value`` referred to."""
        kind = type(value)
        if kind is types.FunctionType:
            cells = value.__closure__ or ()
            _, defaults, keyword_defaults = self.functions.get(id(value), (None, None, None))
            parts = [*cells, *[self.cells.get(id(cell)) for cell in cells], value.__globals__, *(defaults or ())]
            if id(value) in self.functions:
                parts += self.globals.get(id(value.__globals__), {}).values()
            return parts + [*(keyword_defaults or {}).values(), *value.__dict__.values()]
        if isinstance(value, (tuple, frozenset)):
            return list(value)
        if (parts := parts_of_wrapper(value)) is not None:
            return parts
        return list(self.holders[id(value)][1]) if id(value) in self.holders else []

    def copy(self, value: Any) -> Any:
        """``value`` as it was: itself, if neither it nor what it refers to has changed."""
        key = id(value)
        if key not in self.dirty:
            return value
        if key not in self.made:
            self.made[key] = self.make(value)
        return self.made[key]

    def make(self, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray:
            return self.arrays[id(value)].copy(order="K")
        if is_generator(value):
            return copy_generator(value, self.states[id(value)])
        if kind is types.FunctionType:
            return self.make_function(value)
        if kind is frozenset:
            return frozenset(map(self.copy, value))
        rebuilt = rebuild_wrapper(value, self.copy)
        return self.make_holder(value) if rebuilt is MISSING else rebuilt

    def make_function(self, function: types.FunctionType) -> types.FunctionType:
        known = self.functions.get(id(function))
        code, defaults, keyword_defaults = known or read_function(function)
        variables = self.make_globals(function.__globals__) if known else function.__globals__
        cells = function.__closure__ and tuple(map(self.make_cell, function.__closure__))
        new = types.FunctionType(code, variables, function.__name__, None, cells)
        self.made[id(function)] = new  # it may refer to itself
        new.__defaults__ = defaults and tuple(map(self.copy, defaults))
        new.__kwdefaults__ = keyword_defaults and {name: self.copy(each) for name, each in keyword_defaults.items()}
        new.__qualname__, new.__module__, new.__doc__ = function.__qualname__, function.__module__, function.__doc__
        new.__dict__.update({name: self.copy(each) for name, each in function.__dict__.items()})
        self.fill(function, new)
        return new

    def make_cell(self, cell: types.CellType) -> types.CellType:
        """One copy of each variable, for all functions that share it."""
        if id(cell) in self.cells:
            self.made.setdefault(id(cell), types.CellType())
        return self.made.get(id(cell), cell)

    def make_globals(self, variables: dict) -> dict:
        """One copy of the variables of each module, as far as functions in reach name them."""
        if id(variables) not in self.made:
            self.made[id(variables)] = {name: variables[name] for name in MODULE_VARIABLES if name in variables}
        return self.made[id(variables)]

    def fill(self, function: types.FunctionType, new: types.FunctionType) -> None:
        """Give the variables around a function that has been copied their values, unless that is done already."""
        for cell, copied in zip(function.__closure__ or (), new.__closure__ or ()):
            value = self.cells.pop(id(cell), MISSING)
            if value is not MISSING:  # one that had none stays empty
                copied.cell_contents = self.copy(value)
        if new.__globals__ is not function.__globals__:
            for name, value in self.globals.pop(id(function.__globals__), {}).items():
                if value is not MISSING:
                    new.__globals__[name] = self.copy(value)

    def make_holder(self, value: Any) -> Any:
        """A copy of a container or an object."""
        kind = type(value)
        read, held = self.holders.get(id(value), (None, ()))
        if kind in (list, set, collections.deque):
            new = self.made[id(value)] = value.copy()
            new.clear()
            (new.update if kind is set else new.extend)(list(map(self.copy, held)))
        elif kind in (dict, collections.OrderedDict, collections.defaultdict):
            new = self.made[id(value)] = value.copy()
            new.clear()
            half = len(held) // 2
            new.update(zip(held[:half], map(self.copy, held[half:])))
        elif isinstance(value, Transformed) or read is read_attributes and is_plain_object(value):
            new = self.made[id(value)] = kind.__new__(kind)
            half = len(held) // 2
            attributes = dict(zip(held[:half], held[half:])) if read is read_attributes else vars(value)
            vars(new).update({name: self.copy(each) for name, each in attributes.items()})
            if isinstance(value, Transformed):
                new.options = {name: self.copy(each) for name, each in value.options.items()}
        else:
            what = getattr(value, "__name__", None)
            raise NotRestorable(f"{kind.__name__} {what}" if what else f"an object of the class {kind.__name__}")
        return new


def is_plain_object(value: Any) -> bool:
    """Whether an object is no more than its attributes."""
    kind = type(value)
    plain_slots = all(not vars(owner).get("__slots__") for owner in kind.__mro__)
    return kind is types.SimpleNamespace or (kind.__new__ is object.__new__ and plain_slots)
