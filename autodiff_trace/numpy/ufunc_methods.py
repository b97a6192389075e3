"""What a ufunc is asked for besides a plain call: its methods, and its keywords ``out``, ``where`` and ``dtype``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.array_ops import array_ops
from ..core.errors import TracedValueError, caller_line
from . import wrapped as anp
from .namespace import wrapped_functions

__all__ = ["call_ufunc_method"]

REDUCTIONS = {
    np.add: anp.sum, np.multiply: anp.prod, np.maximum: anp.max, np.minimum: anp.min,
    np.logical_and: anp.all, np.logical_or: anp.any,
}
ACCUMULATIONS = {np.add: anp.cumsum, np.multiply: anp.cumprod}


def call_ufunc_method(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict) -> Any:
    """``ufunc.method(*inputs, **kwargs)``, where some arguments are traced: NumPy's protocol NEP 13."""
    prim = wrapped_functions.get(ufunc)
    if prim is not None:
        if isinstance(kwargs.get("out"), tuple) and len(kwargs["out"]) == 1:
            kwargs["out"] = kwargs["out"][0]
        if method == "__call__":
            return prim(*inputs, **kwargs)
        if method == "reduce" and ufunc in REDUCTIONS:
            return REDUCTIONS[ufunc](*inputs, **{"axis": 0, **kwargs})
        if method == "accumulate" and ufunc in ACCUMULATIONS:
            return ACCUMULATIONS[ufunc](*inputs, **{"axis": 0, **kwargs})
        if method == "outer":
            x, y = inputs
            return prim(anp.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y, **kwargs)
        if method == "at":
            return update_at(prim, *inputs)
    raise TracedValueError(
        f"numpy.{ufunc.__name__}{'' if method == '__call__' else '.' + method} of a traced value has no derivative here "
        f"({caller_line()}). Wrap it with extend.primitive and give it rules, or take the plain value with to_numpy(x)."
    )


def update_at(prim: Callable, x: Any, index: Any, *values: Any) -> None:
    """``ufunc.at``: repeated indices count each time, which only adding and subtracting can be traced through."""
    if prim is anp.subtract:
        prim, values = anp.add, (-values[0],)
    if prim is not anp.add:
        raise TracedValueError(
            f"numpy.{prim.__name__}.at cannot be traced ({caller_line()}); add.at and subtract.at can. Where no index is "
            "repeated, x[index] = f(x[index], y) does the same."
        )
    if not hasattr(x, "replace"):
        array_ops.store(x, None)
    x.replace(anp.add_at(x, index, values[0]))


def ufunc_keywords(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """A call of a ufunc with keywords, as primitives without keywords. ``order`` and ``subok`` do not change values."""
    kwargs = {name: value for name, value in kwargs.items() if name not in ("order", "subok")}
    out, where, dtype, casting = (kwargs.pop(name, None) for name in ("out", "where", "dtype", "casting"))
    if kwargs:
        raise TracedValueError(f"{prim.__name__}: {', '.join(kwargs)}= cannot be traced ({caller_line()}).")
    if dtype is not None:
        for arg in args:
            if not np.can_cast(anp.result_type(arg), dtype, casting or "same_kind"):
                raise TypeError(f"{prim.__name__}: cannot cast from {anp.result_type(arg)} to {np.dtype(dtype)}")
        args = [anp.astype(arg, dtype) if hasattr(arg, "dtype") else np.asarray(arg, dtype) for arg in args]
    ans = prim(*args)
    if where is not None and where is not True:
        if out is None:
            raise ValueError(
                f"{prim.__name__}: where= without out= leaves elements undefined ({caller_line()}); anp.where(mask, "
                "f(x), other) says what they are."
            )
        ans = anp.where(where, ans, out)
    return ans if out is None else array_ops.store(out, ans)


for _function, _prim in wrapped_functions.items():
    if isinstance(_function, np.ufunc) and _function.signature is None:
        _prim.keyword_handler = ufunc_keywords
