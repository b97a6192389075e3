"""Members: what an attribute or an item of a variable is, and how it is watched."""

from __future__ import annotations

import argparse
import functools
import types
from collections.abc import Callable, Sequence
from typing import Any


from ..core.transformed import Transformed
from .holders import MAPPINGS, WRAPPERS
from .kinds import OWN_BASES
from .names import MISSING, is_users, root_module
from .places import Place, spell

__all__ = ["OF_ARGUMENT", "Members", "is_of_user"]

CREATION = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__del__", "__reduce__",
            "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__", "__class_getitem__"}
"""Special methods that nobody calls on an object that is there, unless by name."""

FORMATTING = {"__repr__", "__str__", "__format__"}

OF_ARGUMENT = "the class of an argument"
"""What is called so makes no objects that the function asks for."""

HIDING = ("array", "builtins", "_contextvars", "contextvars", "itertools", "_thread", "threading", "io", "_io", "mmap")
"""Packages whose objects hold what no attribute shows."""

DATA = (types.GetSetDescriptorType, types.MemberDescriptorType)
"""What functions have as attributes that are the same from one reading to the next."""

OWN = f"{__name__.partition('.')[0]}."
"""What the names of the modules of this package begin with, which nobody changes."""

DATA_OF_CLASSES = {"__name__", "__qualname__", "__bases__", "__mro__"}

METHODS = (types.FunctionType, classmethod, staticmethod, property, Transformed)


class Members:
    """Follows attributes and items; what is found below is ``pending``."""

    def __init__(self, captured: Any, constant: Sequence[str]) -> None:
        self.captured = captured
        self.constant = tuple([each.replace("'", '"') for each in constant])
        self.pending: list[tuple[Any, str, Any]] = []

    def watch(self, kind: str, owner: Any, key: Any = None, where: str = "") -> Any:
        return self.captured.watch(Place(kind, owner, key), where)

    def is_vouched_for(self, place: str) -> bool:
        return any(place == each or place.startswith((f"{each}.", f"{each}[")) for each in self.constant)

    def escape(self, value: Any, place: str) -> Any:
        """What ``value`` holds may be read as a whole: MISSING, as the end of a path."""
        self.pending.append((value, place, ""))
        return MISSING

    def bind(self, function: Callable, owner: Any, place: str) -> Any:
        """A method of ``owner`` may be called: MISSING, as the end of a path."""
        self.pending.append((types.MethodType(function, owner), place, "method"))
        return MISSING

    def keep(self, value: Any) -> None:
        self.captured.followed.setdefault(id(value), value)

    def member(self, value: Any, place: str, name: str) -> tuple[Any, str]:
        """The attribute ``name`` of ``value``, watched, and what it is called; MISSING where the path ends here."""
        kind = type(value)
        self.keep(value)
        inner = f"{place}.{name}" if place else name
        if self.is_vouched_for(inner):
            return MISSING, inner
        if isinstance(value, types.ModuleType):
            return self.member_of_module(value, place, name), inner
        if isinstance(value, type):
            return self.member_of_class(value, place, inner, name), inner
        if kind is types.FunctionType:
            return self.member_of_function(value, place, name), inner
        if not is_of_user(kind):
            return self.escape(value, place), inner
        return self.member_of_object(value, place, inner, name), inner

    def member_of_module(self, module: types.ModuleType, place: str, name: str) -> Any:
        value = vars(module).get(name, MISSING)
        if value is MISSING and "__getattr__" in vars(module):
            if is_users(module.__name__):
                self.escape(vars(module)["__getattr__"], place)
            else:
                value = self.get(module, name)  # modules that are loaded when they are asked for are variables then
        if not module.__name__.startswith(OWN):
            self.watch("item", vars(module), name, place)
        return value

    def member_of_function(self, function: types.FunctionType, place: str, name: str) -> Any:
        """What it has been given is watched where it is followed."""
        self.escape(function, place)
        if name not in function.__dict__ and isinstance(vars(types.FunctionType).get(name), DATA):
            return self.watch("member", function, name, place)
        return self.watch("item", function.__dict__, name, place)

    def member_of_class(self, owner: type, place: str, inner: str, name: str) -> Any:
        if name == "__dict__":
            return self.escape(owner, place)
        found = lookup(owner, name)
        of_metaclass = lookup(type(owner), name) if is_of_user(type(owner)) else None
        if of_metaclass is not None and (found is None or isinstance(of_metaclass[1], property)):
            return self.member_of_object(owner, place, inner, name)
        if found is None and name in DATA_OF_CLASSES:
            return self.watch("member", owner, name, place)
        if found is None and name == "__subclasses__":
            for each in self.watch("subclasses", owner, None, place):
                self.escape(each, inner)
        if found is None:
            return self.escape(owner, place)
        attribute = found[1]
        if not is_of_user(found[0]):
            if isinstance(attribute, (types.FunctionType, classmethod, property)):
                self.escape(owner, place)
            return self.get(owner, name)
        if isinstance(attribute, classmethod):
            self.watch("method", owner, name, place)
            return self.escape(types.MethodType(attribute.__func__, owner), inner)
        if isinstance(attribute, types.FunctionType) or not hasattr(type(attribute), "__get__"):
            self.watch("member", owner, name, place)
            return attribute
        self.watch("item", vars(found[0]), name, place)
        if isinstance(attribute, types.MemberDescriptorType) or is_of_enum(owner):
            return self.get(owner, name)
        return self.escape(attribute, inner)

    @staticmethod
    def get(value: Any, name: str) -> Any:
        try:
            return getattr(value, name, MISSING)
        except Exception:
            return MISSING

    def member_of_object(self, value: Any, place: str, inner: str, name: str) -> Any:
        kind = type(value)
        if isinstance(lookup(kind, "__getattribute__")[1], types.FunctionType):
            self.captured.unknown[place] = f"an object of the class {kind.__name__}, which has __getattribute__"
            return MISSING
        for hook in ("__setattr__", "__delattr__"):
            if isinstance(lookup(kind, hook)[1], types.FunctionType):
                self.watch("method", value, hook, place)
                self.bind(lookup(kind, hook)[1], value, place)
        attributes = getattr(value, "__dict__", {})
        owner, attribute = lookup(kind, name) or (None, MISSING)
        if name in attributes and not isinstance(attribute, property):
            attribute = MISSING  # the object has its own
        if isinstance(attribute, (types.FunctionType, classmethod, Transformed)):
            self.watch("method", value, name, place)
            if not is_of_user(owner):
                return self.escape(value, place)
            is_bound = not isinstance(attribute, classmethod)
            return self.bind(attribute if is_bound else attribute.__func__, value if is_bound else kind, place)
        if isinstance(attribute, (property, functools.cached_property)):
            self.watch("member", kind, name, place)
            if not isinstance(attribute, property):
                self.watch("attribute", value, name, place)
            for function in filter(None, [getattr(attribute, each) for each in WRAPPERS[type(attribute)]]):
                self.bind(function, value, place)
            return MISSING
        if attribute is MISSING and name not in attributes:
            if lookup(kind, "__getattr__") is not None:
                self.watch("attribute", value, name, place)
                self.escape(value, place)
                return self.member(value, place, "__getattr__")[0]
            self.watch("member", value, name, place)  # the class may get it, too
            return MISSING
        if hasattr(type(attribute), "__get__") and not isinstance(
                attribute, (types.MemberDescriptorType, staticmethod)):
            self.watch("item", vars(owner), name, place)
            self.escape(value, place)
            return self.escape(attribute, inner)
        self.watch("member", value, name, place)
        return self.get(value, name)

    def item(self, value: Any, place: str, key: Any) -> tuple[Any, str]:
        """The item ``key`` of ``value``, watched, and what it is called; MISSING where the path ends here."""
        kind = type(value)
        self.keep(value)
        inner = f"{place}[{spell(key)}]"
        if self.is_vouched_for(inner):
            return MISSING, inner
        if kind in MAPPINGS:
            self.watch("item", value, key, f"[{place}")
        elif kind is list:
            self.captured.watch_items(value, place)
        if kind in (list, tuple, *MAPPINGS) and (found := Place("item", value, key).read()) is not MISSING:
            return found, inner
        return self.escape(value, place), inner


def lookup(kind: type, name: str) -> tuple[type, Any] | None:
    """The class in which ``name`` is found, and what it is there."""
    for owner in kind.__mro__:
        if name in vars(owner):
            return owner, vars(owner)[name]
    return None


def is_of_enum(owner: type) -> bool:
    return any(each.__module__ == "enum" for each in type(owner).__mro__)


def is_of_user(kind: type) -> bool:
    """Whether a class is the user's, or one whose objects are no more than their attributes."""
    return kind in (types.SimpleNamespace, argparse.Namespace) or is_users(root_module(kind)) and kind is not object


def is_special(variables: Any, name: str, is_class: bool, formats: bool) -> bool:
    """Whether it is a special method, which Python calls without its name."""
    if not (name.startswith("__") and name.endswith("__") and isinstance(variables[name], METHODS)):
        return False
    return (is_class or name not in CREATION) and (formats or name not in FORMATTING)


def has_state_of_others(kind: type) -> bool:
    """Whether objects of a class of the user's may hold what no attribute shows."""
    return any(owner not in OWN_BASES and not is_of_user(owner) and root_module(owner) not in ("typing", "abc", "enum")
               for owner in kind.__mro__)


def is_hidden(kind: type) -> bool:
    """Whether the objects hold something in memory that is no attribute."""
    return any(owner not in (object, type) and root_module(owner) in HIDING and has_state_of_others(owner)
               for owner in kind.__mro__)
