"""What is known of the arrays of Dask, CuPy, sparse and xarray, each in a module of its own.

It is loaded when the user's program has imported that library. Knows no rule.
"""

from __future__ import annotations

import functools
import importlib

from ..core.libraries import libraries

__all__: list[str] = []

for _library, _module in (
    ("cupy", "cupy_arrays"), ("dask.array", "dask_arrays"), ("sparse", "sparse_arrays"),
    ("xarray", "xarray_containers"),
):
    libraries[_library] = functools.partial(importlib.import_module, f".{_module}", __name__)
