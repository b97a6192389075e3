"""Batching of indexing: a full slice stands for the mapped axis."""

from __future__ import annotations

import numpy as np

from ...core.batching import defbatch, loop_and_stack
from .. import wrapped as anp
from ..broadcasting import indexed_ndim
from ..rules.scattering import scatter
from ..mapped import map_all


def mapped_index(index):
    """``index`` for arrays with one more axis in front; NotImplemented where that axis would not stay in front."""
    parts = index if isinstance(index, tuple) else (index,)
    advanced = [i for i, part in enumerate(parts) if is_array(part)]
    if advanced:
        # An integer among arrays is an array to NumPy, and separated arrays put their axes before all others.
        together = [i for i, part in enumerate(parts) if is_array(part) or isinstance(part, (int, np.integer))]
        if together != list(range(together[0], together[-1] + 1)):
            return NotImplemented
    return (slice(None), *parts)


def is_array(part):
    return isinstance(part, (list, np.ndarray)) or hasattr(part, "shape") and part.shape != ()


def batch_getitem(batch, prim, args, kwargs):
    x, index = args
    if not batch.mapped[1]:
        index = mapped_index(index)
        return NotImplemented if index is NotImplemented else anp.getitem(x, index)
    return gather(batch, x, index)


def gather(batch, x, index):
    """Integer arrays of indices that differ from element to element, before full slices or none."""
    parts = list(index) if isinstance(index, tuple) else [index]
    mapped = batch.mapped[1] if isinstance(index, tuple) else [True]
    if not all(isinstance(part, int) or getattr(part, "dtype", np.dtype(object)).kind in "iu" for part in parts):
        return NotImplemented
    ndim = max(np.ndim(part) - bool(each) for part, each in zip(parts, mapped))
    aligned = [
        anp.reshape(part, (batch.size,) + (1,) * (ndim - np.ndim(part) + 1) + part.shape[1:]) if each else part
        for part, each in zip(parts, mapped)
    ]
    if batch.mapped[0]:
        aligned = [np.arange(batch.size).reshape((batch.size,) + (1,) * ndim), *aligned]
    return anp.getitem(x, tuple(aligned))


def batch_scatter(batch, prim, args, kwargs):
    pieces, indices, shape = args
    if batch.mapped[1] or not batch.mapped[0]:
        return NotImplemented
    indices = [mapped_index(index) for index in indices]
    if any(index is NotImplemented for index in indices):
        return NotImplemented
    pieces = map_all(batch._replace(mapped=batch.mapped[0]), pieces)
    return scatter(pieces, indices, (batch.size, *shape))


def batch_write(batch, prim, args, kwargs):
    """set_item, write_item, add_at: the new value broadcasts against what is written, behind the mapped axis."""
    x, index, value = args
    index = NotImplemented if batch.mapped[1] else mapped_index(index)
    if prim is anp.write_item and (index is NotImplemented or not batch.mapped[0]):
        return anp.set_item.traits.batching(batch, anp.set_item, args, kwargs)  # elements share the memory of ``x``
    if index is NotImplemented:
        return loop_and_stack(batch, prim, args, kwargs)[0]
    if not batch.mapped[0]:
        x = anp.broadcast_to(x, (batch.size, *x.shape))
    if batch.mapped[2]:
        ndim = indexed_ndim(x.shape, index)
        value = anp.reshape(value, (batch.size,) + (1,) * (ndim - value.ndim) + value.shape[1:])
    return prim(x, index, value)


defbatch(batch_getitem, anp.getitem)
defbatch(batch_scatter, scatter)
defbatch(batch_write, anp.set_item, anp.write_item, anp.add_at)
