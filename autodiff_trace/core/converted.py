"""Calls of a primitive with what it does not take as it is beside a box: fractions, arrays of other libraries. Knows no
rule."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

from .errors import caller_line
from .foreign import foreign_type
from .tracer import converters, find_top_trace, watched_types

__all__ = ["call_converted", "converted"]

COMPARISONS = frozenset({operator.eq, operator.ge, operator.gt, operator.le, operator.lt, operator.ne})


def call_converted(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """A call with values among ``args`` that are converted beside a box. Comparisons of fractions are exact."""
    top = find_top_trace(kwargs.values(), find_top_trace(args))
    if top is None:
        library = foreign_type(args, kwargs)
        return prim.fun(*args, **kwargs) if library is None else library.compute(prim, args, kwargs)
    if prim.traits.fast_fun in COMPARISONS and not {Fraction, Decimal}.isdisjoint(map(type, args)):
        return top.process_nondifferentiable(prim, args, kwargs)
    return prim(*[converted(prim, arg) for arg in args], **kwargs)


def converted(prim: Callable, arg: Any) -> Any:
    """``arg`` as ``prim`` takes it."""
    return converters[type(arg)](prim, arg) if type(arg) in converters else arg


def refuse_decimal(prim: Callable, number: Decimal) -> NoReturn:
    raise TypeError(
        f"{prim.__name__}: a Decimal does not compute with floating-point numbers ({caller_line()}). "
        "Write float(number)."
    )


converters.update({Fraction: lambda prim, number: float(number), Decimal: refuse_decimal})
watched_types.update(converters)
