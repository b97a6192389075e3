"""Matching: a compiled test whether the arguments of a call are of the kind of earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from ...core.pytree import fields_of
from .arguments import is_leaf
from .limits import TESTED_DEPTH, TESTED_LEAVES

__all__ = ["known_distinct", "make_match", "no_match", "take_any", "tests_of"]


def no_match(args: tuple) -> None:
    return None


def take_any(args: tuple) -> list:
    """The match of a function that no longer asks of what kind its arguments are."""
    return []


def make_match(args: tuple) -> Callable[[tuple], list | None]:
    """A function that gives the leaves of positional arguments like ``args``, and None for others.

    Arrays are alike in shape, strides and dtype, numbers in type, strings in what they say; containers are tuples,
    lists, dicts, named tuples and dataclasses that hold nothing besides their fields. It takes
    0.15 µs for an array; to take that apart and to look up its key takes 0.5.

    >>> match = make_match((np.ones(3), [1.0]))
    >>> match((np.zeros(3), [2.0]))
    [array([0., 0., 0.]), 2.0]
    >>> match((np.zeros(4), [2.0]))
    """
    names: dict[str, Any] = {}
    try:
        tests, leaves = tests_of(args, names)
    except TypeError:
        return no_match
    source = f"def match(args):\n{tests}    return [{', '.join(leaves)}]\n"
    exec(compile(source, f"{__file__} for match", "exec"), names)
    return names.pop("match")


def tests_of(args: tuple, names: dict[str, Any]) -> tuple[str, list[str]]:
    """The body of a function of ``args``, which returns None for others than these, and the names of the leaves.
    ``names`` get what it refers to. Raises TypeError for arguments that are known by their key alone."""
    names["ndarray"] = np.ndarray
    tests: list[str] = []
    leaves: list[str] = []
    arrays: dict[Any, list[tuple[str, np.ndarray]]] = {}
    add_tests("args", args, names, tests, leaves, arrays)
    add_distinct(arrays, tests)
    return "".join(tests), leaves


def known_distinct(args: tuple) -> list[tuple[int, int]]:
    """The places of arrays of one form, two by two, which have to be two."""
    forms = [(each.shape, each.strides, each.dtype) if type(each) is np.ndarray else None for each in args]
    return [(i, j) for j, form in enumerate(forms) if form for i in range(j) if forms[i] == form]


def is_tested(value: Any) -> bool:
    """Whether there are tests for such a container."""
    is_dict = type(value) is dict and len(value) <= TESTED_LEAVES and all(type(key) is str for key in value)
    return is_dict or type(value) in (tuple, list) and len(value) <= TESTED_LEAVES or fields_of(type(value)) is not None


def add_distinct(arrays: dict[Any, list[tuple[str, np.ndarray]]], tests: list[str]) -> None:
    """Append to ``tests`` that no two arrays are one and the same, which only those of one form can be."""
    for alike in arrays.values():
        if len({id(value) for _, value in alike}) < len(alike):
            raise TypeError("these are known by their key alone")
        names = [name for name, _ in alike]
        if len(names) == 2:
            tests.append(f"    if {names[0]} is {names[1]}:\n        return None\n")
        elif len(names) > 2:
            tests.append(f"    if len({{{', '.join(f'id({name})' for name in names)}}}) < {len(names)}:\n"
                         "        return None\n")


def add_tests(name: str, value: Any, names: dict[str, Any], tests: list[str], leaves: list[str],
              arrays: dict) -> None:
    """Append to ``tests`` the lines that test whether what has this name is like ``value``; to ``leaves`` its names,
    to ``arrays`` those of one form."""

    def known(thing: Any) -> str:
        names[f"c{len(names)}"] = thing
        return f"c{len(names) - 1}"

    def test(condition: str) -> None:
        tests.append(f"    if {condition}:\n        return None\n")

    kind = type(value)
    if kind is np.ndarray:
        shape, strides, dtype = known(value.shape), known(value.strides), known(value.dtype)
        test(f"type({name}) is not ndarray or {name}.shape != {shape} or {name}.strides != {strides} "
             f"or {name}.dtype is not {dtype}")
        leaves.append(name)
        arrays.setdefault((value.shape, value.strides, value.dtype), []).append((name, value))
    elif is_leaf(value):
        test(f"type({name}) is not {known(kind)}")
        leaves.append(name)
    elif value is None or kind is bool:
        test(f"{name} is not {value}")
    elif kind is str:
        test(f"type({name}) is not str or {name} != {known(value)}")
    elif is_tested(value) and (fields := fields_of(kind)) is not None and name.count("_") < TESTED_DEPTH:
        test(f"type({name}) is not {known(kind)}")
        if hasattr(value, "__dict__"):
            test(f"len({name}.__dict__) != {0 if issubclass(kind, tuple) else len(fields)}")
        children = [f"{name}_{i}" for i in range(len(fields))]
        for child, field in zip(children, fields):
            tests.append(f"    {child} = {known(attrgetter(field))}({name})\n")
            add_tests(child, getattr(value, field), names, tests, leaves, arrays)
    elif is_tested(value) and name.count("_") < TESTED_DEPTH:
        test(f"type({name}) is not {kind.__name__} or len({name}) != {len(value)}")
        children = [f"{name}_{i}" for i in range(len(value))]
        if kind is dict:
            test(f"tuple({name}) != {known(tuple(value))}")
        if children:
            tests.append(f"    {', '.join(children)}, = {name}{'.values()' if kind is dict else ''}\n")
        for child, item in zip(children, value.values() if kind is dict else value):
            add_tests(child, item, names, tests, leaves, arrays)
    else:
        raise TypeError("this is known by its key alone")
    if len(leaves) > TESTED_LEAVES or len(tests) > 2 * TESTED_LEAVES:
        raise TypeError("these are too many")
