"""Primitives in canonical form: one operand, which alone may be traced, then fixed parameters, all by position."""

from __future__ import annotations

import functools
from collections.abc import Callable

from .array_ops import array_ops
from .primitives import with_rules
from .tracer import NO_KEYWORDS, box_classes
from .traits import Traits, declare, traits_of

__all__ = ["unary", "wrap_unary"]


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
    return wrap_unary(fun, traits_of(fun))


def wrap_unary(fun: Callable, traits: Traits) -> Callable:
    """The primitive of ``fun``, of which ``traits`` are declared; ``params`` are the names of its parameters."""

    @functools.wraps(fun, updated=())
    def call(x, *params):
        if type(x) not in box_classes:
            return fun(x, *params)
        if not traits.differentiable:
            return x._trace.process_nondifferentiable(call, (x, *params), NO_KEYWORDS)
        ans = x._trace.process_one(call, x, 0, (x._value, *params))
        if traits.makes_view and type(ans) in box_classes:
            array_ops.note_view(ans, x, call, params, NO_KEYWORDS)
        return ans

    call.params = fun.__code__.co_varnames[1 : fun.__code__.co_argcount]
    return with_rules(call, fun, traits)
