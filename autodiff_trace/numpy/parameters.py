"""Parameters that say how and not of what: axes, shapes, counts. Where they are traced, Python has to see them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.parameters import positional_parameters
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes
from ..core.unknown_sizes import UNKNOWN

__all__ = [
    "INTEGER", "PLAIN", "WHOLE", "plain", "plain_parameters", "refuse", "refuse_dtype", "whole_number",
    "whole_numbers",
]

PLAIN = frozenset("""
    axes axis axis1 axis2 axisa axisb axisc ddof decimals destination dims edge_order indices_or_sections k kth
    minlength n N ndmin new_shape newshape num obj offset ord pad_width repeats reps s shape shift source
    start stat_length window_shape
""".split())
"""Names of such parameters in NumPy's functions."""


OWN_PACKAGES = ("numpy", __name__.partition(".")[0])

MOST_ITEMS = 64
"""Of an array of axes, a shape, counts: NumPy's arrays have as many axes at most."""


def plain_parameters(function: Callable, args: tuple, kwargs: dict) -> tuple:
    """``args`` and ``kwargs`` with :func:`plain` axes, shapes and counts.

    In a jitted function of ``x`` and ``n``, ``x.reshape(n, -1)`` makes the program one for this ``n``. Of functions of
    others than NumPy nobody knows what such a name means.
    """
    for i in plain_positions(function):
        if i < len(args) and type(args[i]) not in WHOLE:
            args = (*args[:i], plain(args[i]), *args[i + 1 :])
    if kwargs and not PLAIN.isdisjoint(kwargs) and is_own(function):
        kwargs = {name: plain(arg) if name in PLAIN else arg for name, arg in kwargs.items()}
    return args, kwargs


@functools.cache
def plain_positions(function: Callable) -> tuple[int, ...]:
    if not is_own(function):
        return ()
    return tuple([i for i, parameter in enumerate(positional_parameters(function)) if parameter.name in PLAIN and i])


@functools.cache
def is_own(function: Callable) -> bool:
    """Whether it is NumPy's or this package's."""
    fun = getattr(function, "fun", function)
    module = getattr(fun, "__module__", None) or type(fun).__module__
    return module.partition(".")[0] in OWN_PACKAGES


def plain(arg: Any) -> Any:
    """What says how and not of what, by Python's whole numbers: NumPy's become Python's, arrays tuples, and a trace
    that lets Python have values is asked for them. What is no whole number stays as it is."""
    kind = type(arg)
    if kind in WHOLE or kind is tuple and WHOLE.issuperset(map(type, arg)):
        return arg
    if kind is tuple or kind is list:
        return kind(map(plain, arg))
    if kind in box_classes:
        trace = arg._trace
        may_ask = isinstance(trace, RecordingTrace) or trace.holds_values or arg._node is None
        if arg.dtype.kind not in "iub" or not may_ask:
            return arg
        return plain(trace.plain(arg))
    if isinstance(arg, (np.ndarray, np.integer)) and arg.dtype.kind in "iu" and arg.size <= MOST_ITEMS:
        return as_tuple(arg.tolist())
    return arg


def as_tuple(arg: Any) -> Any:
    """A list, of lists too, as a tuple."""
    return tuple(map(as_tuple, arg)) if type(arg) is list else arg


def whole_numbers(arg: Any) -> Any:
    """Axes or a shape, which may be a list, as a tuple of Python's whole numbers; one number as such, None as it is.

    What is none is refused here, and not by NumPy, since definitions look up what they have found for equal parameters:
    ``1.0`` would be taken for ``1``.
    """
    if type(arg) in WHOLE or type(arg) is tuple and INTEGER.issuperset(map(type, arg)):
        return arg
    return tuple([n if n is UNKNOWN else whole_number(n) for n in arg]) if np.iterable(arg) else whole_number(arg)


def whole_number(arg: Any) -> int:
    """An axis, a length or a count as a number of Python; TypeError for what is none."""
    if type(arg) in box_classes and arg.dtype.kind not in "biu":
        raise TypeError(
            f"an axis, a shape or a count takes whole numbers, and this traced value is a {arg.dtype} of shape "
            f"{arg.shape} ({caller_line()}). The larger of two values is anp.maximum(x, y), their sum x + y."
        )
    return operator.index(arg)


def refuse_dtype(function: Callable) -> NoReturn:
    """Raise TypeError where ``dtype`` is a traced value, which NumPy would take: it has an attribute of that name."""
    raise TypeError(
        f"{function.__name__}: dtype is a traced value ({caller_line()}), not a dtype such as float. An array of "
        "several values is made of a list, anp.array([x, y])."
    )


def refuse(function: Callable, name: str) -> NoReturn:
    raise TracedValueError(
        f"{function.__name__}: {name}= is not there for traced values ({caller_line()}). Leave it away, or take the "
        "plain value with to_numpy(x)."
    )


WHOLE = frozenset([int, type(None)])
INTEGER = frozenset([int])
