"""What a recording has done to the variables outside: traced values that it has left there are taken out, and what a
run has changed that is to be repeated is set back, so that ``count += 1`` counts one call once."""

from __future__ import annotations

import collections
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...core.tracer import box_classes, to_value
from ...captured_state.holders import rebuilt, variables_of
from ...captured_state.names import is_users, root_module
from ...captured_state.places import VALUES, Place, restore
from ...captured_state.captured import CapturedState

__all__ = ["Cleaner", "set_back", "take_out"]

DEEPEST = 100
"""Tuples in tuples in which traced values are looked for."""

KEYS = ("keys", "attributes")


def take_out(cleaner: Cleaner, captured: CapturedState, arguments: Iterable[Any] = ()) -> None:
    """Replace all that is traced, or a copy, and that the function has stored outside, wherever in containers, closures
    and objects that is, also in those among its ``arguments``."""
    for holder in arguments:
        cleaner.look_into(holder)
    for (kind, owner, key), *_ in captured.watched.values():
        if kind == "item" and type(owner) is dict and "__builtins__" in owner:  # the globals of a module
            cleaner.replace(Place(kind, owner, name) for name in (key, *captured.names) if name in owner)
        elif kind not in ("function", "test", "subclasses", "method"):
            cleaner.look_into(owner)
    for value in captured.followed.values():
        cleaner.plain(value)
    cleaner.clean_all()


class Cleaner:
    """Says what stands outside for what a run has stored there, and takes boxes out of all that is in ``pending``, and
    of what that holds.

    ``originals``: what stands outside for a copy, after the copy, by its id; ``shown(box)`` is what does for a box.
    """

    def __init__(self, originals: dict[int, tuple[Any, Any]], shown: Callable[[Any], Any] = to_value) -> None:
        self.originals = originals
        self.shown = shown
        self.seen: dict[int, Any] = {}
        self.pending: list[Any] = []

    def clean_all(self) -> None:
        while self.pending:
            self.clean(self.pending.pop())

    def look_into(self, holder: Any) -> None:
        if id(holder) not in self.seen:
            self.seen[id(holder)] = holder
            self.pending.append(holder)

    def plain(self, value: Any, depth: int = 0) -> Any:
        """What is to stand in the place of ``value``; what can be changed is looked into later."""
        kind = type(value)
        if id(value) in self.originals:
            return self.originals[id(value)][1]
        if kind in box_classes:
            return self.shown(value)
        if value is None or kind in VALUES or isinstance(value, (np.generic, types.ModuleType)):
            return value
        if kind is types.FunctionType and id(value.__globals__) in self.originals:
            return self.function(value)
        if depth < DEEPEST and (new := self.rebuild(value, depth)) is not value:
            return new
        if is_holder(value):
            self.look_into(value)
        return value

    def function(self, made: types.FunctionType) -> types.FunctionType:
        """A function that has been made by a copy of one, as the original would have made it."""
        cells = made.__closure__ and tuple(map(self.plain, made.__closure__))
        new = types.FunctionType(made.__code__, self.plain(made.__globals__), made.__name__, made.__defaults__, cells)
        new.__kwdefaults__, new.__qualname__ = made.__kwdefaults__, made.__qualname__
        self.originals[id(made)] = made, new
        self.look_into(new)
        return new

    def rebuild(self, value: Any, depth: int) -> Any:
        """``value`` itself unless something in it is replaced."""
        is_changed = False

        def plain(part):
            nonlocal is_changed
            new = self.plain(part, depth + 1)
            is_changed = is_changed or new is not part
            return new

        new = rebuilt(value, plain)
        return new if is_changed else value

    def replace(self, places: Iterable[Place]) -> None:
        for place in list(places):
            value = place.read()
            new = self.plain(value)
            if new is not value:
                place.write(new)

    def clean(self, holder: Any) -> None:
        if isinstance(holder, (set, dict)):
            keys = list(holder)
            new = list(map(self.plain, keys))
            if any(map(is_other, new, keys)):
                values = list(map(holder.get, keys)) if isinstance(holder, dict) else ()
                holder.clear()
                if isinstance(holder, set):
                    holder.update(new)
                for key, value in zip(new, values):  # ``update`` of a counter adds
                    holder[key] = value
        if type(holder) is np.ndarray:
            self.replace(Place("item", holder.flat, i) for i in range(holder.size))
        else:
            self.replace(variables_of(holder))


def is_other(x: Any, y: Any) -> bool:
    return x is not y


def is_holder(value: Any) -> bool:
    """Whether a function may have left something in it: a container, a function or class of the user's, an object of
    such a class."""
    if isinstance(value, (list, dict, set, collections.deque, types.SimpleNamespace, BaseException)):
        return True
    if isinstance(value, np.ndarray):
        return type(value) is np.ndarray and value.dtype == object
    return is_users(root_module(value))


def set_back(captured: CapturedState) -> None:
    """Let the variables, and the arrays that the run could write unseen, hold what they held before the run, which is
    to be repeated."""
    for array in captured.contents:
        array.set_back()
    # The keys of dicts come last, since lost ones are put back with their items.
    for place, before, _ in sorted(captured.watched.values(), key=lambda each: each.place.kind in KEYS):
        if not place.holds(before):
            restore(place, before)
