"""CuPy's arrays, on a GPU: they speak NumPy's protocols, and never become NumPy's by themselves."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from ..numpy.array_types import register_array_type

__all__: list[str] = []


def add_at(x: Any, index: Any, value: Any) -> None:
    """``cupy.add.at``, of complex numbers part by part: it knows real ones alone."""
    if x.dtype.kind != "c":
        return cupy.add.at(x, index, value)
    value = cupy.asarray(value)
    add_at(x.real, index, value.real)
    add_at(x.imag, index, value.imag)


register_array_type(cupy.ndarray, forms={np.add.at: add_at})
