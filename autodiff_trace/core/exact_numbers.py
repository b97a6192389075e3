"""Fractions and Decimals among the arguments of a primitive. Knows no trace and no rule."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .errors import caller_line
from .tracer import exact_numbers, find_top_trace

__all__ = ["call_with_floats"]

COMPARISONS = frozenset({operator.eq, operator.ge, operator.gt, operator.le, operator.lt, operator.ne})


def call_with_floats(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """A call with exact numbers among ``args``. Beside a box a fraction is a float, as it is beside a NumPy scalar;
    comparisons are exact."""
    top = find_top_trace(kwargs.values(), find_top_trace(args))
    if top is None:
        return prim.fun(*args, **kwargs)
    if prim.traits.fast_fun in COMPARISONS:
        return top.process_nondifferentiable(prim, args, kwargs)
    return prim(*[to_float(prim, arg) if type(arg) in exact_numbers else arg for arg in args], **kwargs)


def to_float(prim: Callable, number: Any) -> float:
    if type(number) is Decimal:
        raise TypeError(
            f"{prim.__name__}: a Decimal does not compute with floating-point numbers ({caller_line()}). "
            "Write float(number)."
        )
    return float(number)
