"""Watching variables: one compiled test of whether they still hold what they held."""

from __future__ import annotations

import abc
import keyword
from collections.abc import Callable, Iterable
from operator import is_, itemgetter
from typing import Any, NamedTuple

import numpy as np

from .names import MISSING
from .places import Place

__all__ = ["Form", "Watch", "compile_check", "no_class_registered"]

MANY = 10
"""Variables of one owner from which on they are compared together: to compile a condition takes 5 µs."""


class Watch(NamedTuple):
    """A place, what it held, and what the user calls its owner."""

    place: Place
    value: Any
    where: str

    def holds(self) -> bool:
        return self.place.holds(self.value)


class Form:
    """Whether ``array`` still lies in memory as it did: ``array.shape = …`` and its like change that in place.

    ``whole``: also whether it may be written to, and what its fields are called.

    >>> array = np.zeros(6)
    >>> form = Form(array)
    >>> array.resize(2, 3, refcheck=False)
    >>> form()
    False
    """

    __slots__ = ("array", "shape", "strides", "dtype", "rest")

    def __init__(self, array: np.ndarray, whole: bool = False) -> None:
        self.array = array
        self.shape, self.strides, self.dtype = array.shape, array.strides, array.dtype
        self.rest = self.read_rest() if whole else None

    def __call__(self) -> bool:
        array = self.array
        is_alike = array.shape == self.shape and array.strides == self.strides and array.dtype is self.dtype
        return is_alike and (self.rest is None or self.read_rest() == self.rest)

    def read_rest(self) -> tuple:
        return self.array.flags.writeable, self.array.dtype.names


def no_class_registered() -> Callable[[], bool]:
    """A test whether ``isinstance`` of abstract classes says what it says now (0.05 µs)."""
    before = abc.get_cache_token()
    return lambda: abc.get_cache_token() == before


def is_plain_name(name: Any) -> bool:
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


def compile_check(watched: Iterable[Watch]) -> Callable[[], bool]:
    """A function that says whether all places hold the same objects. Its ``expression`` is the condition as text, empty
    if there is none, and ``known`` what that refers to.

    Of a function and a global variable it takes 0.1 µs, reading and comparing them one by one 0.6.
    """
    known: dict[str, Any] = {"all": all, "map": map, "is_": is_}
    conditions: list[str] = []
    together: dict[tuple, list[Watch]] = {}
    keyed: set[int] = set()  # owners of which the keys are compared
    slow: list[Watch] = []

    def name(value: Any) -> str:
        known[f"o{len(known)}"] = value
        return f"o{len(known) - 1}"

    for watch in watched:
        (kind, owner, key), value, _ = watch
        if kind in ("keys", "attributes", "length"):
            keyed.add(id(owner))
        if kind in ("item", "attribute") and value is not MISSING:
            together.setdefault((kind, id(owner)), []).append(watch)
        elif (written := condition(kind, owner, key, value, name)) is not None:
            conditions.append(written)
        else:
            slow.append(watch)
    if slow:
        conditions.append(f"all(map({name(Watch.holds)}, {name(slow)}))")
    for (kind, _), watches in together.items():
        holder = watches[0].place.owner  # after the keys of dicts
        owner = name(holder) + (".__dict__" if kind == "attribute" else "")
        if len(watches) < MANY:
            for (_, _, key), value, _ in watches:
                conditions.append(f"{owner}[{repr(key) if type(key) is str else name(key)}] is {name(value)}")
        else:
            is_all = len(watches) == len(holder if kind == "item" else holder.__dict__)
            now = owner if type(holder) is list else f"{owner}.values()"
            if not is_all or id(holder) not in keyed:
                now = f"{name(itemgetter(*[watch.place.key for watch in watches]))}({owner})"
            conditions.append(f"all(map(is_, {now}, {name([watch.value for watch in watches])}))")
    expression = " and ".join(conditions)
    source = f"""def holds():
    try:
        return {expression or True}
    except Exception:  # a variable has been deleted
        return False
"""
    exec(compile(source, f"{__file__} for holds", "exec"), known)
    holds = known.pop("holds")
    holds.expression, holds.known = expression, known
    return holds


def condition(kind: str, owner: Any, key: Any, value: Any, name: Callable[[Any], str]) -> str | None:
    """That a place holds what it held; None where that has to be asked of the place itself."""
    if kind == "item" or kind == "attribute" and hasattr(owner, "__dict__"):
        items = name(owner) + (".__dict__" if kind == "attribute" else "")
        return f"{repr(key) if type(key) is str else name(key)} not in {items}"
    if kind == "function":
        attributes = ("__code__", "__defaults__", "__kwdefaults__")[: 3 if value[0].co_kwonlyargcount else 2]
        function = name(owner)
        return " and ".join(f"{function}.{each} is {name(before)}" for each, before in zip(attributes, value))
    if kind == "test" and type(owner) is Form and owner.rest is None:  # 0.08 µs
        array = name(owner.array)
        return (f"{array}.shape == {name(owner.shape)} and {array}.strides == {name(owner.strides)} "
                f"and {array}.dtype is {name(owner.dtype)}")
    if kind == "test":
        return f"{name(owner)}()"
    if kind == "length":
        return f"len({name(owner)}) == {value[0]}"
    if kind in ("keys", "attributes") and all(type(each) is str for each in value):
        return f"(*{name(owner)}{'.__dict__' if kind == 'attributes' else ''},) == {name(value)}"
    if kind == "keys":
        return f"len({name(owner)}) == {len(value)} and all(map(is_, {name(owner)}, {name(value)}))"
    if kind == "member" and value is MISSING:
        return f"not hasattr({name(owner)}, {key!r})"
    if value is MISSING or kind not in ("cell", "member", "method", "slot"):
        return None
    if kind == "cell":
        return f"{name(owner)}.cell_contents is {name(value)}"
    if not is_plain_name(key):
        return None
    return f"{name(owner)}.{key}{'.__func__' if kind == 'method' else ''} is {name(value)}"
