"""Rules of the functions that move or repeat elements along their axes."""

from __future__ import annotations

import math

import numpy as np

from .. import wrapped as anp
from ..broadcasting import unbroadcast
from ..definers import define
from ..selections import moves
from .making import as_array

__all__: list[str] = []


# tile: the answer, with each axis split into (repetition, position), is summed over the repetitions


def untile(g, ans, A, reps):
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    ndim = max(A.ndim, len(reps))
    reps = (1,) * (ndim - len(reps)) + reps
    sizes = (1,) * (ndim - A.ndim) + A.shape
    split = anp.reshape(g, [each for pair in zip(reps, sizes) for each in pair])
    return anp.reshape(anp.sum(split, axis=tuple(range(0, 2 * ndim, 2))), A.shape)


# repeat: each element gets the sum of its copies


def unrepeat(g, ans, a, repeats, axis=None):
    size = a.size if axis is None else a.shape[axis]
    axis = 0 if axis is None else axis % a.ndim
    if np.size(repeats) == 1:
        copies = anp.reshape(g, (*g.shape[:axis], size, int(np.ravel(repeats)[0]), *g.shape[axis + 1 :]))
        return anp.reshape(anp.sum(copies, axis=axis + 1), a.shape)
    index = (slice(None),) * axis + (np.repeat(np.arange(size), repeats),)
    zeros = anp.zeros_like(g, shape=(*g.shape[:axis], size, *g.shape[axis + 1 :]))
    return anp.reshape(anp.add_at(zeros, index, g), a.shape)


moves(anp.flip, makes_view=True, transpose=lambda g, ans, m, axis=None: anp.flip(g, axis))
moves(anp.fliplr, makes_view=True, transpose=lambda g, ans, m: anp.fliplr(g))
moves(anp.flipud, makes_view=True, transpose=lambda g, ans, m: anp.flipud(g))
moves(anp.repeat, transpose=unrepeat)
moves(anp.roll, transpose=lambda g, ans, a, shift, axis=None: anp.roll(g, np.negative(shift), axis))
moves(anp.rot90, makes_view=True, transpose=lambda g, ans, m, k=1, axes=(0, 1): anp.rot90(g, -k, axes))
moves(anp.tile, transpose=untile)
moves(anp.tril, transpose=lambda g, ans, m, k=0: unbroadcast(anp.tril(g, k), m), zeros=True)
moves(anp.triu, transpose=lambda g, ans, m, k=0: unbroadcast(anp.triu(g, k), m), zeros=True)


@define(np.resize)
def resize(a, new_shape):
    a = as_array(a)
    shape = (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    if any(size < 0 for size in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    count = math.prod(shape)
    if not a.size or not count:
        return anp.zeros_like(a, shape=shape)
    return anp.reshape(anp.ravel(a)[np.arange(count) % a.size], shape)
