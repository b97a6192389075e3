"""Arguments of a primitive that are neither boxes nor plain: exact numbers, arrays of other libraries and kinds."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .array_ops import array_ops
from .errors import caller_line
from .foreign import array_types, foreign_type, taken_over
from .libraries import look_for_libraries
from .tracer import find_top_trace
from .unknown_sizes import UNKNOWN

__all__ = ["call_with_others", "is_exact_number"]

COMPARISONS = frozenset({operator.eq, operator.ge, operator.gt, operator.le, operator.lt, operator.ne})


def call_with_others(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """A call with arguments of types that are neither watched nor passed on as they are.

    Beside a box a fraction is a float, as it is beside a NumPy scalar; comparisons are exact. An array of another
    library is a value of the foreign trace. What else there is, the array layer takes as it should be.
    """
    look_for_libraries()
    top = find_top_trace(kwargs.values(), find_top_trace(args))
    if top is None:
        library = foreign_type(args, kwargs)
        return prim.fun(*args, **kwargs) if library is None else library.compute(prim, args, kwargs)
    if any([arg is UNKNOWN for arg in args]):
        UNKNOWN.refuse()
    if not array_types.keys().isdisjoint(map(type, args)):
        return prim(*map(taken_over, args), **kwargs)
    if any([is_exact_number(type(arg)) for arg in args]):
        if prim.traits.fast_fun in COMPARISONS:
            return top.process_nondifferentiable(prim, args, kwargs)
        return prim(*[to_float(prim, arg) if is_exact_number(type(arg)) else arg for arg in args], **kwargs)
    return array_ops.call_with_arrays(prim, args, kwargs, top)


def is_exact_number(kind: type) -> bool:
    """Whether it is the type of Python's numbers that no array holds: a primitive takes a fraction as a float.

    Told by name, since the modules of these numbers take longer to load than this one.
    """
    return (kind.__module__, kind.__name__) in (("fractions", "Fraction"), ("decimal", "Decimal"))


def to_float(prim: Callable, number: Any) -> float:
    if type(number).__name__ == "Decimal":
        raise TypeError(
            f"{prim.__name__}: a Decimal does not compute with floating-point numbers ({caller_line()}). "
            "Write float(number)."
        )
    return float(number)
