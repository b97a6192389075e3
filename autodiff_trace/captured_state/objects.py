"""Objects that are handed on: which of their attributes may be read."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from ..core.pytree import find_container
from .holders import slots_of
from .kinds import unknown_object
from .members import OF_ARGUMENT, Members, has_state_of_others, is_hidden, is_of_user, is_special, lookup
from .names import MISSING, is_users, root_module

__all__ = ["Objects"]


class Objects(Members):
    """Watches objects by the names of attributes that any of the code in reach mentions, or, where some may be read
    whose names no code shows, by all (``whole``)."""

    def __init__(self, captured: Any, constant: Sequence[str]) -> None:
        super().__init__(captured, constant)
        self.whole = False
        self.names: set[str] = set()
        self.formats = False
        self.calls: set[tuple[int, int]] = set()
        self.objects: dict[int, list] = {}  # objects that are watched by names: with their places, and the names done
        self.done: set[int] = set()

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

    def follow_object(self, value: Any, place: str) -> None:
        """An object of a class of the user's, or such a class."""
        kind = type(value)
        if not is_of_user(value if isinstance(value, type) else kind):
            return
        self.captured.followed[id(value)] = value
        if not isinstance(value, type) and has_state_of_others(kind):
            if is_hidden(kind):
                self.captured.unknown.setdefault(place, unknown_object(value))
                return
            self.follow_whole(value, place)
            return
        if not isinstance(value, type) and find_container(kind) is not None:
            self.follow_whole(value, place)
        self.objects[id(value)] = [value, place, None]

    def follow_whole(self, value: Any, place: str) -> None:
        """Watch all attributes of an object, or of a class."""
        if isinstance(value, type):
            for owner in value.__mro__:
                if is_users(root_module(owner)):
                    self.escape_all(self.captured.watch_attributes(owner, place), place)
            return
        if isinstance(getattr(value, "__dict__", None), dict):
            self.escape_all(self.captured.watch_attributes(value, place), place)
        for name in slots_of(type(value)):
            self.escape(self.watch("slot", value, name, place), f"{place}.{name}")
        self.escape(type(value), place)

    def escape_all(self, attributes: Sequence[tuple[str, Any]], place: str) -> None:
        for name, value in attributes:
            self.escape(value, f"{place}.{name}" if place else str(name))

    def members_named(self, value: Any, place: str, names: frozenset[str], formats: bool) -> None:
        """Watch those attributes of ``value`` that have one of these names, or are special methods."""
        kind = type(value)
        if kind is types.ModuleType:
            for name in vars(value).keys() & names:
                self.found(*self.member(value, place, name))
            return
        owner = value if isinstance(value, type) else kind
        if owner is kind:
            if "type" in names or "__class__" in names:
                self.escape(kind, kind.__name__)
            attributes = getattr(value, "__dict__", None)
            if isinstance(attributes, dict):
                self.watch("attributes", value, None, place)
                for name in attributes.keys() & names:
                    self.found(*self.member(value, place, name))
        elif is_of_user(type(value)):
            self.special_methods_of_metaclass(value, place)
        for each in owner.__mro__:
            if is_of_user(each):
                self.watch("attributes", each, None, place)
                is_called = owner is value and place != OF_ARGUMENT
                special = [name for name in vars(each) if is_special(vars(each), name, is_called, formats)]
                for name in {*special, *(vars(each).keys() & names)}:
                    attribute = vars(each)[name]
                    if isinstance(attribute, types.FunctionType) and lookup(owner, name)[1] is not attribute:
                        for other in owner.__mro__[:owner.__mro__.index(each) + 1]:  # super() gets to one of them
                            if is_of_user(other):
                                self.watch("item", vars(other), name, place)
                        self.bind(attribute, value, place) if owner is kind else self.escape(attribute, place)
                    elif name in special and owner is kind and isinstance(attribute, types.FunctionType):
                        self.watch("member", each, name, place)
                        self.bind(attribute, value, place)
                    else:
                        self.found(*self.member(value, place, name))

    def special_methods_of_metaclass(self, value: type, place: str) -> None:
        for each in filter(is_of_user, type(value).__mro__):
            for name, attribute in list(vars(each).items()):
                if isinstance(attribute, types.FunctionType) and is_special(vars(each), name, False, True):
                    self.watch("member", each, name, place)
                    self.bind(attribute, value, place)

    def found(self, value: Any, place: str) -> None:
        if value is not MISSING:
            self.escape(value, place)
