"""Handling: which floating-point errors the caller is to see, by what ``np.errstate`` says. It is looked up only when
one was raised."""

from __future__ import annotations

import sys
from contextvars import ContextVar

import numpy as np

from .words import FLAGS

__all__ = ["TABLE", "is_visible"]


def find_variable() -> ContextVar | None:
    """The context variable where NumPy (2.0 and later) keeps it, as one object for each way of handling errors."""
    module = sys.modules.get("numpy._core._multiarray_umath")
    variable = getattr(module, "_extobj_contextvar", None)
    return variable if isinstance(variable, ContextVar) and type(variable.get()).__name__ == "PyCapsule" else None


variable = find_variable()

#: For native code: the address of the variable or 0, of the object that was its value when it was last asked for, and
#: the flags that are visible then.
TABLE = np.array([0 if variable is None else id(variable), 0, 0], np.int64)

latest: object = None  # that object, which stays the only one at its address


def is_visible(raised: int) -> bool:
    """Whether the caller is to see one of these floating-point errors, which is then noted for native code."""
    global latest
    handling = np.geterr()
    visible = sum(bit for name, bit in FLAGS.items() if handling[name] != "ignore")
    if variable is not None:
        now = variable.get()
        TABLE[1:] = id(now), visible
        latest = now
    return bool(raised & visible)
