"""The reductions sum, mean, prod, all, any, count_nonzero: each of them in one statement, with its rules above."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.array_ops import array_ops
from ...core.foreign import array_types, has_values
from ...core.tracer import is_box
from ...core.unary import unary
from ...core.unknown_sizes import has_unknown
from .. import wrapped as anp
from ..along_axes import expand_reduced, kept_axes_last, reduction
from ..broadcasting import cast, match_dtype, sum_to
from ..canonical import NO_VALUE, as_array, axes_of, is_given
from ..definers import SHORT, define, is_surely_finite
from ..selections import moves
from .shapes import in_front

__all__ = ["any_over", "count_over", "count_reduced", "fill", "mean_over", "prod_over", "sum_over"]


add_reduce = np.add.reduce


@unary
def fill(g, shape):
    """``g`` broadcast to ``shape``: of a large array a view, which saves its pages; of a small one a copy (0.5 instead
    of 1.9 µs)."""
    if type(g) in (np.float64, ndarray) and math.prod(shape) > SHORT:
        return np.broadcast_to(g, shape)
    full = np.empty_like(g, shape=shape, order="C")
    full[...] = g
    return full if shape else full[()]


moves(
    fill, transpose=lambda g, ans, x, shape: sum_to(g, x.shape),
    batch=lambda x, shape: fill(in_front(x, len(shape)), (len(x), *shape)),
)


def count_reduced(x: Any, axes: tuple[int, ...]) -> int:
    """How many elements go into each element of the answer."""
    shape = x.shape
    return shape[axes[0]] if len(axes) == 1 else math.prod([shape[axis] for axis in axes])


# sum, and mean = sum / count


def spread(g, ans, x, axes, keepdims):
    """The cotangent of a sum, given to each element that went into it."""
    if g.dtype != x.dtype:
        g = match_dtype(g, x.dtype)
    g = expand_reduced(g, x, axes)
    return g + anp.zeros_like(x) if array_types and not has_values(x) else fill(g, x.shape)  # in the chunks of ``x``


sum_over = reduction(
    np.add, np.sum, neutral=0, transpose=spread, moves_elements=True, harmless=True, shows_nan=True
)


def average(x, axes, keepdims):
    if type(x) is not ndarray or x.dtype.char not in "fdFD" or not x.size:
        return np.mean(x, axis=axes, keepdims=keepdims)
    return add_reduce(x, axes, None, None, keepdims) / (x.size if len(axes) == x.ndim else count_reduced(x, axes))


def mean_transpose(g, ans, x, axes, keepdims):
    if has_unknown(x.shape):
        ones = anp.ones_like(anp.real(x))
        return spread(g / anp.maximum(sum_over(ones, axes, keepdims), 1), ans, x, axes, keepdims)
    # Times the reciprocal, because a count can be beyond the largest number of float16.
    return spread(g * (1 / max(count_reduced(x, axes), 1)), ans, x, axes, keepdims)


mean_over = reduction(
    average, np.mean, transpose=mean_transpose, moves_elements=True, harmless=True, shows_nan=True
)


@define(np.mean)
def mean(a, axis, dtype, out, keepdims, where):
    x = as_array(a)
    axes = axes_of(x, axis)
    if not axes and axis is not None and not is_given(where):
        normalize_axis_tuple(axis, x.ndim)  # of a number there is no axis 0
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    if where is NO_VALUE or not is_given(where):
        if dtype is None is out:
            return mean_over(x, axes, keepdims)
        return array_ops.store(out, cast(mean_over(cast(x, dtype), axes, keepdims), dtype))
    wide = np.float64 if x.dtype.kind in "iub" else np.float32 if x.dtype == np.float16 else x.dtype
    total = anp.sum(x, axes, wide if dtype is None else dtype, None, keepdims, where=where)
    ans = total / cast(count_taken(x, axes, where, keepdims), total.dtype)
    return array_ops.store(out, cast(ans, x.dtype if dtype is None and x.dtype == np.float16 else dtype))


def count_taken(x: Any, axes: tuple[int, ...], where: Any, keepdims: bool) -> Any:
    """How many elements the mask takes into each element of the answer; NaN, with NumPy's warning, for none."""
    count = sum_over(anp.broadcast_to(where, x.shape), axes, keepdims)
    if not is_box(count) and has_values(count) and not np.all(count):
        warnings.warn("Mean of empty slice.", RuntimeWarning, stacklevel=2)
    return anp.where(anp.greater(count, 0), count, np.nan)


# prod: ∂/∂xᵢ is the product of the others, formed without dividing, so that zeros are exact


def prod_slope(ans, x, axes):
    """For each element the product of the other elements that are multiplied with it."""
    if type(x) is ndarray:
        # Where no factor is zero and nothing overflows one quotient will do (a fifth of the time for 1000 factors).
        with np.errstate(all="ignore"):
            slope = expand_reduced(ans, x, axes) / x
        if is_surely_finite(slope) and np.all(slope):
            return slope
    order, kept = kept_axes_last(x, axes)
    shape = tuple([x.shape[axis] for axis in order])
    others = exclusive_products(anp.reshape(anp.transpose(x, order), (*kept, count_reduced(x, axes))))
    return anp.transpose(anp.reshape(others, shape), tuple(np.argsort(order).tolist()))


def exclusive_products(rows):
    """Along the last axis, for each element the product of all others, in log n steps of array operations.

    Pairs are multiplied up a tree; on the way down each node hands its children the product of all that is outside
    them. (Prefix times suffix products cost n steps: a cumulative product is itself no elementary operation.)
    """
    n = rows.shape[-1]
    if n <= 1:
        return anp.ones_like(rows)
    if n % 2:
        rows = anp.concatenate([rows, anp.ones_like(rows[..., :1])], axis=-1)
    left, right = rows[..., 0::2], rows[..., 1::2]
    outside = exclusive_products(left * right)
    pairs = anp.stack([outside * right, outside * left], axis=-1)
    return anp.reshape(pairs, (*rows.shape[:-1], rows.shape[-1]))[..., :n]


prod_over = reduction(np.multiply, np.prod, neutral=1, slope=prod_slope, harmless=True)


# Without a derivative


def count(x, axes, keepdims):
    if type(x) is not ndarray or len(axes) == x.ndim:
        return np.count_nonzero(x, None if len(axes) == np.ndim(x) else axes, keepdims=keepdims)
    return add_reduce(x != 0, axes, np.intp, None, keepdims)


all_over = reduction(np.logical_and, np.all, neutral=True, harmless=True, differentiable=False)
any_over = reduction(np.logical_or, np.any, neutral=False, harmless=True, differentiable=False)
count_over = reduction(count, np.count_nonzero, neutral=0, differentiable=False)
