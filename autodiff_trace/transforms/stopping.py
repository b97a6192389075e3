"""Values out of the derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.pytree import tree_map
from ..core.tracer import is_box
from ..numpy.mutation import copy_array, identity

__all__ = ["stop_gradient", "to_numpy"]


def stop_gradient(x: Any) -> Any:
    """``x``, a number, an array or a container of them, as a constant of all derivatives.

    >>> from autodiff_trace import grad
    >>> float(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return tree_map(identity, x)


def to_numpy(x: Any) -> Any:
    """The plain number or array under a traced value (or a container of them), for printing, plotting and storing.

    >>> from autodiff_trace import grad
    >>> seen = []
    >>> gradient = grad(lambda x: seen.append(to_numpy(x)) or x * x)(3.0)
    >>> [float(x) for x in seen]
    [3.0]
    """
    return tree_map(take_boxes_off, x)


def take_boxes_off(x):
    if not is_box(x):
        return x
    while is_box(x):
        x = x._trace.plain(x)
    return copy_array(x) if type(x) is np.ndarray else x  # in which the caller may write
