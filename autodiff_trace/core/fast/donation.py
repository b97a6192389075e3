"""Large cotangents that nobody else holds: what comes next can be written into their memory.

A fresh array costs more than what is written into it: its pages have to be fetched and cleared first. Of cotangents
there is one a node, and most are read once. Whether somebody else holds one is read off its reference count.

In the place of the rules themselves, and of ``add_cotangents``. Gain: see ``LEAST``.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..cotangents import add_cotangents
from ..primitives import add_rule_table

__all__ = [
    "ALONE", "LEAST", "Overwriting", "add_into", "defoverwriting", "find_overwriting", "getrefcount", "has_own_memory",
    "overwritable",
]

LEAST = 2**16
"""Bytes from which on it pays: the gradient of 20 rounds of y → y y .25 + .1 takes 0.7 of the time there, a third of it
from four times as many on."""

overwritable: set[type] = set()
"""The types of arrays that are plain memory; the array layer fills it in."""

getrefcount = getattr(sys, "getrefcount", lambda x: 0)

COUNTS_TELL = (
    hasattr(sys, "getrefcount") and sys.version_info < (3, 14) and getattr(sys, "_is_gil_enabled", lambda: True)()
)
"""From Python 3.14 on a function can hold an argument without counting that; so do threads that run at a time."""


def count_alone() -> int:
    """What ``getrefcount(x)`` gives where the local variable ``x`` alone holds an object."""
    x = object()
    return getrefcount(x)


ALONE = count_alone() if COUNTS_TELL else -1
"""Where reference counts do not tell (PyPy has none) every array is held by others."""


class Overwriting:
    """In a node of large arrays stands for a rule that may write into the cotangent: one that :func:`defoverwriting`
    has declared."""

    __slots__ = ("rule",)

    def __init__(self, rule: Callable) -> None:
        self.rule = rule

    def bind(self, is_free: bool, g: Any) -> Callable:
        """The rule, where it may write into the cotangent ``g`` if that is large; ``is_free``: nobody else has it."""
        return functools.partial(self.rule, is_free and has_own_memory(g))


def has_own_memory(x: Any) -> bool:
    """Whether ``x`` is a large array, no view, that can be written to."""
    return type(x) in overwritable and x.nbytes >= LEAST and x.flags.owndata and x.flags.writeable


def add_into(total: Any, g: Any) -> Any:
    """``total + g``, written into ``total``, which nobody else holds, if it is large and like the sum."""
    if type(g) is type(total) and g.dtype == total.dtype and g.shape == total.shape and has_own_memory(total):
        total += g
        return total
    return add_cotangents(total, g)


def defoverwriting(prim: Callable, argument: Any, rule: Callable, kind: type[Overwriting] = Overwriting) -> None:
    """Give ``prim`` a rule for large arrays, besides the one that it has for ``argument``.

    ``rule(is_free, g, ans, *args)`` gives a tuple with one cotangent for each argument that is followed. If
    ``is_free`` nobody else holds ``g``, which may be written into. ``argument`` is what :class:`RuleTable` has, or
    ``(0, 0)`` where both of two arguments are the same value: it then gets one cotangent. ``kind`` says when
    ``g`` is free.
    """
    prim.overwriting[argument] = kind(rule)
    prim.traits.unread.setdefault(argument, ())  # nodes look there first


def find_overwriting(prim: Callable, argument: Any, parent: Any, args: Sequence) -> tuple[Overwriting, list] | None:
    """The rule for large arrays and the list of parents, if there is one."""
    if type(argument) is not tuple:
        parent = [parent]
    elif argument == (0, 1) and parent[0] is parent[1] and args[0] is args[1]:
        argument, parent = (0, 0), parent[:1]
    rule = prim.overwriting.get(argument)
    return None if rule is None else (rule, parent)


def add_overwriting_table(prim: Callable) -> None:
    prim.overwriting = {}


add_rule_table(add_overwriting_table)
