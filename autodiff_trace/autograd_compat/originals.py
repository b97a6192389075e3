"""The package's functions, of which a client replaces the rules: copies that keep their own, and the way back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import FunctionType

from ..core.primitives import composite, wrap_function
from ..numpy import wrapped as anp
from ..numpy.array_box import ArrayBox
from ..numpy.canonical import call_once

__all__ = ["has_definition", "keep_rules", "original_of", "primitive_of", "redirect"]


def primitive_of(fun: Callable) -> Callable:
    """``fun``; of reading items, a primitive in autograd, the primitive."""
    return anp.getitem if fun is ArrayBox.__getitem__ else fun


def has_definition(fun: Callable) -> bool:
    """Whether a native function hands traced calls to its definition by other functions."""
    return type(fun) is FunctionType and hasattr(fun, "fun") and (
        "_definition" in fun.__globals__ or is_composite(fun)
    )


def is_composite(fun: Callable) -> bool:
    return "definition" in fun.__code__.co_freevars


def definition_cell(fun: Callable):
    return fun.__closure__[fun.__code__.co_freevars.index("definition")]


def original_of(fun: Callable) -> Callable:
    """A function with the derivatives that ``fun``, which is native, has now."""
    if hasattr(fun, "vjps"):
        original = wrap_function(fun.fun, copy.copy(fun.traits))
        original.vjps.update(fun.vjps)
        original.jvps.update(fun.jvps)
        original.vjp_all, original.jvp_all = fun.vjp_all, fun.jvp_all
        return original
    if not has_definition(fun):
        return fun
    if is_composite(fun):
        return composite(fun.fun)(definition_cell(fun).cell_contents)
    if fun.__code__ is call_once.__code__:
        fun.__globals__["generate"]()
    original = FunctionType(fun.__code__, fun.__globals__, fun.__name__, fun.__defaults__)
    original.__kwdefaults__ = fun.__kwdefaults__
    return original


def keep_rules(native: Callable) -> Callable[[], None]:
    """The function that gives a native primitive the rules back that it has now, and what is declared of them."""
    traits = native.traits
    tables = [(table, dict(table), table.find_missing) for table in (native.vjps, native.jvps)]
    unread, overwriting = dict(traits.unread), dict(native.overwriting)
    facts = native.jvp_all, traits.differentiable, traits.linear_in, traits.multilinear_in

    def put_back():
        for table, rules, find_missing in tables:
            table.clear()
            table.update(rules)
            table.find_missing = find_missing
        traits.unread.update(unread)
        native.overwriting.update(overwriting)
        native.jvp_all, traits.differentiable, traits.linear_in, traits.multilinear_in = facts
        del native.rules

    return put_back


def redirect(fun: Callable, replacement: Callable) -> Callable[[], None]:
    """Let a function that has a definition call ``replacement``; gives the way back."""
    if is_composite(fun):
        cell = definition_cell(fun)
        definition, cell.cell_contents = cell.cell_contents, replacement

        def put_back():
            cell.cell_contents = definition
            del fun.rules
    else:
        before = fun.__code__, fun.__defaults__, fun.__kwdefaults__
        fun.__globals__["_replacement"] = replacement
        fun.__code__, fun.__defaults__, fun.__kwdefaults__ = call_replacement.__code__, None, None

        def put_back():
            fun.__code__, fun.__defaults__, fun.__kwdefaults__ = before
            del fun.rules

    return put_back


def call_replacement(*args, **kwargs):
    return _replacement(*args, **kwargs)  # noqa: F821, of the globals of the function that it replaces
