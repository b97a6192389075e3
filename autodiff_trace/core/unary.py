"""Primitives in canonical form: one operand, which alone may be traced, then fixed parameters, all by position.

What ``primitives.wrap_function`` finds by looking at all arguments is known here (0.5 of 2 µs). Knows no NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .array_ops import array_ops
from .foreign import array_types
from .primitives import with_rules
from .tracer import NO_KEYWORDS, box_classes, find_top_trace
from .traits import Traits, declare, traits_of

__all__ = ["call_on", "params_of", "unary", "wrap_list", "wrap_unary"]


def unary(fun: Callable) -> Callable:
    """Make ``fun(x, *params)`` a primitive that looks at ``x`` alone: to look at params, too, costs a third of a call.

    >>> from autodiff_trace import extend, grad
    >>> @unary
    ... def power(x, n):
    ...     return x**n
    >>> extend.defvjp(power, lambda g, ans, x, n: g * n * x ** (n - 1))
    >>> float(grad(power)(2.0, 3))
    12.0
    """
    declare(fun, fun=fun, fast_fun=fun)
    return wrap_unary(fun, traits_of(fun), params_of(fun))


def wrap_unary(fun: Callable, traits: Traits, params: tuple[str, ...]) -> Callable:
    """The primitive of ``fun``, of which ``traits`` are declared; ``params`` are the names of its parameters."""

    @functools.wraps(fun, updated=())
    def call(x, *params):  # call_on(), written out (0.1 µs)
        if type(x) not in box_classes:
            if type(x) in array_types:
                return array_types[type(x)].compute(call, (x, *params), NO_KEYWORDS)
            return traits.fast_fun(x, *params)
        if not traits.differentiable:
            return x._trace.process_nondifferentiable(call, (x, *params), NO_KEYWORDS)
        ans = x._trace.process_one(call, x, 0, (x._value, *params))
        if traits.makes_view and type(ans) in box_classes:
            array_ops.note_view(ans, x, call, params, NO_KEYWORDS)
        return ans

    call.params = params
    return with_rules(call, fun, traits)


def params_of(fun: Callable) -> tuple[str, ...]:
    """The names of the parameters of ``fun`` behind its operand."""
    return fun.__code__.co_varnames[1 : fun.__code__.co_argcount]


def call_on(prim: Callable, x: Any, *params: Any) -> Any:
    """``prim(x, *params)`` of any primitive, of which ``x`` alone may be traced."""
    traits = prim.traits
    if type(x) not in box_classes:
        return traits.fast_fun(x, *params)
    ans = x._trace.process_one(prim, x, 0, (x._value, *params))
    if traits.makes_view and type(ans) in box_classes:
        array_ops.note_view(ans, x, prim, params, NO_KEYWORDS)
    return ans


def wrap_list(fun: Callable, traits: Traits) -> Callable:
    """The primitive of a function of calls ``fun([x, y, …], *params)``."""

    @functools.wraps(fun, updated=())
    def call(arrays, *params):
        top = find_top_trace(arrays)
        if top is None:
            return traits.fast_fun(arrays, *params)
        return top.process_general(call, (arrays, *params), NO_KEYWORDS)

    return with_rules(call, fun, traits)
