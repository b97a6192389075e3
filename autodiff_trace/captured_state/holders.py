"""Holders: what refers to other values, and how: cells, functions, containers, objects, and what only wraps others.

One table for all that walks over what a function refers to: ``variables_of`` what can be assigned to, ``parts_of`` all
that is reached, ``rebuilt`` a holder that cannot be changed, of other parts.
"""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.transformed import Transformed
from .names import MISSING, global_names, is_own
from .places import Place

__all__ = [
    "MAPPINGS", "SEQUENCES", "WRAPPERS", "fixed_parts", "is_other", "parts_of", "rebuilt", "slots_in", "slots_of",
    "snapshot", "tables_of", "variables_of", "write_changes",
]

MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict)

SEQUENCES = (list, tuple, collections.deque)

WRAPPERS = {property: ("fget", "fset", "fdel"), staticmethod: ("__func__",), classmethod: ("__func__",),
            functools.cached_property: ("func",), functools.partialmethod: ("func", "args", "keywords")}
"""What classes hold instead of functions, and where these are."""


def slots_of(kind: type) -> Iterator[str]:
    """The slots of objects of a class, under the names that they have there."""
    for owner in kind.__mro__:
        slots = vars(owner).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                is_private = name.startswith("__") and not name.endswith("__")
                yield f"_{owner.__name__.lstrip('_')}{name}" if is_private else name


@functools.lru_cache(1024)
def slots_in(kind: type) -> tuple[str, ...] | None:
    """The slots of a class whose objects are no more than these and their attributes; None of any other."""
    names = tuple(dict.fromkeys(slots_of(kind)))
    is_plain = kind is types.SimpleNamespace or kind.__new__ is object.__new__
    are_slots = all(isinstance(getattr(kind, name, None), types.MemberDescriptorType) for name in names)
    return names if is_plain and are_slots else None


def variables_of(holder: Any) -> list[Place]:
    """The variables in a cell, a container, a function, an object or a class."""
    if type(holder) is types.CellType:
        return [Place("cell", holder)]
    places = []
    if isinstance(holder, dict):
        places = [Place("item", holder, key) for key in list(holder)]
    elif isinstance(holder, (list, collections.deque)):
        places = [Place("item", holder, i) for i in range(len(holder))]
    elif isinstance(holder, types.FunctionType):
        places = [*[Place("cell", cell) for cell in holder.__closure__ or ()],
                  Place("member", holder, "__defaults__"), Place("member", holder, "__kwdefaults__")]
    elif isinstance(holder, BaseException):
        places = [Place("member", holder, "args")]
    attributes = getattr(holder, "__dict__", None)
    if isinstance(attributes, dict) or isinstance(holder, type):
        places += [Place("attribute", holder, name) for name in list(attributes)]
    return places + [Place("slot", holder, name) for name in slots_of(type(holder))]


def snapshot(holder: Any) -> dict[tuple, Any]:
    """What the variables of a holder hold now, by their kinds and keys."""
    held = {(place.kind, place.key): place.read() for place in variables_of(holder)}
    return {key: value for key, value in held.items() if value is not MISSING}


def is_other(now: dict[tuple, Any], before: dict[tuple, Any]) -> bool:
    """Whether two snapshots differ, also in the order of what they hold."""
    return list(now) != list(before) or any(value is not before[key] for key, value in now.items())


def write_changes(original: Any, copied: Any, before: dict[tuple, Any], outside: Callable[[Any], Any]) -> bool:
    """Do to ``original`` what has been done to its copy since that held ``before``; whether that is something.

    ``outside`` gives what a value stands for there.
    """
    now = snapshot(copied)
    if not is_other(now, before):
        return False
    if isinstance(original, (list, collections.deque)):
        items = list(map(outside, copied))
        original.clear()
        original.extend(items)
        return True
    for kind, key in [key for key in before if key not in now]:
        Place(kind, original, key).delete()
    for (kind, key), value in now.items():
        if value is not before.get((kind, key), MISSING):
            Place(kind, original, key).write(outside(value))
    if isinstance(original, dict) and list(original) != list(copied):
        for key in copied:
            original[key] = original.pop(key)
    return True


def tables_of(function: types.FunctionType) -> list:
    """The functions between which a wrapper chooses (``functools.singledispatch``)."""
    return [each for each in function.__dict__.values() if type(each) is types.MappingProxyType]


def parts_of(value: Any, held: Callable[[Place], Any] = Place.read) -> list:
    """What ``value`` refers to, as captured state is followed; ``held`` says what is at a place."""
    kind = type(value)
    if kind is types.FunctionType:
        cells = [held(Place("cell", cell)) for cell in value.__closure__ or ()]
        if not is_own(value):
            return [*cells, *tables_of(value)]
        code, defaults, keywords = held(Place("function", value))
        names = [held(Place("item", value.__globals__, name)) for name in global_names(code)]
        return [*cells, *(defaults or ()), *(keywords or {}).values(), *value.__dict__.values(), *names]
    if kind is types.MethodType or kind is types.BuiltinMethodType:
        return [value.__self__, getattr(value, "__func__", None)]
    if kind is functools.partial:
        return [value.func, value.args, value.keywords]
    if isinstance(value, Transformed):
        return [*vars(value).values(), *value.options.values()]
    if isinstance(value, (tuple, frozenset)):
        return list(value)
    if type(value) is list:
        return [held(Place("item", value, i)) for i in range(held(Place("length", value))[0])]
    if isinstance(value, (*SEQUENCES, set)):
        return list(held(Place("items", value)))
    if isinstance(value, (dict, types.MappingProxyType)):
        keys = held(Place("keys", value))
        return [*keys, *[held(Place("item", value, key)) for key in keys]]
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return value.ravel().tolist()
    if isinstance(value, type):
        parts = [part for owner in value.__mro__ for part in vars(owner).values()]
        return parts + [part for each in parts if type(each) in WRAPPERS for part in parts_of(each)]
    if kind in WRAPPERS:
        return [getattr(value, name, None) for name in WRAPPERS[kind]]
    names = held(Place("attributes", value)) if isinstance(getattr(value, "__dict__", None), dict) else ()
    attributes = [held(Place("attribute", value, name)) for name in names]
    return [*attributes, *slots_read(value), kind]


def slots_read(value: Any) -> list:
    values = []
    for name in slots_of(type(value)):
        try:
            values.append(getattr(value, name))
        except Exception:  # it is empty, and the class may have an answer of its own
            continue
    return values


def fixed_parts(value: Any) -> list:
    """What ``value`` refers to by what is no variable: the items of a tuple, defaults."""
    if type(value) is types.FunctionType:
        return [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    fixed = (tuple, functools.partial, types.MethodType, types.BuiltinMethodType, Transformed)
    return parts_of(value) if isinstance(value, fixed) else []


def rebuilt(value: Any, copy: Callable[[Any], Any]) -> Any:
    """A bound method, partial, tuple or frozenset of what ``copy`` makes of its parts; MISSING for anything else."""
    kind = type(value)
    if kind is types.MethodType:
        return types.MethodType(copy(value.__func__), copy(value.__self__))
    if kind is types.BuiltinMethodType:
        return getattr(copy(value.__self__), value.__name__)
    if kind is functools.partial:
        return functools.partial(copy(value.func), *copy(value.args), **copy(value.keywords))
    if isinstance(value, tuple) and (kind is tuple or hasattr(kind, "_fields")):
        items = map(copy, value)
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    return kind(list(map(copy, value))) if isinstance(value, frozenset) else MISSING
