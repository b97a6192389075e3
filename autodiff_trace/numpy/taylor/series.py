"""Arithmetic with truncated power series, as lists of coefficients 0 … n in which None is zero.

The recurrences built on it are those of A. Griewank and A. Walther, "Evaluating Derivatives", 2nd ed., SIAM 2008,
chapter 13 (tables 13.1 and 13.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.taylor import Series, trace_taylor
from ..broadcasting import broadcast_tangent

__all__ = [
    "add", "convolve", "convolve_with_itself", "derivative_of", "fit", "over", "series_of", "subtract",
]


def add(x: Any, y: Any) -> Any:
    """The sum of two coefficients."""
    return y if x is None else x if y is None else x + y


def subtract(x: Any, y: Any) -> Any:
    """The difference of two coefficients."""
    return x if y is None else -y if x is None else x - y


def convolve(a: list, b: list, k: int, first: int, last: int) -> Any:
    """The sum of ``a[i] b[k − i]`` over i = first … last."""
    total = None
    for i in range(first, last + 1):
        x, y = a[i], b[k - i]
        if x is not None and y is not None:
            total = x * y if total is None else total + x * y
    return total


def convolve_with_itself(a: list, k: int, first: int) -> Any:
    """The sum of ``a[i] a[k − i]`` over i = first … k − first, each pair of equal terms computed once."""
    half = (k + 1) // 2
    total = convolve(a, a, k, k - half + 1, k - first)
    total = None if total is None else 2 * total
    if k % 2 or a[half] is None or half < first:
        return total
    return add(total, a[half] * a[half])


def fit(c: Any, ans: Any) -> Any:
    """A coefficient with the shape and dtype of the answer, which a broadcast operand's lack."""
    if type(c) is complex:  # as a Python number times a NumPy scalar is
        c = np.complex128(c)
    return None if c is None else broadcast_tangent(c, ans)


def derivative_of(node: Series) -> list:
    """The coefficients k uₖ, by k: those of t u'(t). Recurrences for integrals are written with them."""
    return [None, *(c if c is None or k == 1 else k * c for k, c in enumerate(node, 1))]


def series_of(fun: Callable, x: Any, node: Series, order: int) -> list:
    """The coefficients 0 … order of ``fun`` of a series of at least that order."""
    if order == 0:
        return [fun(x)]
    outputs, nodes = trace_taylor(lambda box: [fun(box)], [x], [Series(node[:order])], order)
    return [outputs[0], *(nodes[0] or [None] * order)]


def over(c: Any, value: Any) -> Any:
    """A coefficient divided by ``value``."""
    return None if c is None else c / value
