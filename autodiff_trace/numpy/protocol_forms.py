"""What computes primitives by NumPy's protocols alone, and with the parameters that all libraries know.

For arrays of other libraries (``array_types``). Here stand the primitives whose own functions look into memory, call
LAPACK, write with ``out=`` and ``where=``, or make NumPy's arrays; each form gives what its function gives.
"""

from __future__ import annotations

import math

import numpy as np

from ..core.foreign import array_types, is_foreign
from ..core.pytree import tree_leaves
from ..core.traits import declare
from . import linalg, moving
from . import wrapped as anp
from .broadcasting import sum_to
from .rules.creation import check_finite, join_nested
from .rules.factorizations import factor_cotangent
from .rules.lengths import euclidean_norm, unit
from .rules.ordering import argpartition_along, argsort_along
from .rules.reductions import count_over, fill
from .rules.repeated_values import limit_quotient
from .rules.scattering import has_no_repeats, scatter
from .rules.sets import find_unique
from .rules.windows import sum_windows
from .selections import beside

__all__: list[str] = []


def astype(x, dtype, order="K", casting="unsafe", subok=True, copy=True):
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"Cannot cast array data from {x.dtype!r} to {np.dtype(dtype)!r} according to {casting!r}.")
    return x.astype(dtype, copy=copy)


def where(condition, *branches):
    if branches and not hasattr(condition, "dtype"):
        condition = np.asarray(condition, like=next(x for x in branches if is_foreign(x)))
    return np.where(condition, *branches)


def sum_to_shape(x, shape):
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 and x.shape[lead + i] != 1))
    return (np.sum(x, axis=axes, keepdims=True) if axes else x).reshape(shape)


def join(nested):
    like = next(leaf for leaf in tree_leaves(nested) if is_foreign(leaf))

    def stacked(item):
        if isinstance(item, np.ndarray) and item.ndim:  # the library says whether it goes beside its own
            return item
        return np.stack([*map(stacked, item)]) if isinstance(item, (list, tuple)) else np.asarray(item, like=like)

    return stacked(nested)


def finite(a):
    if not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a


def dot(x, y):
    return np.dot(x, y) if getattr(x, "ndim", 0) and getattr(y, "ndim", 0) else np.multiply(x, y)


# Vectors whose largest element is 1 have squares that neither over- nor underflow


def norm(x, axes, keepdims):
    scale = 1
    if x.size:
        size = np.max(np.abs(x), axis=axes, keepdims=True)
        scale = np.where(np.logical_and(size > 0, np.isfinite(size)), size, x.real.dtype.type(1))
    ans = np.sqrt(np.sum(np.abs(x / scale) ** 2, axis=axes, keepdims=True)) * scale
    return ans if keepdims else ans.reshape(tuple([n for i, n in enumerate(x.shape) if i not in axes]))


def direction(x, length):
    is_zero = np.equal(length, 0)
    return np.where(is_zero, x.dtype.type(0), x / np.where(is_zero, length.dtype.type(1), length))


# Places


def argsort(x, axis, kind=None, order=None, stable=None):
    return np.argsort(x, axis=axis, kind="stable" if stable else kind)


def argpartition(x, axis, kth, kind, order):
    return np.argpartition(x, kth, axis=axis)


def count(x, axes, keepdims):
    return np.sum(np.not_equal(x, 0), axis=axes, keepdims=keepdims)


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, equal_nan=True, sorted=True):
    return np.unique(ar, return_index, return_inverse, return_counts, axis=axis)


# Items


def accumulate(total, index, value):
    """``np.add.at``, for which libraries that have it may have another name."""
    array_types[type(total)].forms.get(np.add.at, np.add.at)(total, index, value)


def add_at(x, index, value):
    result = x.copy()
    accumulate(result, index, value)
    return result


def scatter_pieces(pieces, indices, shape):
    total = np.zeros_like(pieces[0], shape=shape)
    for piece, index in zip(pieces, indices):
        if has_no_repeats(index):
            total[index] += piece
        else:
            accumulate(total, index, piece)
    return total


def add_windows(g, shape, window_shape, axis):
    size = math.prod(shape)
    places = np.lib.stride_tricks.sliding_window_view(np.arange(size).reshape(shape), window_shape, axis)
    return add_at(np.zeros_like(g, shape=(size,)), places, g).reshape(shape)


# Matrices


def solve(a, b):
    if b.ndim > 1:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (np.broadcast_to(x, (*stack, *x.shape[-2:])) for x in (a, b))
    return np.linalg.solve(a, b)


def quotient_or_nan(x, y, size, least, recorded, name):
    """Where the divisor counts as 0, at repeated values, the limit is not known: 0/0 need not be 0."""
    close = np.abs(y) <= least
    return np.where(close, x.dtype.type(np.nan), x / np.where(close, y.dtype.type(1), y))


def pull_back_factor(g, factor):
    """Ā from the cotangent g of the factor L: the folded L⁻ᵀ Φ(Lᵀ g) L̄⁻¹."""
    upper = factor.swapaxes(-1, -2)
    product = np.tril(upper @ g)
    diagonal = np.asarray(np.eye(factor.shape[-1]), like=factor)
    half = np.linalg.solve(upper, product - product * diagonal / 2)
    s = np.linalg.solve(upper.conj(), half.swapaxes(-1, -2)).swapaxes(-1, -2)
    folded = np.tril(s + s.swapaxes(-1, -2).conj())
    return folded - folded * diagonal / 2


for _prim, _form in (
    (anp.add_at, add_at), (anp.astype, astype), (anp.dot, dot), (anp.where, where), (argpartition_along, argpartition),
    (argsort_along, argsort), (beside, lambda mask, g: mask.copy()), (check_finite, finite), (count_over, count),
    (euclidean_norm, norm), (factor_cotangent, pull_back_factor),
    (fill, lambda g, shape: np.broadcast_to(g, shape).copy()), (find_unique, unique), (join_nested, join),
    (limit_quotient, quotient_or_nan), (linalg.solve, solve), (moving.copy, lambda x, order: x.copy()),
    (scatter, scatter_pieces), (sum_to, sum_to_shape), (sum_windows, add_windows), (unit, direction),
):
    declare(_prim, protocol_form=_form)
