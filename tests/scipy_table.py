"""Rows of SciPy's functions, for ``table_test``: a test module says ``scipy_row("special.gamma", x)``.

Importing this module skips the tests of a module where SciPy is not installed.
"""

from __future__ import annotations

from typing import Any

import pytest

scipy = pytest.importorskip("scipy", reason="the traced form of SciPy needs SciPy")

from autodiff_trace import scipy as traced  # noqa: E402

import table  # noqa: E402

__all__ = ["scipy_row"]

table.LIBRARIES["scipy"] = scipy, traced
if tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17):
    table.OLDER.add("scipy")


def scipy_row(name: str, *args: Any, order: int = 2, tolerance: float | None = None, skip: Any = (), **kwargs: Any):
    """A row of the function ``name`` of SciPy, "special.gamma": see ``table.row``."""
    return table.Row(name, args, kwargs, order, tolerance, skip, library="scipy")
