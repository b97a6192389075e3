"""Calls in one form: operands, then parameters by position that are never traced. Knows no NumPy.

What ``primitives.wrap_function`` finds by looking at all arguments is known here (0.5 of 2 µs).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .array_ops import array_ops
from .primitives import with_tables
from .tracer import NO_KEYWORDS, box_classes, find_top_trace
from .traits import Traits

__all__ = ["call_on", "wrap_list", "wrap_one_operand"]


def call_on(prim: Callable, x: Any, *params: Any) -> Any:
    """``prim(x, *params)``, of which ``x`` alone may be traced."""
    traits = prim.traits
    if type(x) not in box_classes:
        return traits.fast_fun(x, *params)
    ans = x._trace.process_one(prim, x, 0, (x._value, *params))
    if traits.makes_view and type(ans) in box_classes:
        array_ops.note_view(ans, x, prim, params, NO_KEYWORDS)
    return ans


def wrap_one_operand(fun: Callable, traits: Traits) -> Callable:
    """The primitive of a function of calls ``fun(x, *params)``."""

    @functools.wraps(fun, updated=())
    def call(x, *params):  # call_on(), written out (0.1 µs)
        if type(x) not in box_classes:
            return traits.fast_fun(x, *params)
        ans = x._trace.process_one(call, x, 0, (x._value, *params))
        if traits.makes_view and type(ans) in box_classes:
            array_ops.note_view(ans, x, call, params, NO_KEYWORDS)
        return ans

    return with_tables(call, fun, traits)


def wrap_list(fun: Callable, traits: Traits) -> Callable:
    """The primitive of a function of calls ``fun([x, y, …], *params)``."""

    @functools.wraps(fun, updated=())
    def call(arrays, *params):
        top = find_top_trace(arrays)
        if top is None:
            return traits.fast_fun(arrays, *params)
        return top.process_general(call, (arrays, *params), NO_KEYWORDS)

    return with_tables(call, fun, traits)
