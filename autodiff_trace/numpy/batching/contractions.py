"""Batching of products that sum over an axis: NumPy's matmul takes stacks of matrices already."""

from __future__ import annotations

import numpy as np

from ...core.batching import defbatch
from .. import wrapped as anp
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


defbatch(batch_dot, anp.dot)
defbatch(batch_matmul, anp.matmul)
