"""Operators of other libraries that give way to a traced operand, where they ask NumPy for its array."""

from __future__ import annotations

import importlib
import types

from ..core.errors import TracedValueError, caller_line

__all__ = ["gives_way", "gives_way_in"]

gives_way_in: dict[types.CodeType, bool] = {}
"""Code of operators of others that give way to an operand of which NumPy makes no array: boxes let it make none there.
True for the operators, False for the functions that these call, and that may be called without them."""


def gives_way(frame):
    """Whether an operator of others asks NumPy for the array of an operand: in the frames around ``frame``."""
    while frame.f_globals.get("__name__", "").startswith("numpy."):  # np.atleast_2d
        frame = frame.f_back
    if not gives_way_in and frame.f_globals.get("__name__", "").startswith("scipy.sparse"):
        importlib.import_module(f"{__package__.partition('.')[0]}.scipy.sparse")  # knows SciPy's operators
    if frame.f_code not in gives_way_in:
        return False
    name = frame.f_code.co_name
    while gives_way_in.get(frame.f_code) is False:
        frame = frame.f_back
    if frame.f_code in gives_way_in:
        return True
    raise TracedValueError(
        f"a method of another library ({name}) takes no traced values ({caller_line()}), its operators do: write "
        "A * x or A @ x."
    )
