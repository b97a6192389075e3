"""Functions and methods: the variables that they read, along the paths that their code shows."""

from __future__ import annotations

import builtins
import importlib.util
import sys
import types
from typing import Any

import numpy as np

from ..core.tracer import box_classes
from .holders import tables_of
from .kinds import is_clear
from .names import MISSING, is_own, is_users, root_module
from .objects import Objects
from .read_paths import FREE, IMPORT, NAMED, PARAMETER, Path, reads_in
from .places import Place

__all__ = ["Functions"]

READ_BY_NAME = {"__dict__", "__getattribute__", "format", "format_map"}
"""Attributes by which others are read whose names no code shows: ``"{0.w}".format(m)``."""


class Functions(Objects):
    """Follows functions."""

    def note_call(self, function: Any, how: Any) -> None:
        """A function of others may be called."""
        if type(how) is str and how.startswith(NAMED):  # getattr(x, "name")
            self.names.add(how.removeprefix(NAMED))
            self.done.discard(id(function))
        elif not is_clear(function):
            self.read_by_name()

    def read_by_name(self) -> None:
        """Attributes of objects may be read whose names no code shows."""
        self.whole = True

    def follow_method(self, method: types.MethodType, place: str, how: Any) -> None:
        """A function whose first argument is known."""
        function, owner = method.__func__, method.__self__
        code = function.__code__
        if (id(function), id(owner)) in self.calls:
            return
        self.calls.add((id(function), id(owner)))
        self.keep(method)
        self.keep(owner)
        self.keep(function)
        first = code.co_varnames[0] if code.co_argcount else ""
        if not first or not is_own(function):
            self.escape(owner, place)
            self.escape(function, place)
            return
        self.follow_function(function, {first: (owner, place if how == "method" and place else place or first)}, place)

    def follow_function(self, function: types.FunctionType, known: dict[str, tuple[Any, str]], place: str) -> None:
        """Its variables, if it is the user's or wraps a function of the user. ``known`` are parameters."""
        is_users_own = is_own(function)
        if not is_users_own and not is_users(root_module(function)):
            self.note_call(function, "")
            return
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            value = self.watch("cell", cell, None, name)
            if not is_users_own:
                self.escape(value, name)
        if not is_users_own:
            for table in tables_of(function):
                self.escape(table, f"{place or function.__name__}.registry")
            return
        self.watch("function", function, None, place or function.__name__)
        if function.__kwdefaults__:
            self.captured.watch_dict(function.__kwdefaults__, place or function.__name__)
        for _, value in self.captured.watch_dict(function.__dict__, place) if function.__dict__ else ():
            self.escape(value, place)
        reads = reads_in(function.__code__)
        self.names |= reads.names
        self.formats = self.formats or reads.formats or not reads.names.isdisjoint(("repr", "str", "print", "format"))
        known = {**defaults_of(function), **known}
        if reads.matches or not reads.names.isdisjoint(READ_BY_NAME):
            self.read_by_name()
        for value, name in known.values() if "locals" in reads.names else ():
            self.escape(value, name)
        for path in reads.paths:
            self.follow_path(function, path, known)

    def follow_path(self, function: types.FunctionType, path: Path, known: dict[str, tuple[Any, str]]) -> None:
        value, place = self.root(function, path.root, known)
        for sign, name in path.steps:
            if value is MISSING:
                return
            value, place = self.member(value, place, name) if sign == "." else self.item(value, place, name)
        if value is MISSING:
            return
        if not path.escapes:
            self.keep(value)
            if isinstance(value, np.ndarray):
                self.note_array(value)
            if type(value) in box_classes:
                self.captured.note_box(value, place)
            return
        how = path.called_with
        if type(how) is Path:
            argument, _ = self.root(function, how.root, known)
            how = "" if how.steps or argument is MISSING else "nothing" if argument is None else "a value"
        self.pending.append((value, place, how))

    def root(self, function: types.FunctionType, root: tuple[str, Any], known: dict) -> tuple[Any, str]:
        """The variable at which a path begins, watched, and what it is called."""
        kind, name = root
        if kind == PARAMETER:
            return known.get(name, (MISSING, name))
        if kind == IMPORT:
            return imported(function, *name), name[0]
        if self.is_vouched_for(name):
            return MISSING, name
        if kind == FREE:
            return Place("cell", function.__closure__[function.__code__.co_freevars.index(name)]).read(), name
        variables = function.__globals__
        self.watch("item", variables, name)
        return variables.get(name, vars(builtins).get(name, MISSING)), name


def defaults_of(function: types.FunctionType) -> dict[str, tuple[Any, str]]:
    """The defaults of parameters, which may be what they hold."""
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults):code.co_argcount]
    return {name: (value, name) for name, value in (*zip(names, defaults), *(function.__kwdefaults__ or {}).items())}


def imported(function: types.FunctionType, name: str, level: int) -> Any:
    """A module that a function imports, if it is there already."""
    if level:
        try:
            name = importlib.util.resolve_name("." * level + name, function.__globals__.get("__package__") or "")
        except (ImportError, ValueError):
            return MISSING
    return sys.modules.get(name, MISSING)
