"""Watching variables: how they are read, and whether they still hold what they held."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from typing import Any

import numpy as np

from .names import MISSING, read_names

__all__ = [
    "VALUES", "Watch", "is_held", "is_same", "join_watches", "quick_check", "read_attributes", "read_cells",
    "read_dict", "read_function", "read_slots", "read_truth",
]

Watch = tuple[Callable[[Any], Sequence], Any, Sequence]
"""How to read, what to read from, and what was read."""

VALUES = (bool, int, float, complex, str, bytes, np.generic)

SHORT = 100
"""Variables up to which a comparison is compiled, which takes 5 µs for each."""

read_function = attrgetter("__code__", "__defaults__", "__kwdefaults__")


def read_dict(owner: Any) -> Sequence:
    return *owner, *owner.values()


def read_attributes(owner: Any) -> Sequence:
    attributes = owner.__dict__
    return *attributes, *attributes.values()


def read_truth(owner: Callable[[], bool]) -> Sequence:
    """What a test says."""
    return (owner(),)


def read_cells(cells: Sequence[types.CellType]) -> Sequence:
    try:
        return [cell.cell_contents for cell in cells]
    except ValueError:  # one of them is empty
        return [contents(cell) for cell in cells]


def contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def read_slots(owner: tuple[Any, tuple[str, ...]]) -> Sequence:
    value, names = owner
    return [getattr(value, name, MISSING) for name in names]


def is_held(read: Callable[[Any], Sequence], owner: Any, values: Sequence) -> bool:
    """Whether all variables of one watch are still what they were."""
    now = read(owner)
    # map and all compare 30 variables in 1 µs.
    return len(now) == len(values) and (all(map(is_, now, values)) or all(map(is_same, now, values)))


def is_same(x: Any, y: Any) -> bool:
    """Whether two variables hold the same object, or numbers or strings of one type and value."""
    return x is y or type(x) is type(y) and isinstance(x, VALUES) and repr(x) == repr(y)


def join_watches(watched: list[Watch]) -> list[Watch]:
    """With the globals of one module, and all cells, read at a time."""
    names: dict[int, tuple[dict, dict]] = {}
    cells: dict[int, types.CellType] = {}
    others = []
    for read, owner, values in watched:
        if read is read_names:
            names.setdefault(id(owner[0]), (owner[0], {}))[1].update(dict.fromkeys(owner[1]))
        elif read is read_cells:
            cells.update((id(cell), cell) for cell in owner)
        else:
            others.append((read, owner, values))
    joined = [(read_names, (variables, tuple(found))) for variables, found in names.values()]
    if cells:
        joined.append((read_cells, tuple(cells.values())))
    return others + [(read, owner, read(owner)) for read, owner in joined]


def quick_check(watched: list[Watch]) -> tuple[Callable[[], bool], list[Watch]]:
    """A function that says of most variables whether they hold the same objects, and the watches of the others.

    Of a function and a global variable it takes 0.1 µs, reading and comparing them as lists 0.6.
    """
    known: dict[str, Any] = {}
    conditions: list[str] = []
    others = []

    def name(value: Any) -> str:
        known[f"o{len(known)}"] = value
        return f"o{len(known) - 1}"

    for read, owner, values in watched:
        if len(values) > SHORT or any(value is MISSING for value in values):
            others.append((read, owner, values))
        elif read is read_names:
            variables = name(owner[0])
            conditions += [f"{variables}[{key!r}] is {name(value)}" for key, value in zip(owner[1], values)]
        elif read is read_cells:
            conditions += [f"{name(cell)}.cell_contents is {name(value)}" for cell, value in zip(owner, values)]
        elif read is read_function:
            function = name(owner)
            attributes = ("__code__", "__defaults__", "__kwdefaults__")
            conditions += [f"{function}.{each} is {name(value)}" for each, value in zip(attributes, values)]
        elif read is read_truth:
            conditions.append(f"{name(owner)}()")
        else:
            others.append((read, owner, values))
    text = f"""def holds():
    try:
        return {" and ".join(conditions) or True}
    except (KeyError, ValueError):  # a variable has been deleted
        return False
"""
    exec(text, known)
    return known.pop("holds"), others
