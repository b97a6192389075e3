"""What NumPy gets where it asks a traced value for an array: the plain one, where no derivative is dropped.

Else the call is refused, or, as autograd has it, the array is one of objects, with the traced items in it: NumPy adds
and multiplies these by their own operators.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.asking import why_not
from ..core.errors import TracedValueError, caller_line
from ..core.recording import RecordingTrace
from ..core.tracer import spent_constant
from .plain_askers import why_asked
from .plain_scipy import why_no_plain_value

__all__ = ["gives_objects", "plain_array", "plain_parameter"]

gives_objects: ContextVar[bool] = ContextVar("gives_objects", default=False)
"""Whether ``np.array([x, y])`` of traced values is an array of these, as in autograd."""


def plain_array(box: Any, dtype: Any) -> np.ndarray:
    """``np.array(box, dtype)``.

    Raises TracedValueError where that would drop a derivative.
    """
    if box._trace.has_ended and (constant := spent_constant(box)) is not box:
        return np.array(constant, dtype)
    if box._node is None or isinstance(box._trace, RecordingTrace):
        return np.array(box._trace.python_value(box, np.array), dtype)
    if gives_objects.get() and dtype in (None, object):
        items = np.empty(box.shape, object)
        for index in np.ndindex(items.shape):
            items[index] = box[index] if index else box
        return items
    line = caller_line()
    raise TracedValueError(why_no_plain_value("the array") or why_asked() or why_not(line) or (
        f"NumPy asks a traced value for a plain array, which would drop its derivative ({line}). Instead of "
        "np.array([x, y]) write anp.array([x, y]), of autodiff_trace.numpy, instead of np.f([[x, y]]) anp.f([[x, y]]); "
        "an array to write into is made with anp.zeros(...) inside the function; for the plain value take to_numpy(x)."
    ))


def plain_parameter(box: Any) -> float:
    """``box`` as ctypes hands it to a function of C."""
    if box._node is None or isinstance(box._trace, RecordingTrace):
        return float(box)
    raise TracedValueError(
        f"a function of C takes plain numbers, and this is a traced value ({caller_line()}). Give the function a rule, "
        "with extend.primitive or custom_vjp; or take the plain value with to_numpy(x)."
    )
