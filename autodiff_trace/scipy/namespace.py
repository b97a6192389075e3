"""How a module of SciPy becomes a traced one: functions are primitives, classes and constants stand as they are.

The folder of a module of SciPy has

    wrapped.py    each public name, wrapped; rules are written with these names
    …             the rules, a module a family
    __init__.py   what users see: the names of ``wrapped``, after the rules have been given

A function without a rule raises MissingRuleError, which names it, where a derivative is asked for.
"""

from __future__ import annotations

import types

from ..numpy.namespace import wrap_namespace
from ..numpy.ufunc_methods import take_calls_as_ufuncs

__all__ = ["public_names", "wrap_module"]


def wrap_module(module: types.ModuleType, scope: dict, passed_on: str = "") -> None:
    """Put the wrapped form of each public name of a module of SciPy into ``scope``, the globals of ``wrapped``.

    ``passed_on``: names of functions that make arrays from nothing, or take functions; they stand there as they are.
    """
    wrap_namespace(module, scope, scope["__name__"].rpartition(".")[0], frozenset(passed_on.split()))
    take_calls_as_ufuncs()


def public_names(wrapped: types.ModuleType) -> dict[str, object]:
    """What users see of ``wrapped``."""
    return {
        name: value for name, value in vars(wrapped).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "wrap_module"
    }
