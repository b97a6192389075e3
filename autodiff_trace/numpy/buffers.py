"""Arrays to be filled: ``anp.zeros`` and its kin, which inside a traced function give arrays that hold traced values.

Such a buffer is a box without a node: a constant, until a traced value is written into it.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable

import numpy as np

from ..core.tracebacks import hide_frames
from ..core.tracer import boxers, innermost_trace, is_box
from . import wrapped
from .layouts import set_layout
from .namespace import wrapped_functions
from .parameters import refuse_dtype

__all__ = ["BUFFER_MAKERS", "make_buffers"]

BUFFER_MAKERS = "empty empty_like full full_like ones ones_like zeros zeros_like".split()


def buffer_maker(function: Callable) -> Callable:
    """``function``, with its result boxed for the innermost trace that runs."""
    place = 2 if function.__name__.startswith("full") else 1  # of the dtype

    @functools.wraps(function, updated=())
    def make(*args, **kwargs):
        try:
            if is_box(kwargs.get("dtype")) or len(args) > place and is_box(args[place]):
                refuse_dtype(function)
            array = function(*args, **kwargs)
        except Exception as error:
            hide_frames(error)
            raise
        if is_box(array):
            if not array.shape:
                # An array, though elements of a batch without axes pass for numbers.
                set_layout(array, np.zeros((), array.dtype))
            return array
        trace = innermost_trace()
        if trace is None or array.dtype.hasobject:  # an array of objects holds traced values as they are
            return array
        box = boxers[type(array)](array, trace, None)
        if getattr(trace, "is_ground", False):
            box._made = weakref.ref(array)
        return box

    make.__module__ = __package__  # where pickle finds it
    return make


def make_buffers() -> dict[str, Callable]:
    """The buffer makers by name. ``np.zeros_like(box)`` becomes one too; rules go on using the plain functions."""
    makers = {}
    for name in BUFFER_MAKERS:
        plain = getattr(wrapped, name)
        makers[name] = buffer_maker(plain)
        for function, prim in wrapped_functions.items():
            if prim is plain:
                wrapped_functions[function] = makers[name]
    return makers
