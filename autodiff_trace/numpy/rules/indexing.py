"""Rules of indexing: reading and writing items."""

from __future__ import annotations

import numpy as np

from ...core.batching import loop_and_stack
from ...core.derivative import without_derivatives
from ...core.forward import defjvp, defjvp_all
from ...core.fast.donation import defoverwriting
from ...core.fast.ownership import OwnedOverwriting, is_owned
from ...core.unary import call_on
from ...core.primitives import nondifferentiable
from ...core.reverse import defvjp
from ...core.selections import Mask, Selected, outline
from ...core.traits import declare
from .. import wrapped as anp
from ..definers import defrules, linear
from ..broadcasting import broadcast_tangent, indexed_ndim, unbroadcast
from ..sparsity.index_sets import union
from ..batching import batch_aligned, mapped_index
from ..masks import nonzero
from ..selections import ones_beside, select, unbroadcast_selected
from .scattering import IndexedCotangent, has_no_repeats


def getitem_vjp(g, ans, x, index):
    if type(index) is tuple and g.shape == x.shape and reverses(index):
        return call_on(anp.getitem, g, index)
    return IndexedCotangent(g, index, x.shape)


def reverses(index):
    """Whether an index takes all elements, along some axes in reverse: then it is its own transpose."""
    return all(type(part) is slice and part.start is None is part.stop and part.step in (None, -1) for part in index)


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


linear(
    anp.getitem, getitem_vjp, None, moves_elements=True, moves_from=(0,), harmless=True, shows_nan=True,
    batching=batch_getitem,
)


# set_item: the old values lose their influence where the new ones are written, and so do new ones that are written over


@nondifferentiable
def is_last_written(index, shape):
    """Where ``x[index] = value`` names an element several times: whether this is the last time."""
    writers = np.zeros(shape, np.intp)
    numbers = np.arange(writers[index].size).reshape(writers[index].shape)
    writers[index] = numbers
    return writers[index] == numbers


declare(is_last_written, sequence_args=(0,))


def set_item_vjp_value(g, ans, x, index, value):
    if ans.dtype.kind not in "fc":
        return None
    written = anp.getitem(g, index)
    return unbroadcast(written if has_no_repeats(index) else written * is_last_written(index, ans.shape), value)


# What was there before is not selected, nor is, of a tangent, what was not written.


def without(g, index, overwrite):
    """``g`` with zeros where items were written; ``overwrite``: in its memory."""
    shape = g.shape
    if overwrite:  # the index is plain, and a mask that held the array would forbid to write into it
        return Selected(anp.write_item(g, index, 0), Mask(lambda: anp.set_item(np.ones(shape, bool), index, False)))
    like = outline(g)
    return Selected(anp.set_item(g, index, 0), Mask(lambda: nonzero(anp.set_item(ones_beside(like), index, 0))))


def write_vjp(is_free, g, ans, x, index, value):
    """The cotangents of the old values and of what was written, in the memory of ``g`` where that is free."""
    g_value = set_item_vjp_value(g, ans, x, index, value)
    if is_free and g_value is not None and not isinstance(g_value, np.generic):  # it may be a view, that of an item too
        g_value = anp.copy(g_value)
    return without(g, index, is_free and is_owned(g)), g_value


def write_jvp(argnums, tangents, ans, args, kwargs):
    """Written into the tangent of ``x``, which is held by nobody else where ``x`` is."""
    _, index, _ = args
    t = dict(zip(argnums, tangents))
    if ans.dtype.kind not in "fc":
        return None
    if 0 in t:
        return anp.write_item(t[0], index, t.get(2, 0))
    shape = ans.shape
    written = anp.write_item(anp.zeros_like(ans), index, t[2])
    return Selected(written, Mask(lambda: anp.set_item(np.zeros(shape, bool), index, True)))


def set_item_jvp_value(t, ans, x, index, value):
    like = outline(t)

    def find():
        return nonzero(anp.set_item(anp.zeros_like(without_derivatives(ans)), index, ones_beside(like)))

    return Selected(anp.set_item(anp.zeros_like(ans), index, t), Mask(find))


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


for _write in (anp.set_item, anp.write_item):
    defvjp(_write, lambda g, ans, x, index, value: without(g, index, False), None, set_item_vjp_value)
    defoverwriting(_write, (0, 2), write_vjp, OwnedOverwriting)
    defoverwriting(_write, 0, lambda is_free, g, ans, x, index, value: (without(g, index, is_free),), OwnedOverwriting)
    declare(
        _write, linear_in=(0, 2), moves_elements=True, moves_from=(0, 2), harmless=True, shows_nan=True,
        batching=batch_write,
    )

defjvp_all(anp.write_item, write_jvp)
defjvp(anp.set_item, lambda t, ans, x, index, value: without(t, index, False), None, set_item_jvp_value)


# add_at: linear in both

def add_sets(nodes, ans, x, index, value):
    """Of which inputs elements depend: those of ``x``, and of what is added to them."""
    if 1 in nodes:
        return NotImplemented
    sets = [nodes[0]] if 0 in nodes else []
    if 2 in nodes:
        sets.append(nodes[2].add_into(index, np.shape(value), ans.shape))
    return union(sets)


defrules(
    anp.add_at,
    (
        lambda g, ans, x, index, value: g, None,
        lambda g, ans, x, index, value: unbroadcast(anp.getitem(g, index), value),
    ),
    (
        lambda t, ans, x, index, value: t, None,
        lambda t, ans, x, index, value: anp.add_at(anp.zeros_like(ans), index, t),
    ),
    linear_in=(0, 2), moves_elements=True, harmless=True, shows_nan=True, batching=batch_write, sparsity=add_sets,
)


# where: only the branch that was taken gets a cotangent


def where_vjp(is_taken):
    def vjp(g, ans, condition, x, y):
        selected = select(g, condition, is_taken)
        return None if selected is None else unbroadcast_selected(selected, x if is_taken else y)

    return vjp


def where_jvp(is_taken):
    return lambda t, ans, condition, x, y: select(broadcast_tangent(t, ans), condition, is_taken)


def batch_where(batch, prim, args, kwargs):
    return batch_aligned(batch, prim, args, kwargs) if len(args) == 3 else NotImplemented  # the places of a condition


defrules(
    anp.where, (None, where_vjp(True), where_vjp(False)), (None, where_jvp(True), where_jvp(False)), linear_in=(1, 2),
    elementwise=True, batching=batch_where,
)
