"""Primitives in canonical form: one operand, which alone may be traced, then fixed parameters, all by position.

Which arguments are traced, and whether ``out`` is among them, is known here before a call. Knows no NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import primitives
from .tracer import NO_KEYWORDS, find_top_trace
from .traits import Traits, declare, traits_of

__all__ = ["call_on", "params_of", "unary", "wrap_list", "wrap_unary"]


def unary(fun: Callable) -> Callable:
    """Make ``fun(x, *params)`` a primitive of which ``x`` alone may be traced.

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
    call = primitives.wrap_function(fun, traits)
    call.params = params
    return call


def params_of(fun: Callable) -> tuple[str, ...]:
    """The names of the parameters of ``fun`` behind its operand."""
    return fun.__code__.co_varnames[1 : fun.__code__.co_argcount]


def call_on(prim: Callable, x: Any, *params: Any) -> Any:
    """``prim(x, *params)`` of any primitive, of which ``x`` alone may be traced."""
    return prim(x, *params)


def wrap_list(fun: Callable, traits: Traits) -> Callable:
    """The primitive of a function of calls ``fun([x, y, …], *params)``."""

    @functools.wraps(fun, updated=())
    def call(arrays, *params):
        top = find_top_trace(arrays)
        if top is None:
            return traits.fast_fun(arrays, *params)
        return top.process_general(call, (arrays, *params), NO_KEYWORDS)

    return primitives.with_rules(call, fun, traits)
