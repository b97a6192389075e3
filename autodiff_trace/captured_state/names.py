"""Names: which variables the code of a function reads, and which packages are the user's own."""

from __future__ import annotations

import dis
import functools
import sys
import types
from typing import Any

__all__ = ["codes_in", "global_names", "has", "is_own", "is_users", "names_in", "root_module"]

MISSING = object()


def root_module(value: Any) -> str:
    """The package in which a function or class, or the class of an object, is defined."""
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


def has(value: Any, name: str) -> bool:
    """``hasattr`` of any object, also of one whose ``__getattr__`` raises errors of its own."""
    try:
        return hasattr(value, name)
    except Exception:
        return False


@functools.cache
def is_users(module: str) -> bool:
    """Whether a module or package is the user's own: not Python's, not of this one, and not installed."""
    package = module.partition(".")[0]
    if package == "__main__":
        return True
    if package in sys.stdlib_module_names or package == __name__.partition(".")[0]:
        return False
    path = getattr(sys.modules.get(package), "__file__", None) or ""
    return "site-packages" not in path and "dist-packages" not in path


def is_own(function: types.FunctionType) -> bool:
    """Whether a function is the user's."""
    return is_users(str(function.__globals__.get("__name__", "")))


@functools.lru_cache(1024)
def names_in(code: types.CodeType) -> frozenset[str]:
    """The names that a function and the functions inside it read: globals, and attributes."""
    return frozenset().union(*[each.co_names for each in codes_in(code)])


@functools.lru_cache(1024)
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """The names of the global variables that a function and the functions inside it read."""
    names = {
        instruction.argval
        for each in codes_in(code)
        for instruction in dis.get_instructions(each)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    return tuple(sorted(names))


def codes_in(code: types.CodeType) -> list[types.CodeType]:
    """The code of a function and of those inside it."""
    codes = [code]
    for each in codes:
        codes += [constant for constant in each.co_consts if isinstance(constant, types.CodeType)]
    return codes
