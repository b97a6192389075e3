"""Stand-ins: a function and the variables outside it, copied as far as they lead to arrays, with boxes for these.

The recording runs the copies: so the trace sees what plain NumPy and Python do with an array outside, and the user's
own variables are never seen with a box in them, by no other thread:

    f = lambda x: x * np.log(W).sum()    [run is a copy of f, the cell or globals of which hold a box of W]

What cannot be copied (a class, a module, a wrapper of another package) goes on as it is, and so do the arrays to which
it leads: those have to be compared in each call.
"""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tracer import box_classes, to_value
from ..transforms.function import Transformed
from ..transforms.surroundings import Surroundings
from ..transforms.watching import contents
from .references import MAPPINGS, References

__all__ = ["StandIns"]

class StandIns:
    """Copies of what leads to the arrays in ``surroundings``; ``box(array)`` gives what takes the place of one.

    Attributes:
        arrays: those for which boxes stand, by their ids.
    """

    def __init__(self, surroundings: Surroundings, box: Callable[[np.ndarray], Any]) -> None:
        self.box = box
        self.nodes: dict[int, Any] = {}  # of the boxes, by the ids of the arrays
        self.made: dict[int, Any] = {}
        self.originals: dict[int, tuple[Any, Any]] = {}  # by the id of a copy: the copy, and what it is one of
        self.holders: list[tuple[Any, Any, Any]] = []  # an original that can be written to, its copy, what that held
        references = References(surroundings.followed.values())
        self.arrays = references.reached_by_copies(surroundings.arrays)
        self.copied = references.leading_to(self.arrays)

    def copy(self, value: Any) -> Any:
        """What stands for ``value``: itself, where it leads to no array."""
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
        kind = type(value)
        if id(value) in self.arrays:
            box = self.box(value)
            self.nodes[id(value)] = box._node
            return box
        if kind is types.FunctionType:
            return self.make_function(value)
        if kind is types.MethodType:
            return types.MethodType(self.copy(value.__func__), self.copy(value.__self__))
        if kind is types.BuiltinMethodType:
            return getattr(self.copy(value.__self__), value.__name__)
        if kind is functools.partial:
            keywords = {name: self.copy(each) for name, each in value.keywords.items()}
            return functools.partial(self.copy(value.func), *map(self.copy, value.args), **keywords)
        if isinstance(value, tuple):
            items = map(self.copy, value)
            return kind(*items) if hasattr(kind, "_fields") else kind(items)
        if kind in (list, collections.deque):
            copied = self.keep(value, value.copy())
            items = list(map(self.copy, value))
            copied.clear()
            copied.extend(items)
            self.holders.append((value, copied, items))
            return copied
        if kind in MAPPINGS:
            return self.fill(value, self.keep(value, value.copy()))
        copied = self.keep(value, kind.__new__(kind))
        self.fill(vars(value), vars(copied))
        if isinstance(value, Transformed):
            copied.options = {name: self.copy(each) for name, each in value.options.items()}
        return copied

    def fill(self, variables: dict, copied: dict) -> dict:
        copied.update({name: self.copy(each) for name, each in variables.items()})
        self.holders.append((variables, copied, dict(copied)))
        return copied

    def make_function(self, function: types.FunctionType) -> types.FunctionType:
        cells = function.__closure__ and tuple(map(self.make_cell, function.__closure__))
        variables = function.__globals__
        if id(variables) not in self.made:
            self.keep(variables, dict(variables))
            self.fill(variables, self.made[id(variables)])
        new = self.made.get(id(function))  # the globals may have led here
        if new is not None:
            return new
        new = types.FunctionType(function.__code__, self.made[id(variables)], function.__name__, None, cells)
        self.keep(function, new)
        new.__defaults__ = function.__defaults__ and tuple(map(self.copy, function.__defaults__))
        keywords = function.__kwdefaults__
        new.__kwdefaults__ = keywords and {name: self.copy(each) for name, each in keywords.items()}
        new.__qualname__, new.__module__, new.__doc__ = function.__qualname__, function.__module__, function.__doc__
        self.fill(function.__dict__, new.__dict__)
        return new

    def make_cell(self, cell: types.CellType) -> types.CellType:
        """One copy of each variable, for all functions that share it."""
        if id(cell) not in self.made:
            copied = self.keep(cell, types.CellType())
            try:
                copied.cell_contents = self.copy(cell.cell_contents)
            except ValueError:  # it is empty
                pass
            self.holders.append((cell, copied, contents(copied)))
        return self.made[id(cell)]

    def write_back(self) -> bool:
        """Do to the originals what the function has done to the copies; whether it has written into arrays."""
        written = False
        for key, array in self.arrays.items():
            box = self.made.get(key)
            if box is not None and box._node is not self.nodes[key]:
                np.copyto(array, to_value(box), casting="unsafe")
                written = True
        for original, copied, before in self.holders:
            if type(copied) is types.CellType:
                now = contents(copied)
                if now is not before:
                    self.write_cell(original, now)
            elif isinstance(copied, dict):
                if len(copied) != len(before) or any(copied[name] is not each if name in copied else True
                                                     for name, each in before.items()):
                    for name in [name for name in before if name not in copied]:
                        original.pop(name, None)
                    for name, each in copied.items():
                        if each is not before.get(name, before):
                            original[name] = self.original(each)
            elif len(copied) != len(before) or any(map(is_not, copied, before)):
                items = list(map(self.original, copied))
                original.clear()
                original.extend(items)
        return written

    def write_cell(self, cell: types.CellType, value: Any) -> None:
        try:
            cell.cell_contents = self.original(value)
        except ValueError:
            pass

    def original(self, value: Any) -> Any:
        """What ``value``, which the function has stored, is outside."""
        found = self.originals.get(id(value))
        if found is not None:
            return found[1]
        kind = type(value)
        if kind in box_classes:
            return to_value(value)
        if kind is types.MethodType:
            return types.MethodType(self.original(value.__func__), self.original(value.__self__))
        if kind in (list, tuple):
            return kind(map(self.original, value))
        if kind is types.FunctionType and id(value.__globals__) in self.originals:
            cells = value.__closure__ and tuple(map(self.original, value.__closure__))
            variables = self.original(value.__globals__)
            new = types.FunctionType(value.__code__, variables, value.__name__, value.__defaults__, cells)
            new.__kwdefaults__, new.__qualname__ = value.__kwdefaults__, value.__qualname__
            return new
        return value


def is_not(x: Any, y: Any) -> bool:
    return x is not y
