"""Euclidean lengths and directions of vectors, also where their squares over- or underflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.primitives import primitive
from ...core.unary import unary
from .. import wrapped as anp
from ..definers import elementwise

__all__ = ["euclidean_norm", "unit"]


@unary
def euclidean_norm(x, axes, keepdims):
    """The root of the sum of squares over ``axes``."""
    least = LEAST.get(x.dtype) if type(x) is np.ndarray else None
    if least and len(axes) == x.ndim and not keepdims:  # 1 instead of 2 µs
        flat = x if x.ndim == 1 else x.ravel("K")
        ans = np.sqrt(flat.dot(flat))
        if least < ans < np.inf:
            return ans
    x = np.asarray(x)
    if x.dtype.kind not in "fc":
        return plain_norm(x, axes, keepdims)
    if x.dtype == np.float16:
        return euclidean_norm.fun(x.astype(np.float32), axes, keepdims).astype(np.float16)
    ans = plain_norm(x, axes, keepdims)
    return ans if has_digits(ans) else scaled_norm(x, ans, axes)


@np.errstate(over="ignore", under="ignore")
def plain_norm(x, axes, keepdims):
    if len(axes) not in (1, 2):
        return np.linalg.vector_norm(x, axis=axes, keepdims=keepdims)
    return np.linalg.norm(x, axis=axes, keepdims=keepdims)  # 4 instead of 6 µs


def least_length(dtype: np.dtype) -> Any:
    """The least norm whose square, and what it is the sum of, has all digits."""
    info = np.finfo(dtype)
    return np.sqrt(info.tiny / info.eps)


LEAST = {np.dtype(dtype): float(least_length(dtype)) for dtype in (np.float32, np.float64)}


def has_digits(ans) -> bool:
    """Whether no norm is so large, or so small, that squares may have been lost."""
    if not ans.size:
        return True
    least = LEAST.get(ans.dtype) or least_length(ans.dtype)
    return (ans.min() > least and ans.max() < np.inf) if ans.ndim else least < ans < np.inf


def scaled_norm(x, ans, axes):
    """The norm, of the shape of ``ans``, by way of vectors whose largest element is about 1."""
    largest = np.max(np.abs(x), axis=axes, keepdims=True, initial=0)
    most = np.finfo(largest.dtype).maxexp - 2
    exponent = np.clip(np.where(np.isfinite(largest), np.frexp(largest)[1], 0), -most, most)
    scale = np.ldexp(np.ones((), largest.dtype), -exponent)
    with np.errstate(over="ignore", under="ignore"):
        if x.dtype.kind == "c":  # part by part: (∞ + ∞i) (1 + 0i) is NaN
            scaled = np.empty_like(x)
            scaled.real, scaled.imag = x.real * scale, x.imag * scale
        else:
            scaled = x * scale
        length = np.ldexp(plain_norm(scaled, axes, True), exponent)
    return np.reshape(length, ans.shape)[()]


@primitive
def unit(x, length):
    """``x / length``, and 0 where the length is 0."""
    if not length.ndim:
        return x / length if length else np.zeros_like(x)
    if x.ndim < length.ndim:  # of a batch of lengths
        x = np.broadcast_to(x, np.broadcast_shapes(x.shape, length.shape))
    return np.divide(x, length, where=length != 0, out=np.zeros(x.shape, x.dtype))


elementwise(unit, lambda ans, x, length: unit(anp.ones_like(length), length), lambda ans, x, length: -unit(ans, length))
