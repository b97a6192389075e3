"""Attributes and methods of arrays that change an array in place or show it in another way, as functions of its box."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.tracer import Box
from ..core.unknown_names import our_way
from . import wrapped as anp
from .layouts import Views, is_number, layout
from .views import is_view, link, stand_for_view

__all__ = ["conjugate", "resize", "set_imag", "set_real", "set_shape", "view"]


def set_shape(x: Box, shape: Any) -> None:
    view = anp.reshape(x, shape)
    if not is_view(view) and x.size or is_number(x):
        raise AttributeError(
            f"x.shape = {shape} needs a copy of this array ({caller_line()}): write x = x.reshape({shape})."
        )
    if view.shape != x.shape:
        if not is_view(view):
            link(view, x, anp.reshape, (shape,), {})
        stand_for_view(x, view)


def set_real(x: Box, values: Any) -> None:
    anp.real(x)[...] = values


def set_imag(x: Box, values: Any) -> None:
    if x.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    anp.imag(x)[...] = values


def conjugate(x: Box) -> Any:
    """The complex conjugate; of a real array, as in NumPy, the array itself."""
    return anp.conjugate(x) if x.dtype.kind == "c" else x


def view(x: Box, dtype: Any = None, type: Any = None) -> Any:
    """A view with the same dtype: of the bytes of a traced array nothing is known."""
    try:
        dtype = x.dtype if dtype is None or dtype is np.ndarray else np.dtype(dtype)
    except TypeError as error:  # a shape, perhaps
        raise TypeError(our_way(f"view takes a dtype ({error}), and no shape", ["x.view()"], "shape")) from None
    if dtype != x.dtype or type is not None and type is not np.ndarray:
        raise TracedValueError(
            f"view: a traced array of {x.dtype} can be seen only as what it is ({caller_line()}). Write x.real and "
            "x.imag for the parts of complex numbers, x.astype(dtype) for a cast."
        )
    return x if is_number(x) else anp.reshape(x, x.shape) if x.size else x


def resize(x: Box, *new_shape: Any, refcheck: bool = True) -> None:
    """Change the shape in place: what is too much is cut off, what lacks are zeros."""
    shape = new_shape[0] if len(new_shape) == 1 else new_shape
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    views = [each for each in getattr(x, "_views", None) or () if each() is not None]
    if is_number(x) or is_view(x) or views:
        raise ValueError(
            f"resize: the array is a view, or has views ({caller_line()}): write x = np.resize(x, shape), or resize "
            "a copy."
        )
    flags = layout(x).flags
    if not flags.forc:
        raise ValueError("resize only works on single-segment arrays")
    order = "C" if flags.c_contiguous else "F"  # the elements stay where they are in memory
    flat = anp.ravel(x, order=order)
    lacking = math.prod(shape) - x.size
    flat = anp.concatenate([flat, np.zeros(lacking, x.dtype)]) if lacking > 0 else flat[: math.prod(shape)]
    new = anp.reshape(flat, shape, order=order)
    x._value, x._trace, x._node, x._views = new._value, new._trace, new._node, Views()
