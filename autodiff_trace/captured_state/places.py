"""Places: where the variables outside a function are, and how each is read, compared, written and restored.

    def f(x): return x * k * m.lam        [Place("item", f.__globals__, "k"), Place("member", m, "lam")]

All that looks after variables works on places: what is watched is a place and what it held, a hidden input is a place
that programs read, a state that a function updates is a place that programs write.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from typing import Any, NamedTuple

import numpy as np

from .names import MISSING

__all__ = ["ABSENT", "OTHERS", "VALUES", "WHOLES", "Place", "is_same", "restore", "write_states"]

ABSENT = (KeyError, IndexError, ValueError, AttributeError)
"""What is raised where a variable is read that is not there."""

OTHERS = (*ABSENT, TypeError)
"""What is raised where there is none, or the owner has another form."""

VALUES = (bool, int, float, complex, str, bytes, np.generic)

WHOLES: dict[str, Callable[[Any], Sequence]] = {
    "items": tuple,
    "keys": tuple,
    "attributes": lambda owner: tuple(owner.__dict__),
    "length": lambda owner: (len(owner),),
    "function": attrgetter("__code__", "__defaults__", "__kwdefaults__"),
    "subclasses": lambda owner: owner.__subclasses__(),
    "test": lambda owner: (owner(),),
}
"""What is watched of an owner as a whole: the items of a set, which keys or attributes there are, what a test says."""


class Place(NamedTuple):
    """Where a variable is.

    ``kind`` is "cell", "item" (of a list, a dict, the globals of a module), "attribute" (of an object's own), "slot",
    "member" (an attribute as Python finds it), "method" (the function behind one), or one of ``WHOLES``.
    """

    kind: str
    owner: Any
    key: Any = None

    @property
    def token(self) -> tuple:
        return self.kind, id(self.owner), self.key

    def variable(self) -> Place:
        """Where a member is that the object has as its own."""
        if self.kind != "member":
            return self
        is_slot = isinstance(getattr(type(self.owner), self.key, None), types.MemberDescriptorType)
        return self._replace(kind="slot" if is_slot else "attribute")

    def read(self) -> Any:
        """What is there; MISSING where there is no variable."""
        kind, owner, key = self
        if kind == "member" or kind == "slot":
            return getattr(owner, key, MISSING)
        if kind == "method":
            return getattr(getattr(owner, key, None), "__func__", MISSING)
        if kind in WHOLES:
            return WHOLES[kind](owner)
        if kind == "item" and isinstance(owner, dict):
            return owner.get(key, MISSING)  # a defaultdict would make it
        try:
            return owner.cell_contents if kind == "cell" else (owner if kind == "item" else owner.__dict__)[key]
        except OTHERS:
            return MISSING

    def write(self, value: Any) -> None:
        kind, owner, key = self
        if kind == "cell":
            owner.cell_contents = value
        elif kind == "item":
            owner[key] = value
        elif kind == "slot":
            object.__setattr__(owner, key, value)
        elif kind == "attribute" and not isinstance(owner, type):
            owner.__dict__[key] = value
        else:
            setattr(owner, key, value)

    def delete(self) -> None:
        kind, owner, key = self
        if kind == "cell":
            del owner.cell_contents
        elif kind == "slot":
            object.__delattr__(owner, key)
        elif kind == "item" or kind == "attribute":
            (owner if kind == "item" else owner.__dict__).pop(key, None)
        else:
            delattr(owner, key)

    def holds(self, value: Any) -> bool:
        """Whether it still holds ``value``."""
        now = self.read()
        if self.kind in WHOLES:
            return len(now) == len(value) and (all(map(is_, now, value)) or all(map(is_same, now, value)))
        return is_same(now, value)

    def expression(self, owner: str, key: str) -> str:
        """How a program reads it that knows owner and key by these names."""
        return {"cell": f"{owner}.cell_contents", "slot": f"getattr({owner}, {key})", "item": f"{owner}[{key}]",
                "attribute": f"{owner}.__dict__[{key}]"}[self.kind]

    def spelled(self, where: str) -> str:
        """The variable as the user would write it; ``where`` is what the owner is called, after "[" if it has keys."""
        if self.kind in WHOLES or self.kind == "cell" or type(self.owner) is list:
            return where.removeprefix("[")
        if where.startswith("["):
            return f"{where[1:]}[{spell(self.key)}]"
        return f"{where}.{self.key}" if where else f"{self.key}"


def is_same(x: Any, y: Any) -> bool:
    """Whether two variables hold the same object, or numbers or strings of one type and value."""
    return x is y or type(x) is type(y) and isinstance(x, VALUES) and repr(x) == repr(y)


def spell(key: Any) -> str:
    """A key as the user would write it."""
    return f'"{key}"' if type(key) is str and '"' not in key else repr(key)


def restore(place: Place, before: Any) -> None:
    """Let a variable hold what it held, as far as it can be written to. The keys of a dict come after its items."""
    kind, owner, key = place
    if kind == "length":
        owner[before[0]:] = [None] * (before[0] - len(owner))
    elif kind == "items":
        owner.clear()
        (owner.update if isinstance(owner, set) else owner.extend)(before)
    elif kind == "keys" or kind == "attributes":
        variables = owner if kind == "keys" else owner.__dict__
        if isinstance(variables, dict):
            held = [(name, variables[name]) for name in before if name in variables]
            variables.clear()
            for name, value in held:  # ``update`` of a counter adds
                variables[name] = value
    elif kind == "member" or kind == "slot":
        of_class = MISSING if isinstance(owner, type) else getattr(type(owner), key, MISSING)
        if before is MISSING or before is of_class:
            delattr(owner, key)
        else:
            setattr(owner, key, before)
    elif kind == "cell" or kind == "attribute" or kind == "item" and isinstance(owner, (dict, list)):
        if before is not MISSING:
            place.write(before)
        else:
            place.delete()


def write_states(places: list[Place], news: list) -> None:
    """Give the variables at these places new values."""
    for place, new in zip(places, news):
        place.write(new)
