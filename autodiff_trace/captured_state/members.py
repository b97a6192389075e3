"""Members: what an attribute or an item of a variable is, and how it is watched."""

from __future__ import annotations

import argparse
import functools
import types
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.transformed import Transformed
from .holders import MAPPINGS
from .kinds import OWN_BASES
from .names import MISSING, is_users, root_module
from .places import VALUES, Place, spell

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

    def __init__(self, surroundings: Any, constant: Sequence[str]) -> None:
        self.surroundings = surroundings
        self.constant = tuple([each.replace("'", '"') for each in constant])
        self.pending: list[tuple[Any, str, Any]] = []

    def watch(self, kind: str, owner: Any, key: Any = None, where: str = "") -> Any:
        return self.surroundings.watch(Place(kind, owner, key), where)

    def is_vouched_for(self, place: str) -> bool:
        return any(place == each or place.startswith((f"{each}.", f"{each}[")) for each in self.constant)

    def escape(self, value: Any, place: str) -> None:
        """What ``value`` holds may be read as a whole."""
        self.pending.append((value, place, ""))

    def member(self, value: Any, place: str, name: str) -> tuple[Any, str]:
        """The attribute ``name`` of ``value``, watched, and its place; MISSING where the path ends here."""
        kind = type(value)
        self.keep(value)
        if isinstance(value, types.ModuleType):
            return self.member_of_module(value, place, name)
        inner = f"{place}.{name}" if place else name
        if self.is_vouched_for(inner):
            return MISSING, inner
        if isinstance(value, type):
            return self.member_of_class(value, inner, name)
        if isinstance(value, (*VALUES, np.ndarray)) and not is_of_user(kind):
            self.escape(value, place)
            return MISSING, inner
        if kind is types.FunctionType:
            return self.member_of_function(value, place, inner, name)
        if not is_of_user(kind):
            self.escape(value, place)
            return MISSING, inner
        return self.member_of_object(value, place, inner, name)

    def keep(self, value: Any) -> None:
        self.surroundings.followed.setdefault(id(value), value)

    def member_of_module(self, module: types.ModuleType, place: str, name: str) -> tuple[Any, str]:
        inner = f"{place}.{name}"
        if self.is_vouched_for(inner):
            return MISSING, inner
        value = vars(module).get(name, MISSING)
        if value is MISSING and "__getattr__" in vars(module):
            if is_users(module.__name__.partition(".")[0]):
                self.escape(vars(module)["__getattr__"], place)
            else:
                value = self.get(module, name)  # modules that are loaded when they are asked for are variables then
        if not module.__name__.startswith(OWN):
            self.watch("item", vars(module), name, place)
        return value, inner

    def member_of_function(self, function: types.FunctionType, place: str, inner: str, name: str) -> tuple[Any, str]:
        """What it has been given is watched where it is followed."""
        self.escape(function, place)
        if name not in function.__dict__ and isinstance(vars(types.FunctionType).get(name), DATA):
            self.watch("member", function, name, place)
            return self.get(function, name), inner
        self.watch("item", function.__dict__, name, place)
        return function.__dict__.get(name, MISSING), inner

    def member_of_class(self, owner: type, inner: str, name: str) -> tuple[Any, str]:
        found = lookup(owner, name)
        place = inner.rpartition(".")[0]
        of_metaclass = lookup(type(owner), name) if is_of_user(type(owner)) else None
        if of_metaclass is not None and (found is None or isinstance(of_metaclass[1], property)):
            return self.member_of_object(owner, place, inner, name)
        if found is None and name in DATA_OF_CLASSES:
            self.watch("member", owner, name, place)
            return self.get(owner, name), inner
        if found is None and name == "__subclasses__":
            for each in self.watch("subclasses", owner, None, place):
                self.escape(each, inner)
        if found is None or not is_of_user(found[0]):
            if found is None or isinstance(found[1], (types.FunctionType, classmethod, property)):
                self.escape(owner, place)
            return self.get(owner, name) if found is not None else MISSING, inner
        attribute = found[1]
        if isinstance(attribute, classmethod):
            self.watch("method", owner, name, place)
            self.escape(types.MethodType(attribute.__func__, owner), inner)
            return MISSING, inner
        if isinstance(attribute, types.FunctionType) or not hasattr(type(attribute), "__get__"):
            self.watch("member", owner, name, place)
            return attribute, inner
        self.watch("item", vars(found[0]), name, place)
        if isinstance(attribute, types.MemberDescriptorType) or is_of_enum(owner):
            return self.get(owner, name), inner
        self.escape(attribute, inner)
        return MISSING, inner

    @staticmethod
    def get(value: Any, name: str) -> Any:
        try:
            return getattr(value, name, MISSING)
        except Exception:
            return MISSING

    def member_of_object(self, value: Any, place: str, inner: str, name: str) -> tuple[Any, str]:
        kind = type(value)
        if isinstance(lookup(kind, "__getattribute__")[1], types.FunctionType):
            self.surroundings.unknown[place] = f"an object of the class {kind.__name__}, which has __getattribute__"
            return MISSING, inner
        for hook in ("__setattr__", "__delattr__"):
            if isinstance(lookup(kind, hook)[1], types.FunctionType):
                self.watch("method", value, hook, place)
                self.pending.append((types.MethodType(lookup(kind, hook)[1], value), place, "method"))
        attributes = getattr(value, "__dict__", {})
        owner, attribute = lookup(kind, name) or (None, MISSING)
        is_data = isinstance(attribute, property)
        if attribute is not MISSING and not is_data and name in attributes:
            attribute = MISSING  # the object has its own
        if isinstance(attribute, (types.FunctionType, classmethod, Transformed)):
            self.watch("method", value, name, place)
            if not is_of_user(owner):
                self.escape(value, place)
                return MISSING, inner
            function = attribute.__func__ if isinstance(attribute, classmethod) else attribute
            bound = types.MethodType(function, kind if isinstance(attribute, classmethod) else value)
            self.pending.append((bound, place, "method"))
            return MISSING, inner
        if isinstance(attribute, (property, functools.cached_property)):
            self.watch("member", kind, name, place)
            if not is_data:
                self.watch("item", attributes, name, place)
            functions = (attribute.fget, attribute.fset, attribute.fdel) if is_data else (attribute.func,)
            self.pending += [(types.MethodType(each, value), place, "method") for each in functions if each is not None]
            return MISSING, inner
        if attribute is not MISSING and not isinstance(attribute, (types.MemberDescriptorType, staticmethod)) and (
                hasattr(type(attribute), "__get__")):
            self.watch("item", vars(owner), name, place)
            self.escape(value, place)
            self.escape(attribute, inner)
            return MISSING, inner
        if attribute is MISSING and name not in attributes:
            self.watch("item", attributes, name, place)
            if lookup(kind, "__getattr__") is not None:
                self.escape(value, place)
                return self.member(value, place, "__getattr__")
            return MISSING, inner
        self.watch("member", value, name, place)
        return self.get(value, name), inner

    def item(self, value: Any, place: str, key: Any) -> tuple[Any, str]:
        """The item ``key`` of ``value``, watched, and its place; MISSING where the path ends here."""
        kind = type(value)
        self.keep(value)
        inner = f"{place}[{spell(key)}]"
        if self.is_vouched_for(inner):
            return MISSING, inner
        if kind in MAPPINGS:
            self.watch("item", value, key, f"[{place}")
            if key in value:
                return value[key], inner
        if kind is list or kind is tuple:
            if kind is list:
                self.surroundings.watch_items(value, place)
            try:
                return value[key], inner
            except (IndexError, TypeError):
                pass
        self.escape(value, place)
        return MISSING, inner



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
