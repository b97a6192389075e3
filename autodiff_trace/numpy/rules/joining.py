"""Rules of the functions that join arrays or take them apart."""

from __future__ import annotations

import numpy as np

from ...core.array_ops import array_ops
from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define

__all__ = ["with_zeros"]


def with_zeros(tangents, arrays):
    """The tangents of a sequence of arrays, with zeros where there is none."""
    return [anp.zeros_like(x) if t is None else t for t, x in zip(tangents, arrays, strict=True)]


# concatenate: each array gets its stretch of the cotangent


def concatenate_vjp(g, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    sizes = [np.size(x) if axis is None else np.shape(x)[axis] for x in arrays]
    ends = np.cumsum(sizes)
    cotangents = []
    for x, size, end in zip(arrays, sizes, ends):
        index = (slice(None),) * ((axis or 0) % g.ndim) + (slice(int(end) - size, int(end)),)
        cotangents.append(match_dtype(anp.reshape(g[index], np.shape(x)), anp.result_type(x)))
    return cotangents


def concatenate_jvp(t, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    return match_dtype(anp.concatenate(with_zeros(t, arrays), axis=axis), ans.dtype)


defvjp(anp.concatenate, concatenate_vjp)
defjvp(anp.concatenate, concatenate_jvp)


# stack: each array gets its slice


def stack_vjp(g, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    before = (slice(None),) * (axis % g.ndim)
    return [match_dtype(g[(*before, i)], anp.result_type(x)) for i, x in enumerate(arrays)]


def stack_jvp(t, ans, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    return match_dtype(anp.stack(with_zeros(t, arrays), axis=axis), ans.dtype)


defvjp(anp.stack, stack_vjp)
defjvp(anp.stack, stack_jvp)


# array: a nested sequence of numbers and arrays


@primitive
def join_nested(nested):
    """``np.array`` of a nested sequence; ``anp.array`` calls it where some leaves are traced."""
    return np.array(nested)


join_nested.sequence_args = (0,)


def nested_cotangents(g, nested):
    """The part of the cotangent that belongs to each leaf."""
    if isinstance(nested, (list, tuple)):
        return [nested_cotangents(g[i], item) for i, item in enumerate(nested)]
    return match_dtype(g, nested.dtype) if hasattr(nested, "dtype") else None


def nested_tangents(t, nested):
    """The nested tangents, with zeros where there is none."""
    if isinstance(nested, (list, tuple)):
        return [nested_tangents(None if t is None else t[i], item) for i, item in enumerate(nested)]
    return np.zeros(np.shape(nested)) if t is None else t


defvjp(join_nested, lambda g, ans, nested: nested_cotangents(g, nested))
defjvp(join_nested, lambda t, ans, nested: match_dtype(join_nested(nested_tangents(t, nested)), ans.dtype))


@define(np.array)
def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, ndmax=0, like=None):
    """An array from a number, an array or a nested sequence of them, traced or not."""
    x = join_nested(object) if isinstance(object, (list, tuple)) else anp.copy(object) if copy else object
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = anp.astype(x, dtype)
    return anp.reshape(x, (1,) * (ndmin - x.ndim) + x.shape) if x.ndim < ndmin else x


@define(np.asarray)
def asarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    return array(a, dtype, copy=bool(copy))


array_ops.array = array
