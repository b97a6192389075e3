"""Following a function to the variables that it reads.

What its code names is followed to its end (``read_paths``): of ``self.cfg["lr"]`` the attribute and the key are watched,
and nothing else of these objects. A function or method that is found is followed in turn. What is handed on, to a call
or a variable, is watched as a whole: all items of containers, and of objects the attributes that any of the code in
reach names. Installed packages are not followed; what they hold is constant by nature, or unknown (``kinds``).
"""

from __future__ import annotations

import builtins
import collections
import functools
import importlib.util
import sys
import types
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.pytree import find_container
from ..core.tracer import box_classes
from .function import Transformed
from .kinds import is_clear, is_constant, is_generator, unknown_function, unknown_object
from .members import Members, has_state_of_others, is_of_user, slots_of
from .names import MISSING, has, is_users, names_in, read_names, root_module
from .read_paths import FREE, IMPORT, NAMED, PARAMETER, Path, reads_in
from .watching import VALUES, contents, read_attributes, read_cells, read_dict, read_function, read_slots

__all__ = ["Follower"]

WRAPPERS = {property: ("fget", "fset", "fdel"), staticmethod: ("__func__",), classmethod: ("__func__",),
            functools.cached_property: ("func",), functools.partialmethod: ("func", "args", "keywords")}

CONTAINERS = (list, tuple, set, frozenset, collections.deque)

FUNCTIONS = (types.BuiltinFunctionType, types.FunctionType, type)


class Follower(Members):
    """Fills ``surroundings``; ``whole``: all of objects and containers is noted, whatever the code reads of them."""

    def __init__(self, surroundings: Any, constant: Sequence[str], whole: bool) -> None:
        super().__init__(surroundings, constant)
        self.noting = whole
        self.whole = whole
        self.names: set[str] = set()
        self.formats = False
        self.calls: set[tuple[int, int]] = set()
        self.objects: dict[int, list] = {}  # objects that are watched by names: with their places, and the names done
        self.done: set[int] = set()

    def follow_all(self, roots: Iterable[Any], places: Sequence[str]) -> None:
        roots = list(roots)
        self.pending = list(zip(roots, [*places, *[""] * len(roots)], [""] * len(roots)))
        while (self.pending or self.reach_members()) and not self.surroundings.crowded:
            value, place, how = self.pending.pop()
            if not place or not self.is_vouched_for(place):
                self.follow(value, place, how)
        self.surroundings.names = frozenset(self.names)

    def reach_members(self) -> bool:
        """Watch the attributes of objects that have been named meanwhile; whether there is more to follow."""
        for entry in list(self.objects.values()):
            value, place, known = entry
            if known != (len(self.names), self.formats, self.whole):
                entry[2] = len(self.names), self.formats, self.whole
                if self.whole:
                    self.follow_whole(value, place)
                else:
                    self.members_named(value, place, frozenset(self.names), self.formats)
        return bool(self.pending)

    def follow(self, value: Any, place: str, how: Any) -> None:
        """Watch what ``value`` refers to. ``how``: "method" of a bound method that is called, or what a function is
        called with, as far as that matters."""
        kind = type(value)
        surroundings = self.surroundings
        if kind in box_classes:
            surroundings.boxed = True
            return
        if value is None or value is MISSING or kind in VALUES or isinstance(value, np.generic):
            return
        if isinstance(value, np.ndarray):
            self.note_array(value)
            return
        if kind is types.MethodType and isinstance(value.__func__, types.FunctionType) and not self.noting:
            self.keep(value)
            self.follow_method(value, place, how)
            return
        if callable(value) and not self.noting and (what := unknown_function(value, how)):
            surroundings.unknown.setdefault(place, what)
            return
        if id(value) in self.done:
            return
        self.done.add(id(value))
        surroundings.followed[id(value)] = value
        if kind is types.FunctionType:
            self.follow_function(value, {}, place)
        elif kind is types.MethodType or kind is types.BuiltinMethodType:
            if isinstance(value.__self__, types.ModuleType):
                self.note_call(value, how)
            else:
                self.escape(value.__self__, place)
            self.escape(getattr(value, "__func__", None), place)
        elif kind is functools.partial:
            for each, inner in ((value.func, place), (value.args, f"{place}.args"), (value.keywords, f"{place}.keywords")):
                self.escape(each, inner)
        elif isinstance(value, dict) and (is_of_user(kind) or kind.__module__ in ("builtins", "collections")):
            values = surroundings.watch(read_dict, value, place)
            for key, each in zip(values, values[len(values) // 2:]):
                self.escape(key, place)
                self.escape(each, f"{place}[{key!r}]")
            self.follow_object(value, place)
        elif isinstance(value, CONTAINERS):
            values = value if isinstance(value, (tuple, frozenset)) else surroundings.watch(tuple, value, place)
            for i, each in enumerate(values):
                self.escape(each, f"{place}[{i}]")
            self.follow_object(value, place)
        elif kind in WRAPPERS:
            for name in WRAPPERS[kind]:
                self.escape(getattr(value, name), place)
        elif isinstance(value, Transformed):
            for each in (*vars(value).values(), *value.options.values()):
                if callable(each):
                    self.escape(each, place)
        elif is_generator(value):
            surroundings.generators.append(value)
        elif is_of_user(value if isinstance(value, type) else kind):
            self.follow_object(value, place)
        elif isinstance(value, np.vectorize):
            self.follow_whole(value, place)
        elif has(value, "__wrapped__"):
            self.escape(value.__wrapped__, place)
        elif isinstance(value, FUNCTIONS):
            self.note_call(value, how)
        elif not self.noting and not is_constant(value):
            surroundings.unknown.setdefault(place, unknown_object(value))

    def note_array(self, array: np.ndarray) -> None:
        if type(array) is np.ndarray and id(array) not in self.done:
            self.done.add(id(array))
            self.surroundings.followed[id(array)] = array
            self.surroundings.arrays.append(array)

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
        self.keep(owner)
        self.keep(function)
        first = code.co_varnames[0] if code.co_argcount else ""
        if not first or not is_users(function.__globals__.get("__name__", "").partition(".")[0]):
            self.escape(owner, place)
            self.escape(function, place)
            return
        self.follow_function(function, {first: (owner, place if how == "method" and place else place or first)}, place)

    def follow_function(self, function: types.FunctionType, known: dict[str, tuple[Any, str]], place: str) -> None:
        """Its variables, if it is the user's or wraps a function of the user. ``known`` are parameters."""
        is_own = is_users(str(function.__globals__.get("__name__", "")).partition(".")[0])
        if not is_own and not is_users(root_module(function)):
            self.note_call(function, "")
            return
        names = function.__code__.co_freevars
        if function.__closure__:
            self.watch(read_cells, function.__closure__, "|".join(names))
        if not is_own or self.noting:
            for name, cell in zip(names, function.__closure__ or ()):
                self.escape(contents(cell), name)
        if not is_own:
            return
        self.watch(read_function, function, place or function.__name__)
        if function.__dict__ and self.watch(read_dict, function.__dict__, place):
            for each in function.__dict__.values():
                self.escape(each, place)
        reads = reads_in(function.__code__)
        self.names |= reads.names
        self.formats = self.formats or reads.formats or not reads.names.isdisjoint(("repr", "str", "print", "format"))
        if reads.matches or "__dict__" in reads.names:
            self.read_by_name()
        known = {**defaults_of(function), **known}
        for path in reads.paths:
            self.follow_path(function, path, known)

    def follow_path(self, function: types.FunctionType, path: Path, known: dict[str, tuple[Any, str]]) -> None:
        value, place = self.root(function, path.root, known)
        for sign, name in path.steps if not self.noting else ():
            if value is MISSING:
                return
            value, place = self.member(value, place, name) if sign == "." else self.item(value, place, name)
        if self.noting and isinstance(value, types.ModuleType):
            self.follow_module(value, names_in(function.__code__))
        if value is MISSING:
            return
        if not path.escapes and not self.noting:
            self.keep(value)
            if isinstance(value, np.ndarray):
                self.note_array(value)
            self.surroundings.boxed = self.surroundings.boxed or type(value) in box_classes
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
            return contents(function.__closure__[function.__code__.co_freevars.index(name)]), name
        variables = function.__globals__
        self.watch(read_names, (variables, (name,)), "")
        return variables.get(name, vars(builtins).get(name, MISSING)), name

    def follow_module(self, module: types.ModuleType, names: frozenset[str]) -> None:
        """The variables with these names in a module of the user."""
        if module.__name__.endswith("random"):
            self.names.add("random")  # whatever it is called here
        if id(module) in self.done or not is_users(module.__name__.partition(".")[0]):
            return
        self.done.add(id(module))
        present = tuple(names & vars(module).keys())
        for value in self.surroundings.watch(read_names, (vars(module), present), module.__name__):
            if type(value) is types.ModuleType:
                self.follow_module(value, names)
            else:
                self.escape(value, "")

    def follow_object(self, value: Any, place: str) -> None:
        """An object of a class of the user's, or such a class."""
        kind = type(value)
        if not is_of_user(value if isinstance(value, type) else kind):
            return
        self.surroundings.followed[id(value)] = value
        if not isinstance(value, type) and not self.noting and has_state_of_others(kind):
            if is_hidden(kind):
                self.surroundings.unknown.setdefault(place, unknown_object(value))
                return
            self.follow_whole(value, place)
            return
        if not self.noting and not isinstance(value, type) and find_container(kind) is not None:
            self.follow_whole(value, place)
        self.objects[id(value)] = [value, place, None]

    def follow_whole(self, value: Any, place: str) -> None:
        """Watch all attributes of an object, or of a class."""
        if isinstance(value, type):
            for owner in value.__mro__:
                if is_users(root_module(owner)):
                    self.escape_all(self.surroundings.watch(read_attributes, owner, place), place)
            return
        if isinstance(getattr(value, "__dict__", None), dict):
            self.escape_all(self.surroundings.watch(read_attributes, value, place), place)
        slots = tuple([name for owner in type(value).__mro__ for name in slots_of(owner)])
        if slots:
            for name, each in zip(slots, self.surroundings.watch(read_slots, (value, slots), place)):
                self.escape(each, f"{place}.{name}")
        self.escape(type(value), place)

    def escape_all(self, held: Sequence, place: str) -> None:
        for name, value in zip(held, held[len(held) // 2:]):
            self.escape(value, f"{place}.{name}" if place else str(name))


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


def is_hidden(kind: type) -> bool:
    """Whether the objects hold something in memory that is no attribute."""
    packages = ("array", "builtins", "_contextvars", "contextvars", "itertools", "_thread", "threading", "io", "_io", "mmap")
    return any(owner not in (object, type) and root_module(owner) in packages and has_state_of_others(owner)
               for owner in kind.__mro__)
