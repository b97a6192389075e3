"""Parameters that say how and not of what: axes, shapes, counts. Where they are traced, Python has to see them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.parameters import positional_parameters
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes, fixed_types, watched_types

__all__ = ["INTEGER", "PLAIN", "plain_parameters", "to_plain", "whole_numbers"]

PLAIN = frozenset("""
    axes axis axis1 axis2 axisa axisb axisc ddof decimals destination dims edge_order indices_or_sections k kth
    minlength n N ndmin new_shape newshape num obj offset ord pad_width repeats reps s shape shift source
    start stat_length
""".split())
"""Names of such parameters in NumPy's functions."""


OWN_PACKAGES = ("numpy", __name__.partition(".")[0])

MOST_ITEMS = 64
"""Of an array of axes, a shape, counts: NumPy's arrays have as many axes at most."""


def plain_parameters(function: Callable, args: tuple, kwargs: dict, fixed: bool = False) -> tuple:
    """``args`` and ``kwargs``, with plain numbers as axes, shapes and counts where a trace lets Python have its values.

    If they are ``fixed`` arrays among them become tuples, NumPy's integers Python's, traced or not. In a jitted
    function of ``x`` and ``n``, ``x.reshape(n, -1)`` makes the program one for this ``n``. Of functions of others than
    NumPy nobody knows what such a name means.
    """
    for i in plain_positions(function):
        if i < len(args) and may_be_plain(args[i]):
            args = (*args[:i], to_plain(args[i], fixed), *args[i + 1 :])
    if kwargs and not PLAIN.isdisjoint(kwargs) and is_own(function):
        kwargs = {name: to_plain(arg, fixed) if name in PLAIN else arg for name, arg in kwargs.items()}
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


def may_be_plain(arg: Any) -> bool:
    return type(arg) in watched_types or isinstance(arg, (np.ndarray, np.integer))


def to_plain(arg: Any, fixed: bool) -> Any:
    kind = type(arg)
    if kind is tuple and fixed_types.issuperset(map(type, arg)) and not fixed:
        return arg
    if kind is list or kind is tuple:
        return kind([to_plain(item, fixed) for item in arg])
    if kind in box_classes:
        if not isinstance(arg._trace, RecordingTrace) or arg.dtype.kind not in "iub":
            return arg
        value = arg._trace.plain(arg)
    elif fixed and isinstance(arg, (np.ndarray, np.integer)) and arg.dtype.kind in "iu" and arg.size <= MOST_ITEMS:
        value = arg
    else:
        return arg
    if not np.ndim(value):
        return value.item() if hasattr(value, "item") else value
    return tuple(value.tolist()) if fixed else value


def whole_numbers(arg: Any) -> Any:
    """The whole number, or the tuple of them, that an axis or several, or a shape, is; None is None. Python asks the
    trace of a traced one for its value."""
    kind = type(arg)
    if kind is int or arg is None or kind is tuple and INTEGER.issuperset(map(type, arg)):
        return arg
    return tuple(map(operator.index, arg)) if np.iterable(arg) else operator.index(arg)


INTEGER = frozenset([int])
