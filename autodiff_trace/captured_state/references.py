"""References: what the variables outside a function refer to, and which of them copies can take the place of."""

from __future__ import annotations

import argparse
import collections
import dis
import functools
import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.transformed import Transformed
from .holders import MAPPINGS, fixed_parts, parts_of, slots_in
from .names import codes_in, global_names, is_own, is_users, names_in, root_module

__all__ = ["References", "compares_objects", "is_copied", "memory_of"]

PLAIN_KEYS = (str, int, float, bytes, bool, type(None))

HOOKS = ("__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__del__")
"""Methods with which a class makes of an attribute, or of a copy, what it likes."""


class References:
    """Functions, containers and objects, and to which of them, and to which arrays, each refers."""

    def __init__(self, objects: Iterable[Any]) -> None:
        self.objects = {id(value): value for value in objects}
        for value in [*self.objects.values()]:  # classes, whose methods are reached through them
            while is_users(root_module(kind := type(value))) and id(kind) not in self.objects:
                self.objects[id(kind)] = value = kind
        self.parts = {key: parts_of(value) for key, value in self.objects.items()}

        self.counts = collections.Counter(id(part) for parts in self.parts.values() for part in parts)
        # Methods to which nothing refers have been bound to look into them.
        self.bound = {key for key, value in self.objects.items()
                      if type(value) is types.MethodType and not self.counts[key]}
        self.counts.subtract(id(part) for key in self.bound for part in self.parts[key])
        self.in_modules: set[tuple] = set()  # what may be read from modules: the ids of their variables, and the names
        self.blocked = self.find_blocked()
        functions = [value for value in self.objects.values() if type(value) is types.FunctionType and is_own(value)]
        self.names: dict[int, set[str]] = {}  # of the globals that functions read, by the id of these
        for each in functions:
            self.names.setdefault(id(each.__globals__), set()).update(global_names(each.__code__))
        self.compares_objects = any(compares_objects(each.__code__) for each in functions)
        if any(map(asks_for_ids, functions)):
            self.blocked = {*self.objects}

    def find_blocked(self) -> set[int]:
        """What is reached through something that cannot be copied, by its id."""
        blocked = {key for key, value in self.objects.items() if not is_copied(value)}
        for value in self.objects.values():
            if type(value) is types.FunctionType and is_own(value):
                modules = [each for each in self.parts[id(value)] if type(each) is types.ModuleType]
                for variables, name in variables_of(modules, names_in(value.__code__)):
                    self.in_modules.add((id(variables), name))
                    blocked.add(id(variables[name]))
        pending = list(blocked)
        while pending:
            for part in map(id, self.parts.get(pending.pop(), ())):
                if part not in blocked:
                    blocked.add(part)
                    pending.append(part)
        return blocked

    def reached_by_copies(self, arrays: Iterable[np.ndarray]) -> dict[int, np.ndarray]:
        """The arrays that are reached through what can be copied alone, and share memory with no other."""
        arrays = list(arrays)
        users = collections.Counter(map(memory_of, arrays))
        return {
            id(array): array for array in arrays
            if id(array) not in self.blocked and self.counts[id(array)]
            and users[memory_of(array)] == 1 and array.dtype.kind in "fciub"
            and type(array) in (np.ndarray, np.memmap)
        }

    def is_held_elsewhere(self, value: Any) -> bool:
        """Whether something refers to it that nobody watches, since it does not change: a tuple, a default."""
        return any(value is part for key, holder in self.objects.items() if key not in self.bound
                   for part in fixed_parts(holder))

    def leading_to(self, arrays: Iterable[int]) -> set[int]:
        """The arrays with these ids and all that leads to them, by their ids."""
        leading: dict[int, list[int]] = {}
        for key, values in self.parts.items():
            for value in values:
                leading.setdefault(id(value), []).append(key)
        copied = set(arrays)
        pending = list(copied)
        while pending:
            for key in leading.get(pending.pop(), ()):
                if key not in copied:
                    copied.add(key)
                    pending.append(key)
        return copied


def is_copied(value: Any) -> bool:
    """Whether a copy can take the place of ``value`` unseen."""
    kind = type(value)
    if kind is types.FunctionType:
        return is_own(value)
    if kind in (types.MethodType, types.BuiltinMethodType, functools.partial, list, collections.deque):
        return True
    if isinstance(value, tuple):
        return kind is tuple or hasattr(kind, "_fields")
    if isinstance(value, np.ndarray):
        return kind in (np.ndarray, np.memmap) and not value.dtype.hasobject
    if kind in MAPPINGS:
        return all(map(is_plain_key, value))
    if isinstance(value, Transformed):
        return True
    if isinstance(value, type) or not isinstance(getattr(value, "__dict__", {}), dict):
        return False
    if not is_users(root_module(value)) and kind not in (types.SimpleNamespace, argparse.Namespace):
        return False
    is_frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return slots_in(kind) is not None and (is_frozen or not any(
        name in vars(owner) for owner in kind.__mro__ if owner not in (object, types.SimpleNamespace)
        for name in HOOKS))


def asks_for_ids(function: types.FunctionType) -> bool:
    """Whether a function looks at which object it is that a variable holds: a copy is another."""
    return "id" in global_names(function.__code__)


@functools.lru_cache(1024)
def compares_objects(code: types.CodeType) -> bool:
    """Whether it compares variables with ``is``, but for constants such as None, and for classes."""
    for each in codes_in(code):
        if each.co_name == "__eq__" and each.co_filename == "<string>":
            continue  # of a dataclass of Python 3.13, which is equal to itself
        steps = [step for step in dis.get_instructions(each) if step.opname not in ("PRECALL", "EXTENDED_ARG")]
        for i, step in enumerate(steps):
            if step.opname == "IS_OP" and steps[i - 1].opname != "LOAD_CONST" and not compares_classes(steps[:i]):
                return True
    return False


def compares_classes(before: list[dis.Instruction]) -> bool:
    """``x is y.__class__`` and ``type(x) is y``, as the methods of dataclasses ask; whether a field was given."""
    is_of_type = len(before) > 3 and before[-4].argval == "type" and before[-2].opname.startswith("CALL")
    return is_of_type or before[-1].argval in ("__class__", "_HAS_DEFAULT_FACTORY", "__dataclass_HAS_DEFAULT_FACTORY__")


def is_plain_key(key: Any) -> bool:
    """Whether it is equal to itself in copies as well."""
    return all(map(is_plain_key, key)) if type(key) is tuple else type(key) in PLAIN_KEYS


def variables_of(modules: list, names: frozenset[str]) -> list[tuple[dict, str]]:
    """What functions that mention these names may read from modules of the user's, which are not copied."""
    found = []
    seen = set()
    while modules:
        module = modules.pop()
        if id(module) not in seen and is_users(module.__name__):
            seen.add(id(module))
            variables = vars(module)
            found += [(variables, name) for name in variables.keys() & names]
            modules += [variables[name] for name in variables.keys() & names
                        if type(variables[name]) is types.ModuleType]
    return found


def memory_of(array: np.ndarray) -> int:
    """The id of what owns the memory."""
    base: Any = array
    while getattr(base, "base", None) is not None:
        base = base.base
    return id(base)
