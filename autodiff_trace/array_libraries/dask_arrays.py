"""Dask's arrays: derivatives are graphs of tasks, which compute nothing until their user asks.

What works element by element goes block by block, what Dask has is Dask's, and what works along an axis or on matrices
goes over the blocks of arrays that are whole along these (``dask_axes``, ``dask_matrices``). All else is refused by its
name: NumPy's functions that Dask lacks would compute the array.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import elemwise

from ..core.selections import Mask
from ..numpy import moving
from ..numpy import wrapped as anp
from ..numpy.array_types import register_array_type
from ..numpy.broadcasting import sum_to
from ..numpy.rules import einsum, extrema, lengths, norms, ordering, reductions, repeated_values, scattering
from ..numpy.rules import variances
from ..numpy.selections import beside, ones_beside, restrict
from . import dask_axes, dask_matrices, dask_reading, dask_writing
from .dask_blocks import Task, as_dask, is_unknown
from .dask_shapes import is_same_shape, reshape

__all__: list[str] = []


def with_chunks_of(gradient: Any, argument: Any) -> Any:
    """A gradient in the chunks of its argument."""
    if gradient.chunks == argument.chunks or is_unknown(argument) or is_unknown(gradient):
        return gradient
    return gradient.rechunk(argument.chunks)


def broadcast_to(x, shape):
    """New axes in chunks of Dask's usual size: what is computed of them is as large as they are."""
    x = as_dask(x)
    if is_same_shape(x.shape, shape):
        return x
    lead = len(shape) - x.ndim
    kept = [*[False] * lead, *[n == size for n, size in zip(x.shape, shape[lead:])]]
    chunks = [x.chunks[i - lead] if keep else "auto" for i, keep in enumerate(kept)]
    return da.broadcast_to(x, shape, da.core.normalize_chunks(tuple(chunks), shape, dtype=x.dtype))


def dot(x, y):
    return x * y if np.ndim(x) == 0 or np.ndim(y) == 0 else da.dot(as_dask(x), as_dask(y))


def count(x, axes, keepdims):
    return da.sum(x != 0, axis=axes, keepdims=keepdims, dtype=np.intp)


def mean(x, axes, keepdims):
    return da.mean(x, axis=axes, keepdims=keepdims)


def limit_quotient(x, y, size, least, recorded, name):
    return elemwise(Task(repeated_values.limit_quotient, recorded, name), x, y, size, least)


FORMS: dict[Callable, Callable] = {
    anp.add_at: dask_writing.add_at,
    anp.astype: lambda x, dtype, order="K", casting="unsafe", subok=True, copy=True: x.astype(dtype),
    anp.dot: dot,
    anp.getitem: dask_reading.getitem,
    anp.set_item: dask_writing.set_item,
    anp.write_item: dask_writing.set_item,
    moving.broadcast_to: broadcast_to,
    moving.reshape: reshape,
    norms.infinite_where: lambda ans, is_lost: da.where(is_lost, np.inf, ans),
    reductions.count_over: count,
    reductions.fill: broadcast_to,
    reductions.mean_over: mean,
    repeated_values.limit_quotient: limit_quotient,
    restrict: lambda x, mask: elemwise(Task(restrict), x, mask() if type(mask) is Mask else mask),
    scattering.scatter: dask_writing.scatter,
    **dask_axes.FORMS,
    **dask_matrices.FORMS,
}

BY_PROTOCOLS = frozenset({
    anp.around, anp.fix, anp.frexp, anp.isin, anp.isneginf, anp.isposinf, anp.matmul, anp.modf, anp.ones_like, anp.round,
    anp.searchsorted, anp.sign, anp.zeros_like, beside, ones_beside, sum_to,
    moving.concatenate, moving.copy, moving.diag, moving.diagonal, moving.repeat, moving.roll, moving.stack, moving.tile,
    moving.transpose, moving.tril, moving.triu,
    einsum.contract, extrema.max_over, extrema.min_over, lengths.euclidean_norm, ordering.argmax_along,
    ordering.argmin_along, reductions.all_over, reductions.any_over, reductions.prod_over, reductions.sum_over,
    variances.std_over, variances.var_over,
})
"""What NumPy's protocols do as it should be: Dask has the function, with these parameters."""


def form_of(prim: Callable) -> Any:
    """What computes a primitive that has no form of its own."""
    traits = prim.traits
    if isinstance(prim.fun, np.ufunc) or prim in BY_PROTOCOLS or traits.is_users and not traits.elementwise:
        return None
    if traits.elementwise:
        return lambda *args, **kwargs: elemwise(functools.partial(prim, **kwargs) if kwargs else Task(prim), *args)
    return NotImplemented


register_array_type(da.Array, forms=FORMS, find_form=form_of, conform=with_chunks_of)
