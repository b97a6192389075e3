"""CuPy's arrays, on a GPU: they speak NumPy's protocols, and never become NumPy's by themselves."""

from __future__ import annotations

import cupy
import numpy as np

from ..numpy.array_types import register_array_type

__all__: list[str] = []

register_array_type(cupy.ndarray, forms={np.add.at: cupy.add.at})
