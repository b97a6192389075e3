"""Scattering: pieces added up at their places in an array of zeros, the transpose of reading items."""

from __future__ import annotations

import functools

import numpy as np

from ...core.cotangents import DeferredCotangent, add_cotangents, deferred_types
from ...core.fast.donation import getrefcount
from ...core.fast.ownership import IN_SLOT, can_overwrite, is_owned, note_write
from ...core.primitives import primitive
from ...core.selections import Mask, Selected, outline, settle
from ...core.recording import is_recording
from ...core.tracer import is_box
from .. import wrapped as anp
from ..definers import defrules
from ..sparsity.index_sets import union
from ..batching import map_all, mapped_index
from ..masks import either
from ..selections import ones_beside
from .joining import with_zeros

__all__ = ["IndexedCotangent", "has_no_repeats", "scatter"]

FEW = 4
"""Pieces that are added to a recorded cotangent one by one."""


@primitive
def scatter(pieces, indices, shape):
    """An array of zeros with each piece added at its index: the transpose of reading items."""
    first = pieces[0]
    # 0.2 instead of 1.5 µs where the arrays are NumPy's own.
    is_numpy = isinstance(first, (np.ndarray, np.generic))
    total = np.zeros(shape, first.dtype) if is_numpy else np.zeros_like(first, shape=shape)
    for piece, index in zip(pieces, indices):
        add_item(total, index, piece)
    return total


def add_item(total, index, piece):
    if has_no_repeats(index):
        total[index] += piece
    else:
        np.add.at(total, index, piece)


def has_no_repeats(index):
    """Whether an index surely names no element twice: slices, integers and masks do not."""
    if type(index) is int or type(index) is slice:  # the commonest (0.05 instead of 0.6 µs)
        return True
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)) or is_mask(part)
        for part in parts
    )


def is_mask(part):
    return getattr(part, "dtype", None) == np.bool_


class IndexedCotangent(DeferredCotangent):
    """The cotangent of an array of which items were read: pieces that are scattered all at once.

    Reading n items one by one would otherwise make n arrays of zeros: 10¹⁰ additions for n = 10⁵. What was not read was
    not selected; ``masks`` has the masks of pieces that are selected themselves, by their numbers.
    """

    __slots__ = ("pieces", "indices", "masks", "shape", "dense")

    def __init__(self, piece, index, shape):
        self.pieces = [piece]
        self.indices = [index]
        self.masks = None
        self.shape = shape
        self.dense = None

    def plus(self, g):
        if isinstance(g, IndexedCotangent):
            if g.masks is not None:
                count = len(self.pieces)
                self.masks = {} if self.masks is None else self.masks
                self.masks.update((count + i, mask) for i, mask in g.masks.items())
            self.pieces += g.pieces
            self.indices += g.indices
            g = g.dense
        if g is not None:
            self.dense = g if self.dense is None else add_cotangents(self.dense, g)
        return self

    def copy(self):
        other = IndexedCotangent(None, None, self.shape)
        other.pieces, other.indices = self.pieces.copy(), self.indices.copy()
        other.masks = self.masks and self.masks.copy()
        other.dense = self.dense.copy() if type(self.dense) in deferred_types else self.dense
        return other

    def with_mask(self, mask):
        self.masks = {len(self.pieces) - 1: mask}
        return self

    def settle(self):
        self.dense = settle(self.dense)
        total = self.add_up()
        self.dense = None
        return total

    def settle_selected(self):
        moved = self.masks or {}
        masks = [Mask(functools.partial(self.find_mask, list(moved)), *moved.values())]
        if type(self.dense) is Selected:
            masks.append(self.dense.mask)
        elif self.dense is not None:
            masks = []
        total = self.settle()
        return Selected(total, Mask(either, *masks)) if masks else total

    def add_up(self):
        if self.dense is not None and getrefcount(self.dense) <= IN_SLOT and is_owned(self.dense):
            return self.add_to_dense()
        if self.dense is not None and len(self.pieces) <= FEW and self.is_recorded_sparsely():
            total = self.dense
            for piece, index in self.items():
                total = anp.add_at(total, index, piece)
            return total
        total = scatter(self.pieces, self.indices, self.shape)
        return total if self.dense is None else total + self.dense

    def is_recorded_sparsely(self):
        """Whether a recording should see each addition: a replay makes them in the memory of ``dense``, so that the
        loop that fills an array of n elements, backwards, adds n numbers instead of n arrays."""
        return is_recording() and all(
            has_no_repeats(index) and piece.dtype == self.dense.dtype for piece, index in self.items()
        )

    def find_mask(self, places, *found):
        masks = dict(zip(places, found))
        pieces = [
            anp.astype(masks[i], piece.dtype) if i in masks else ones_beside(outline(piece))
            for i, piece in enumerate(self.pieces)
        ]
        return anp.not_equal(scatter(pieces, self.indices, self.shape), 0)

    def add_to_dense(self):
        """The sum in the memory of ``dense``, where nobody else holds that: items are read and written in turn."""
        total, self.dense = self.dense, None
        if any(piece.dtype != total.dtype or not can_overwrite(total, index, piece) for piece, index in self.items()):
            return scatter(self.pieces, self.indices, self.shape) + total
        for piece, index in self.items():
            if type(total) is np.ndarray and not is_box(piece):
                add_item(total, index, piece)
            elif has_no_repeats(index):
                note_write(total)
                total = anp.write_item(total, index, anp.getitem(total, index) + piece)
            else:
                total = anp.add_at(total, index, piece)
        return total

    def items(self):
        return zip(self.pieces, self.indices)


# scatter: linear in the pieces

def batch_scatter(batch, prim, args, kwargs):
    pieces, indices, shape = args
    if batch.mapped[1] or not batch.mapped[0]:
        return NotImplemented
    indices = [mapped_index(index) for index in indices]
    if any(index is NotImplemented for index in indices):
        return NotImplemented
    pieces = map_all(batch._replace(mapped=batch.mapped[0]), pieces)
    return scatter(pieces, indices, (batch.size, *shape))


def scatter_sets(nodes, ans, pieces, indices, shape):
    """Of which inputs elements depend: those of all pieces that are added to them."""
    if list(nodes) != [0] or not isinstance(nodes[0], list):
        return NotImplemented
    return union([
        node.add_into(index, np.shape(piece), shape)
        for node, piece, index in zip(nodes[0], pieces, indices) if node is not None
    ])


defrules(
    scatter,
    (lambda g, ans, pieces, indices, shape: [anp.getitem(g, index) for index in indices], None, None),
    (lambda t, ans, pieces, indices, shape: scatter(with_zeros(t, pieces), indices, shape), None, None),
    sequence_args=(0, 1), moves_elements=True, harmless=True, shows_nan=True, batching=batch_scatter,
    sparsity=scatter_sets,
)
