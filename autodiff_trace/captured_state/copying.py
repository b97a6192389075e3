"""Copying a function and what is outside it, as far as that leads to what has to be another value in the copies."""

from __future__ import annotations

import collections
import types
from collections.abc import Iterable
from typing import Any

from ..core.transformed import Transformed
from .holders import MAPPINGS, rebuilt, slots_in
from .names import MISSING
from .places import Place

__all__ = ["Copier", "NotCopied"]


class NotCopied(Exception):
    """There is no copy of a variable; the message says which."""


class Copier:
    """Copies what has one of the ids ``copied``; anything else stays what it is.

    A subclass says what a place holds (``held``), and what stands for it in the copies (``variable``, ``leaf``).
    """

    def __init__(self, copied: set[int]) -> None:
        self.copied = copied
        self.made: dict[int, Any] = {}
        self.originals: dict[int, tuple[Any, Any]] = {}  # by the id of a copy: the copy, and what it is one of

    def held(self, place: Place) -> Any:
        return place.read()

    def variable(self, place: Place) -> Any:
        return self.copy(self.held(place))

    def leaf(self, value: Any) -> Any:
        """What stands for a value that is no holder; MISSING for others."""
        return MISSING

    def is_copied(self, kind: type) -> bool:
        """Whether there are copies of the objects of a class."""
        return slots_in(kind) is not None

    def names_in(self, variables: dict) -> Iterable[str]:
        """Which of the variables of a module matter."""
        raise NotImplementedError

    def filled(self, value: Any, copied: Any) -> None:
        """A copy of a holder has got what it is to hold."""

    def copy(self, value: Any) -> Any:
        """What stands for ``value``: itself, where nothing in it is another."""
        key = id(value)
        if key not in self.copied:
            return value
        if key not in self.made:
            self.keep(value, self.make(value))
        return self.made[key]

    def keep(self, value: Any, copied: Any) -> Any:
        self.made[id(value)] = copied
        self.originals[id(copied)] = copied, value
        return copied

    def make(self, value: Any) -> Any:
        if (leaf := self.leaf(value)) is not MISSING:
            return leaf
        if type(value) is types.FunctionType:
            return self.make_function(value)
        new = rebuilt(value, self.copy)
        return self.make_holder(value) if new is MISSING else new

    def make_holder(self, value: Any) -> Any:
        """A copy of a container or an object."""
        kind = type(value)
        if kind in (*MAPPINGS, list, set, collections.deque):
            new = self.keep(value, value.copy())
            new.clear()
            if kind in MAPPINGS:
                self.fill_dict(value, new)
            elif kind is list:
                (count,) = self.held(Place("length", value))
                new.extend([self.variable(Place("item", value, i)) for i in range(count)])
            else:
                (new.update if kind is set else new.extend)(list(map(self.copy, self.held(Place("items", value)))))
        elif isinstance(value, Transformed):  # what it notes of its calls is not the function's doing
            new = self.keep(value, kind.__new__(kind))
            vars(new).update({name: self.copy(each) for name, each in vars(value).items()})
            new.options = {name: self.copy(each) for name, each in value.options.items()}
            return new
        elif not self.is_copied(kind):
            what = getattr(value, "__name__", None)
            raise NotCopied(f"{kind.__name__} {what}" if what else f"an object of the class {kind.__name__}")
        else:
            new = self.keep(value, kind.__new__(kind))
            names = self.held(Place("attributes", value)) if hasattr(value, "__dict__") else ()
            places = [*[Place("slot", value, name) for name in slots_in(kind)],
                      *[Place("attribute", value, name) for name in names]]
            for place in places:
                if (each := self.variable(place)) is not MISSING:
                    place._replace(owner=new).write(each)
        self.filled(value, new)
        return new

    def fill_dict(self, value: dict, new: dict) -> None:
        for key in self.held(Place("keys", value)):
            if (each := self.variable(Place("item", value, key))) is not MISSING:
                new[key] = each

    def make_function(self, function: types.FunctionType) -> types.FunctionType:
        code, defaults, keywords = self.held(Place("function", function))
        cells = function.__closure__ and tuple(map(self.make_cell, function.__closure__))
        variables = self.make_globals(function.__globals__)
        if id(function) in self.made:  # the variables have led here
            return self.made[id(function)]
        new = self.keep(function, types.FunctionType(code, variables, function.__name__, None, cells))
        new.__defaults__ = defaults and tuple(map(self.copy, defaults))
        new.__kwdefaults__ = keywords and {name: self.variable(Place("item", keywords, name)) for name in keywords}
        new.__qualname__, new.__module__, new.__doc__ = function.__qualname__, function.__module__, function.__doc__
        self.fill_dict(function.__dict__, new.__dict__)
        self.filled(function.__dict__, new.__dict__)
        return new

    def make_globals(self, variables: dict) -> dict:
        """One copy of the variables of each module, if those that functions name are others in it."""
        if id(variables) not in self.made:
            places = [Place("item", variables, name) for name in self.names_in(variables)]
            if not any(map(self.is_other, places)):
                return variables
            new = self.keep(variables, dict(variables))
            for place in places:
                if (each := self.variable(place)) is MISSING:
                    new.pop(place.key, None)
                else:
                    new[place.key] = each
            self.filled(variables, new)
        return self.made[id(variables)]

    def is_other(self, place: Place) -> bool:
        """Whether a copy holds something else there."""
        return id(self.held(place)) in self.copied

    def make_cell(self, cell: types.CellType) -> types.CellType:
        """One copy of each variable, for all functions that share it."""
        if id(cell) not in self.made:
            new = self.keep(cell, types.CellType())
            if (value := self.variable(Place("cell", cell))) is not MISSING:
                new.cell_contents = value
            self.filled(cell, new)
        return self.made[id(cell)]
