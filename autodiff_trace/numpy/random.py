"""NumPy's random numbers. They have no derivative: traced parameters are refused, with what to write instead."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.recording import RecordingTrace, draw
from ..core.tracer import find_top_trace, is_box

__all__ = ["refuse_traced"]


def refuse_traced(function: Callable) -> Callable:
    """``function``, with an error for arguments that are followed by a derivative. (Arrays that ``anp.zeros`` and its
    kin have made are traced, too, but constants until a traced value is written into them.)"""

    def definition(*args, **kwargs):
        raise TracedValueError(
            f"numpy.random.{function.__name__}: a parameter is a traced value ({caller_line()}), but a draw has no "
            "derivative. Draw with plain parameters and transform the draw: loc + scale * random.normal(size=n)."
        )

    @functools.wraps(function, updated=())
    def call(*args, **kwargs):
        top = find_top_trace((*args, *kwargs.values()))
        if top is not None:
            args = tuple(map(constant, args))
            kwargs = {name: constant(arg) for name, arg in kwargs.items()}
            top = find_top_trace((*args, *kwargs.values()))
        if top is not None and not isinstance(top, RecordingTrace):
            return definition(*args, **kwargs)
        return draw(function, args, kwargs)

    call.fun = function
    return call


def constant(x):
    """``x``, the value under the boxes where it depends on nothing."""
    while is_box(x) and x._node is None and not isinstance(x._trace, RecordingTrace):
        x = x._value
    return x


for _name, _value in vars(np.random).copy().items():
    if not _name.startswith("_") and not isinstance(_value, types.ModuleType):
        globals()[_name] = (
            refuse_traced(_value) if callable(_value) and not isinstance(_value, type) and _name != "test" else _value
        )
        __all__.append(_name)
