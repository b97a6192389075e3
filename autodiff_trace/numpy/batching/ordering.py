"""Batching of what sorts, and of what the rules of reductions and running sums call."""

from __future__ import annotations

from ...core.batching import defbatch
from .. import wrapped as anp
from ..rules.cumulative import cumsum_back
from ..rules.reductions import fill
from .axes import batch_axis_flattening, shift_axes


def batch_fill(batch, prim, args, kwargs):
    x, shape = args
    ones = (1,) * (len(shape) - x.ndim + 1)
    return fill(anp.reshape(x, (batch.size, *ones, *x.shape[1:])), (batch.size, *shape))


defbatch(batch_fill, fill)
defbatch(batch_axis_flattening, anp.argpartition)
defbatch(lambda batch, prim, args, kwargs: prim(args[0], shift_axes(args[1], args[0].ndim - 1)), cumsum_back)
