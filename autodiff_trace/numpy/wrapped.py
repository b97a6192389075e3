"""NumPy's public functions as primitives, and a few of our own. Rules and boxes are written with these names.

``from autodiff_trace.numpy import wrapped as anp`` inside the package; users import ``autodiff_trace.numpy``.
"""

from __future__ import annotations

import operator

import numpy as np

from ..core.tracer import primitive
from .namespace import wrap_namespace, wrapped_functions

wrap_namespace(np, globals(), "autodiff_trace.numpy")

getitem = primitive(operator.getitem, sequence_args=(1,))
"""``x[index]``."""


@primitive
def astype(x, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """Cast an array to ``dtype``; into integers and booleans no derivative flows."""
    return np.asarray(x).astype(dtype, order, casting, subok, copy)


if hasattr(np, "astype"):  # since NumPy 2.1
    wrapped_functions[np.astype] = astype
