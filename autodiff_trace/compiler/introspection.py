"""Introspection: where a function asks for what boxes cannot stand in for, the type of a value.

``isinstance(x, float)`` and ``x.__class__`` are answered as for the value itself, ``type(x)`` is the class of the box.
"""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterable
from types import CodeType, FunctionType
from typing import Any

from ..transforms.names import is_users

__all__ = ["asks_types"]


def asks_types(reached: Iterable[Any], plain: Iterable[str] = ()) -> bool:
    """Whether a function of the user's among ``reached`` may ask for the type of a number or an array by ``type(x)``.

    Variables named ``plain`` are static arguments. The functions of primitives get plain values.
    """
    functions = [each for each in reached if type(each) is FunctionType]
    inside = {id(getattr(each, "fun", None)) for each in functions}
    plain = frozenset(("self", "cls", *plain))
    return any(
        id(each) not in inside and is_users(each.__globals__.get("__name__", "").partition(".")[0])
        and "type" not in each.__globals__ and calls_type(each.__code__, plain)
        for each in functions
    )


@functools.lru_cache(1024)
def calls_type(code: CodeType, plain: frozenset[str]) -> bool:
    """Whether code takes the type of something other than a global and variables named ``plain``."""
    if any(type(const) is CodeType and calls_type(const, plain) for const in code.co_consts):
        return True
    if "type" not in code.co_names:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("PUSH_NULL", "EXTENDED_ARG", "CACHE")]
    return any(
        step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval == "type" and takes_value(following, plain)
        for step, following in zip(steps, steps[1:])
    )


def takes_value(following: dis.Instruction, plain: frozenset[str]) -> bool:
    """Whether the step after ``type`` has been loaded reads a value. (After ``isinstance(x, type)`` it is a call.)"""
    reads = following.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_NAME"))
    return reads and following.argval not in plain
