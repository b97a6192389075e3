"""Batching of products that sum over an axis: NumPy's matmul takes stacks of matrices already."""

from __future__ import annotations

import string

import numpy as np

from ...core.batching import defbatch
from .. import wrapped as anp
from ..rules.contractions import summed_axes
from ..rules.einsum import contract
from .elementwise import align


def batch_matmul(batch, prim, args, kwargs):
    if kwargs:
        return NotImplemented
    (x, y), (x_mapped, y_mapped) = args, batch.mapped
    x_ndim, y_ndim = np.ndim(x) - bool(x_mapped), np.ndim(y) - bool(y_mapped)
    if y_ndim == 1 and not y_mapped or x_ndim == 1 and y_ndim == 2 and not y_mapped:
        return anp.matmul(x, y)  # one product of a matrix for the whole batch
    if x_ndim == 1:
        x = anp.expand_dims(x, -2)
    if y_ndim == 1:
        y = anp.expand_dims(y, -1)
    ans = anp.matmul(*align([x, y], batch.mapped))
    if x_ndim == 1:
        ans = anp.squeeze(ans, -2)
    return anp.squeeze(ans, -1) if y_ndim == 1 else ans


def batch_dot(batch, prim, args, kwargs):
    (x, y), mapped = args, batch.mapped
    ndims = [np.ndim(arg) - bool(each) for arg, each in zip(args, mapped)]
    if kwargs or max(ndims) > 2:
        return NotImplemented
    if 0 in ndims:
        return anp.multiply(*align([x, y], mapped))
    return batch_matmul(batch, prim, args, kwargs)


def batch_tensordot(batch, prim, args, kwargs):
    """With one operand mapped its mapped axis is one that is kept; einsum takes two."""
    a, b = args[:2]
    a_mapped, b_mapped = batch.mapped[:2]
    axes = args[2] if len(args) > 2 else kwargs.get("axes", 2)
    a_axes, b_axes = summed_axes(np.ndim(a) - bool(a_mapped), np.ndim(b) - bool(b_mapped), axes)
    a_axes = [axis + bool(a_mapped) for axis in a_axes]
    b_axes = [axis + bool(b_mapped) for axis in b_axes]
    if a_mapped and b_mapped:
        letters = iter(string.ascii_letters[1:])
        a_term = ["a", *(next(letters) for _ in a.shape[1:])]
        b_term = ["a", *(next(letters) for _ in b.shape[1:])]
        for i, j in zip(a_axes, b_axes):
            b_term[j] = a_term[i]
        kept = [c for c in a_term + b_term[1:] if not (c in a_term and c in b_term[1:])]
        return contract(f"{''.join(a_term)},{''.join(b_term)}->{''.join(kept)}", True, a, b)
    ans = anp.tensordot(a, b, (a_axes, b_axes))
    return ans if a_mapped else anp.moveaxis(ans, np.ndim(a) - len(a_axes), 0)


defbatch(batch_dot, anp.dot)
defbatch(batch_matmul, anp.matmul)
defbatch(batch_tensordot, anp.tensordot)
