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
from ..core.unknown_sizes import has_unknown, is_same_shape
from ..nn import losses, normalising, softmaxes
from ..numpy import moving, mutation
from ..numpy import wrapped as anp
from ..numpy.array_types import register_array_type
from ..numpy.broadcasting import sum_to
from ..numpy.rules import cumulative, einsum, extrema, lengths, norms, ordering, reductions, repeated_values, scattering
from ..numpy.rules import variances
from ..numpy.rules.covariances import check_weights
from ..numpy.rules.creation import check_finite, join_nested
from ..numpy.rules.polynomials import warn_of_rank
from ..numpy.rules.solving import residual_squares as residuals
from ..numpy.selections import beside, ones_beside, restrict
from . import dask_axes, dask_matrices, dask_methods, dask_reading, dask_writing
from .dask_blocks import Task, as_dask, is_unknown, refuse
from .dask_shapes import reshape

__all__: list[str] = []


def with_chunks_of(gradient: Any, argument: Any) -> Any:
    """A gradient in the chunks of its argument."""
    if gradient.chunks == argument.chunks or is_unknown(argument) or is_unknown(gradient):
        return gradient
    return gradient.rechunk(argument.chunks)


def without_empty_chunks(x: Any) -> Any:
    """An operand, or a list of such, without chunks of size 0, with which Dask's reductions fail."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(without_empty_chunks, x)) if type(x) in (list, tuple) else x
    if not isinstance(x, da.Array) or not any(0 in sizes and sum(sizes) > 0 for sizes in x.chunks):
        return x
    return x.rechunk(tuple([tuple([n for n in sizes if n]) or (0,) for sizes in x.chunks]))


def broadcast_to(x, shape):
    """New axes in chunks of Dask's usual size: what is computed of them is as large as they are."""
    x = as_dask(x)
    if is_same_shape(x.shape, shape):
        return x
    if is_unknown(x) or has_unknown(shape):
        raise refuse(moving.broadcast_to, "its sizes are not known. Call x.compute_chunk_sizes() before.")
    lead = len(shape) - x.ndim
    kept = [*[False] * lead, *[n == size for n, size in zip(x.shape, shape[lead:])]]
    chunks = [x.chunks[i - lead] if keep else "auto" for i, keep in enumerate(kept)]
    return da.broadcast_to(x, shape, da.core.normalize_chunks(tuple(chunks), shape, dtype=x.dtype))


def dot(x, y):
    return x * y if np.ndim(x) == 0 or np.ndim(y) == 0 else da.dot(as_dask(x), as_dask(y))


def contract(*args):
    *operands, subscripts, optimize = args
    operands = map(with_like_chunks, operands, subscripts.partition("->")[0].split(","))
    return da.einsum(subscripts, *operands, optimize=optimize)


def with_like_chunks(x, letters):
    """An operand of ``einsum`` in which axes of one letter have the same chunks: Dask takes only blocks of these."""
    x = without_empty_chunks(x)
    if not isinstance(x, da.Array) or len(set(letters)) == len(letters):
        return x
    return x.rechunk({axis: x.chunks[letters.index(letter)] for axis, letter in enumerate(letters)})


def searchsorted(a, v, side="left", sorter=None):
    a, v = map(without_empty_chunks, map(as_dask, (a, v)))
    return da.searchsorted(a, v, side, sorter) if v.ndim else da.searchsorted(a, v[None], side, sorter)[0]


def count(x, axes, keepdims):
    return da.sum(x != 0, axis=axes, keepdims=keepdims, dtype=np.intp)


def mean(x, axes, keepdims):
    return da.mean(without_empty_chunks(x), axis=axes, keepdims=keepdims)


def norm(x, axes, keepdims):
    """The root of the sum of squares; of vectors whose largest element is 1, if that is not 0."""
    if x.size == 0:
        return da.sum(x.real, axis=axes, keepdims=keepdims)
    x = without_empty_chunks(x)
    size = da.max(da.absolute(x), axis=axes, keepdims=True)
    scale = da.where(da.logical_and(size > 0, da.isfinite(size)), size, x.real.dtype.type(1))
    total = da.sqrt(da.sum(da.absolute(x / scale) ** 2, axis=axes, keepdims=True)) * scale
    return total if keepdims else total[tuple([0 if i in axes else slice(None) for i in range(x.ndim)])]


def sum_to_shape(x, shape):
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 and x.shape[lead + i] != 1))
    return reshape(da.sum(without_empty_chunks(x), axis=axes, keepdims=True) if axes else x, shape)


def triangle(x, k, is_lower):
    rows, columns = (da.arange(n, chunks=(sizes,)) for n, sizes in zip(x.shape[-2:], x.chunks[-2:]))
    mask = rows[:, None] + (k if is_lower else k - 1) >= columns
    return da.where(mask if is_lower else ~mask, x, x.dtype.type(0))


def repeat(x, repeats, axis):
    if isinstance(repeats, da.Array):
        raise refuse(moving.repeat, "how long the answer is only the values of repeats= tell.")
    if np.size(repeats) == 1:
        return da.repeat(x, int(np.ravel(repeats)[0]), axis)
    return da.take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis)


def bincount(x, weights=None, minlength=0):
    """Each block counts for itself. The length must be known before."""
    if not minlength:
        raise refuse(anp.bincount, "how long the answer is only the values tell. Give minlength=.")
    operands = [(x, (0,))] if weights is None else [(x, (0,)), (as_dask(weights), (0,))]
    task = functools.partial(count_block, minlength)
    dtype = np.dtype(np.intp if weights is None else np.float64)
    counts = da.blockwise(
        task, (0, 1), *[part for pair in operands for part in pair], new_axes={1: minlength},
        adjust_chunks={0: 1}, dtype=dtype, meta=np.empty((0, 0), dtype),
    )
    return da.sum(counts, axis=0)


def count_block(length, x, *weights):
    counts = np.bincount(x, *weights, minlength=length)
    if len(counts) > length:
        raise ValueError(f"bincount: {len(counts) - 1} is counted, which is not below minlength={length}")
    return counts[None]


def residual_squares(r, rank, columns):
    """NaN where NumPy gives none because the rank is too small."""
    if columns >= r.shape[0]:
        return da.zeros((0,), dtype=r.real.dtype)
    sums = da.atleast_1d(da.sum((r.conj() * r).real, axis=0))
    return da.where(rank == columns, sums, np.nan)


FORMS: dict[Callable, Callable] = {
    anp.add_at: dask_writing.add_at,
    anp.astype: lambda x, dtype, order="K", casting="unsafe", subok=True, copy=True: x.astype(dtype),
    anp.bincount: bincount,
    anp.dot: dot,
    mutation.identity: lambda x: x,
    anp.flatnonzero: da.flatnonzero,
    anp.getitem: dask_reading.getitem,
    anp.searchsorted: searchsorted,
    anp.set_item: dask_writing.set_item,
    anp.write_item: dask_writing.set_item,
    beside: lambda mask, g: as_dask(mask),
    check_finite: lambda a: elemwise(Task(check_finite), a),
    einsum.contract: contract,
    einsum.select_axes: lambda x, subscripts: contract(x, subscripts, False),
    check_weights: lambda name, weights: elemwise(functools.partial(check_weights, name), weights),
    lengths.euclidean_norm: norm,
    dask_methods.persist: dask_methods.persist.fun,
    dask_methods.rechunk: dask_methods.rechunk.fun,
    moving.broadcast_to: broadcast_to,
    moving.repeat: repeat,
    moving.roll: lambda x, shift, axis: da.roll(x, tuple(np.ravel(shift).tolist()), axis),
    moving.reshape: reshape,
    moving.tril: lambda x, k: triangle(x, k, True),
    moving.triu: lambda x, k: triangle(x, k, False),
    norms.infinite_where: lambda ans, is_lost: da.where(is_lost, np.inf, ans),
    reductions.count_over: count,
    reductions.fill: broadcast_to,
    reductions.mean_over: mean,
    residuals: residual_squares,
    restrict: lambda x, mask: elemwise(Task(restrict), x, mask() if type(mask) is Mask else mask),
    scattering.scatter: dask_writing.scatter,
    sum_to: sum_to_shape,
    warn_of_rank: lambda rank, order: rank,
    **dask_axes.FORMS,
    **dask_matrices.FORMS,
}

BY_PROTOCOLS = frozenset({
    anp.around, anp.fix, anp.frexp, anp.isin, anp.isneginf, anp.isposinf, anp.matmul, anp.modf, anp.ones_like,
    anp.round, anp.sign, anp.zeros_like, cumulative.cumsum_along, join_nested, ones_beside,
    moving.concatenate, moving.copy, moving.diag, moving.diagonal, moving.stack, moving.tile,
    moving.transpose,
    extrema.max_over, extrema.min_over, ordering.argmax_along,
    ordering.argmin_along, reductions.all_over, reductions.any_over, reductions.prod_over, reductions.sum_over,
    repeated_values.limit_quotient,
    variances.std_over, variances.var_over,
    losses.label_losses, normalising.inverse_deviation, normalising.normalised,
    softmaxes.log_softmax_along, softmaxes.logsumexp_over, softmaxes.shares, softmaxes.softmax_along,
})
"""What NumPy's protocols do as it should be: Dask has the function, with these parameters."""


def form_of(prim: Callable) -> Any:
    """What computes a primitive that has no form of its own."""
    traits = prim.traits
    if prim in BY_PROTOCOLS:
        form = traits.protocol_form or prim.fun
        return lambda *args, **kwargs: form(*map(without_empty_chunks, args), **kwargs)
    if isinstance(prim.fun, np.ufunc) or traits.is_users and not traits.elementwise:
        return None
    if traits.elementwise:
        return lambda *args, **kwargs: elemwise(functools.partial(prim, **kwargs) if kwargs else Task(prim), *args)
    return NotImplemented


register_array_type(da.Array, forms=FORMS, find_form=form_of, conform=with_chunks_of, is_lazy=True)
