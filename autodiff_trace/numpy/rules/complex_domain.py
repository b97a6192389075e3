"""Functions of ``numpy.emath``: roots and logarithms that are complex where the real ones end.

Whether the answer is complex depends on the values: one number outside makes it so for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import wrapped as anp
from ..canonical import as_array
from ..namespace import wrapped_functions

__all__: list[str] = []


def is_negative(x: Any) -> Any:
    return anp.less(x, 0)


def is_beyond_one(x: Any) -> Any:
    return anp.greater(anp.absolute(x), 1)


def complex_where(is_outside: Callable, x: Any) -> Any:
    """``x``, as complex numbers if one of its elements is outside of the real domain."""
    x = as_array(x)
    if x.dtype.kind != "c" and anp.any(is_outside(x)):
        return anp.astype(x, np.result_type(x.dtype, np.complex64))
    return x


def define_emath(name: str, is_outside: Callable) -> None:
    real = getattr(anp, name)
    wrapped_functions[getattr(np.emath, name)] = lambda x: real(complex_where(is_outside, x))


for _name in ("log", "log10", "log2", "sqrt"):
    define_emath(_name, is_negative)
for _name in ("arccos", "arcsin", "arctanh"):
    define_emath(_name, is_beyond_one)


def logn(n: Any, x: Any) -> Any:
    return anp.log(complex_where(is_negative, x)) / anp.log(complex_where(is_negative, n))


def power(x: Any, p: Any) -> Any:
    x, p = complex_where(is_negative, x), as_array(p)
    if p.dtype.kind not in "fc" and anp.any(is_negative(p)):  # NumPy has no negative powers of integers
        p = anp.astype(p, np.float64)
    return anp.power(x, p)


wrapped_functions[np.emath.logn] = logn
wrapped_functions[np.emath.power] = power
