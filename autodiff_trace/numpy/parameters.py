"""Parameters that say how and not of what: axes, shapes, counts. Where they are traced, Python has to see them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.primitives import positional_parameters
from ..core.tracer import box_classes, watched_types

__all__ = ["plain_parameters"]

PLAIN = frozenset("""
    axes axis axis1 axis2 axisa axisb axisc ddof decimals destination dims edge_order indices_or_sections k kth
    minlength n N ndmin new_shape newshape num obj offset ord pad_width repeats reps s shape shift source
    start stat_length
""".split())
"""Names of such parameters in NumPy's functions."""


def plain_parameters(function: Callable, args: tuple, kwargs: dict, of_array: Callable | None = None) -> tuple:
    """``args`` and ``kwargs``, with plain numbers as axes, shapes and counts where a trace lets Python have its values.

    Arrays among them become ``of_array(x)``, if that is given. In a jitted function of ``x`` and ``n``,
    ``x.reshape(n, -1)`` makes the program one for this ``n``.
    """
    for i in plain_positions(function):
        if i < len(args) and type(args[i]) in watched_types:
            args = (*args[:i], to_plain(args[i], of_array), *args[i + 1 :])
    if kwargs and not PLAIN.isdisjoint(kwargs):
        kwargs = {name: to_plain(arg, of_array) if name in PLAIN else arg for name, arg in kwargs.items()}
    return args, kwargs


@functools.cache
def plain_positions(function: Callable) -> tuple[int, ...]:
    return tuple([i for i, parameter in enumerate(positional_parameters(function)) if parameter.name in PLAIN and i])


def to_plain(arg: Any, of_array: Callable | None) -> Any:
    kind = type(arg)
    if kind is list or kind is tuple:
        return kind([to_plain(item, of_array) for item in arg])
    if kind in box_classes and arg._trace.guards_values and arg.dtype.kind in "iub":
        value = arg._trace.plain(arg)
        if not arg.ndim:
            return value.item() if hasattr(value, "item") else value
        return value if of_array is None else of_array(value)
    return arg
