"""What a recording has done to the variables outside: traced values that it has left there are taken out, and what a
run has changed that is to be repeated is set back, so that ``count += 1`` counts one call once."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...core.tracer import Trace, box_classes
from ...captured_state.members import slots_of
from ...captured_state.names import MISSING, is_users, read_names, root_module
from ...captured_state.rebuilding import rebuild_wrapper
from ...captured_state.surroundings import Surroundings
from ...captured_state.watching import (
    VALUES,
    contents,
    is_held,
    is_same,
    read_attributes,
    read_cells,
    read_dict,
    read_members,
    read_slots,
)

__all__ = ["set_back", "take_out"]

DEEPEST = 100
"""Tuples in tuples in which traced values are looked for."""

IMMUTABLE = (tuple, frozenset, functools.partial, types.MethodType)


def take_out(
    surroundings: Surroundings, trace: Trace, originals: dict[int, tuple[Any, Any]], arguments: Iterable[Any] = (),
) -> None:
    """Replace traced values of ``trace``, which has ended, that the function has stored outside by the plain ones, and
    the copies that it ran on by what they stand for, wherever in containers, closures and objects they are, also in
    those among its ``arguments``."""
    taker = Taker(trace, originals)
    for holder in arguments:
        taker.look_into(holder)
    for read, owner, _ in surroundings.watched:
        if read is read_cells:
            taker.pending += owner
        elif read is read_names and "__builtins__" in owner[0]:  # the globals of a module
            taker.clean_globals(owner[0], surroundings.names.union(owner[1]))
        elif read is read_members or read is read_names or read is read_slots:
            taker.look_into(owner[0])
        elif read is read_attributes or read is read_dict or read is tuple:
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
        if isinstance(value, IMMUTABLE):
            return self.rebuild(value, depth) if depth < DEEPEST else value
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

        if isinstance(value, frozenset):
            rebuilt: Any = type(value)(list(map(plain, value)))
        elif type(value) is functools.partial:  # its own containers are not the user's
            rebuilt = functools.partial(plain(value.func), *map(plain, value.args),
                                        **{name: plain(each) for name, each in value.keywords.items()})
        elif isinstance(value, tuple) and type(value) is not tuple and not hasattr(type(value), "_fields"):
            return value
        else:
            rebuilt = rebuild_wrapper(value, plain)
        return rebuilt if is_changed else value

    def replaced(self, items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """Those of some keys and values of which the value is replaced, with the new one."""
        for key, value in list(items):
            new = self.plain(value)
            if new is not value:
                yield key, new

    def clean(self, holder: Any) -> None:
        if isinstance(holder, types.CellType):
            if (value := contents(holder)) is not MISSING and (new := self.plain(value)) is not value:
                holder.cell_contents = new
        elif isinstance(holder, (list, collections.deque)) or type(holder) is np.ndarray:
            flat = holder if not isinstance(holder, np.ndarray) else holder.reshape(-1)
            for i, new in self.replaced(enumerate(flat)):
                holder[i if flat is holder else np.unravel_index(i, holder.shape)] = new
        elif isinstance(holder, set):
            items = list(holder)
            new = list(map(self.plain, items))
            if any(map(is_other, new, items)):
                holder.clear()
                holder.update(new)
        elif isinstance(holder, dict):
            self.clean_dict(holder)
        elif isinstance(holder, types.FunctionType):
            self.pending += holder.__closure__ or ()
            if holder.__defaults__:
                defaults = self.plain(holder.__defaults__)
                if defaults is not holder.__defaults__:
                    holder.__defaults__ = defaults
            if holder.__kwdefaults__:
                self.look_into(holder.__kwdefaults__)
        elif isinstance(holder, BaseException):
            args = self.plain(holder.args)
            if args is not holder.args:
                holder.args = args
        self.clean_attributes(holder)

    def clean_dict(self, holder: dict) -> None:
        keys = list(holder)
        new = list(map(self.plain, keys))
        if any(map(is_other, new, keys)):
            values = list(map(self.plain, holder.values()))
            refill(holder, new, values)
        else:
            for key, each in self.replaced(holder.items()):
                holder[key] = each

    def clean_globals(self, variables: dict, names: Iterable[str]) -> None:
        for name, new in self.replaced((name, variables[name]) for name in names if name in variables):
            variables[name] = new

    def clean_attributes(self, holder: Any) -> None:
        if isinstance(holder, type):
            for name, new in self.replaced(vars(holder).items()):
                type.__setattr__(holder, name, new)
            return
        attributes = getattr(holder, "__dict__", None)
        if isinstance(attributes, dict) and attributes is not holder:
            for name, new in self.replaced(attributes.items()):
                attributes[name] = new
        for name in [name for owner in type(holder).__mro__ for name in slots_of(owner)]:
            if name not in ("__dict__", "__weakref__"):
                value = getattr(holder, name, MISSING)
                new = self.plain(value)
                if new is not value:
                    object.__setattr__(holder, name, new)


def refill(holder: dict, keys: Iterable, values: Iterable) -> None:
    """Let a dict hold these; ``update`` of a counter adds."""
    holder.clear()
    for key, value in zip(keys, values):
        holder[key] = value


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
    for read, owner, values in surroundings.watched:
        if not is_held(read, owner, values):
            restore(read, owner, values)


def restore(read: Callable, owner: Any, values: Any) -> None:
    if read is read_cells:
        for cell, value in zip(owner, values):
            if value is not MISSING:
                cell.cell_contents = value
    elif read is read_names:
        restore_items(owner[0], dict(zip(owner[1], values)))
    elif read is read_members or read is read_slots:
        for name, before in zip(owner[1], values):
            restore_attribute(owner[0], name, before)
    elif read is read_dict or read is read_attributes:
        half = len(values) // 2
        held = owner if read is read_dict else owner.__dict__
        if not isinstance(held, types.MappingProxyType):
            refill(held, values[:half], values[half:])
    elif read is tuple and isinstance(owner, (list, collections.deque, set)):
        owner.clear()
        (owner.update if isinstance(owner, set) else owner.extend)(values)


def restore_items(variables: Any, before: dict[str, Any]) -> None:
    if isinstance(variables, dict):
        variables.update({name: value for name, value in before.items() if value is not MISSING})
        for name, value in before.items():
            if value is MISSING:
                variables.pop(name, None)


def restore_attribute(owner: Any, name: str, before: Any) -> None:
    if is_same(getattr(owner, name, MISSING), before):
        return
    of_class = MISSING if isinstance(owner, type) else getattr(type(owner), name, MISSING)
    if before is MISSING or before is of_class:
        delattr(owner, name)
    else:
        setattr(owner, name, before)
