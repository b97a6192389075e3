"""Introspection: where a function asks for what boxes cannot stand in for, the type of a value.

``isinstance(x, float)`` and ``x.__class__`` are answered as for the value itself, ``type(x)`` is the class of the box.
"""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterable
from types import CodeType, FunctionType
from typing import Any

__all__ = ["asks_types"]

INSTANCES = ("self", "cls")


def asks_types(reached: Iterable[Any]) -> bool:
    """Whether a function among ``reached`` may ask for the type of a number or an array by ``type(x)``."""
    functions = [each for each in reached if type(each) is FunctionType]
    return any("type" not in each.__globals__ and calls_type(each.__code__) for each in functions)


@functools.lru_cache(1024)
def calls_type(code: CodeType) -> bool:
    """Whether code takes the type of something other than ``self``, or a global."""
    if any(type(const) is CodeType and calls_type(const) for const in code.co_consts):
        return True
    if "type" not in code.co_names:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("PUSH_NULL", "EXTENDED_ARG", "CACHE")]
    return any(
        step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval == "type" and takes_value(following)
        for step, following in zip(steps, steps[1:])
    )


def takes_value(following: dis.Instruction) -> bool:
    """Whether the step after ``type`` has been loaded reads a value. (After ``isinstance(x, type)`` it is a call.)"""
    is_known = following.opname == "LOAD_GLOBAL" or following.argval in INSTANCES
    return following.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_NAME")) and not is_known
