"""What definitions of ``scipy.linalg`` do with arguments: inexact arrays, checked; vectors as matrices; stacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.rules.matrices import column, transposed

__all__ = ["array", "as_columns", "in_columns", "in_order", "masked", "over_stacks", "phases"]


def array(x: Any, check_finite: bool = False) -> Any:
    """``x`` in a dtype that LAPACK has. With ``check_finite`` an infinity or NaN is an error, as it is in SciPy."""
    x = anp.asarray_chkfinite(x) if check_finite else as_array(x)
    if x.dtype.kind not in "fc":
        return anp.astype(x, np.float64)
    return anp.astype(x, np.float32) if x.dtype == np.float16 else x


def as_columns(b: Any) -> tuple[Any, Callable]:
    """Right-hand sides as columns of a matrix, and what makes a solution of them look as ``b`` does."""
    if b.ndim != 1:
        return b, lambda x: x
    return column(b), lambda x: x[..., 0]


def masked(x: Any, mask: np.ndarray) -> Any:
    """``x``, and 0 where the mask is not: the part of a matrix that is read."""
    return anp.where(mask, x, np.zeros((), x.dtype))


def in_order(x, order):
    """The rows of matrices in some order, which may be another for each matrix of a stack."""
    if order.ndim == 1:
        return anp.take(x, order, axis=-2)
    lead = np.broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x, order = anp.broadcast_to(x, lead + x.shape[-2:]), anp.broadcast_to(order, lead + order.shape[-1:])
    return anp.take_along_axis(x, anp.expand_dims(order, -1), axis=-2)


def in_columns(x, order):
    """The columns of matrices in some order."""
    return transposed(in_order(transposed(x), order))


def phases(v, wanted):
    """The numbers of length 1 that make the vectors ``v`` those that SciPy gives."""
    product = np.sum(v.conj() * wanted, axis=0)
    size = np.abs(product)
    is_same = size > 0.5  # (of repeated values the vectors are a choice)
    return np.where(is_same, product / np.where(is_same, size, 1), 1).astype(v.dtype)


def over_stacks(count: int, core_ndim: int = 2) -> Callable[[Callable], Callable]:
    """Decorate what takes ``count`` matrices, and then parameters: stacks of them are broadcast and taken one by one.

    >>> @over_stacks(1)
    ... def trace(a):
    ...     return np.trace(a)
    >>> trace(np.ones((2, 3, 3)))
    array([3., 3.])
    """

    def decorate(compute):
        @functools.wraps(compute)
        def over(*args):
            arrays, params = args[:count], args[count:]
            if all(x.ndim <= core_ndim for x in arrays):
                return compute(*args)
            lead = np.broadcast_shapes(*[x.shape[: x.ndim - core_ndim] for x in arrays])
            arrays = [np.broadcast_to(x, lead + x.shape[x.ndim - core_ndim :]) for x in arrays]
            if 0 in lead:
                one = compute(*[example(x.shape[len(lead) :], x.dtype) for x in arrays], *params)
                return stacked([one], lead, True)
            arrays = [x if x.flags.writeable else x.copy() for x in arrays]  # (SciPy's Cython code takes no other)
            return stacked([compute(*[x[i] for x in arrays], *params) for i in np.ndindex(lead)], lead)

        return over

    return decorate


def example(shape, dtype):
    """A regular matrix of some shape: what an empty stack would hold."""
    return np.eye(*shape, dtype=dtype) if len(shape) == 2 else np.ones(shape, dtype)


def stacked(answers, lead, is_empty=False):
    first = answers[0]
    if isinstance(first, tuple):
        return tuple([stacked(list(each), lead, is_empty) for each in zip(*answers)])
    if is_empty:
        return np.empty(lead + np.shape(first), np.asarray(first).dtype)
    return np.reshape(np.stack(answers), lead + np.shape(first))
