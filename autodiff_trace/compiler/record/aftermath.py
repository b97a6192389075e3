"""What a recording has done to the variables outside: traced values that it has left there are taken out, and what a
run has changed that is to be repeated is set back, so that ``count += 1`` counts one call once."""

from __future__ import annotations

import collections
import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.tracer import Trace, box_classes
from ...captured_state.holders import rebuilt, variables_of
from ...captured_state.names import is_users, root_module
from ...captured_state.places import VALUES, Place, restore
from ...captured_state.surroundings import Surroundings

__all__ = ["set_back", "take_out"]

DEEPEST = 100
"""Tuples in tuples in which traced values are looked for."""

KEYS = ("keys", "attributes")


def take_out(
    surroundings: Surroundings, trace: Trace, originals: dict[int, tuple[Any, Any]], arguments: Iterable[Any] = (),
) -> None:
    """Replace traced values of ``trace``, which has ended, that the function has stored outside by the plain ones, and
    the copies that it ran on by what they stand for, wherever in containers, closures and objects they are, also in
    those among its ``arguments``."""
    taker = Taker(trace, originals)
    for holder in arguments:
        taker.look_into(holder)
    for (kind, owner, key), *_ in surroundings.watched.values():
        if kind == "item" and type(owner) is dict and "__builtins__" in owner:  # the globals of a module
            taker.replace(Place(kind, owner, name) for name in (key, *surroundings.names) if name in owner)
        elif kind not in ("function", "test", "subclasses", "method"):
            taker.look_into(owner)
    for value in surroundings.followed.values():
        taker.plain(value)
    taker.clean_all()


class Taker:
    """Takes the boxes of ``trace`` out of all that is in ``pending``, and of what that holds.

    ``originals``: what stands outside for a copy, after the copy, by its id.
    """

    def __init__(self, trace: Trace, originals: dict[int, tuple[Any, Any]]) -> None:
        self.trace = trace
        self.originals = originals
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
        if kind in box_classes:
            return value._value if value._trace is self.trace else value
        if value is None or kind in VALUES or isinstance(value, (np.generic, types.ModuleType)):
            return value
        if id(value) in self.originals:
            return self.originals[id(value)][1]
        if depth < DEEPEST and (new := self.rebuild(value, depth)) is not value:
            return new
        if is_holder(value):
            self.look_into(value)
        return value

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


def set_back(surroundings: Surroundings) -> None:
    """Let the variables, and the arrays that the run could write unseen, hold what they held before the run, which is
    to be repeated."""
    for array in surroundings.contents:
        array.set_back()
    # The keys of dicts come last, since lost ones are put back with their items.
    for place, before, _ in sorted(surroundings.watched.values(), key=lambda each: each.place.kind in KEYS):
        if not place.holds(before):
            restore(place, before)
