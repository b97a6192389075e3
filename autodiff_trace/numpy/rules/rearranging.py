"""The functions that move or repeat elements along their axes."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...core.unary import call_on
from .. import moving
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define
from ..parameters import whole_numbers
from ..selections import moves

__all__ = ["checked_axes"]


def with_number(prim, x, number, *params):
    """``prim(x, number, *params)``; the number may be traced, mapped over a batch."""
    return call_on(prim, x, number, *params) if type(number) is int else prim(x, number, *params)


# tile: the answer, with each axis split into (repetition, position), is summed over the repetitions


def untile(g, ans, A, reps):
    split = moving.reshape(g, tuple([each for pair in zip(reps, A.shape) for each in pair]))
    return anp.sum(split, axis=tuple(range(0, split.ndim, 2)))


moves(moving.tile, transpose=untile, batch=lambda A, reps: moving.tile(A, (1, *reps)))


@define(np.tile)
def tile(A, reps):
    A, reps = as_array(A), whole_numbers(reps)
    reps = (reps,) if type(reps) is int else reps
    reps = (1,) * (A.ndim - len(reps)) + reps
    return moving.tile(moving.reshape(A, (1,) * (len(reps) - A.ndim) + A.shape) if A.ndim < len(reps) else A, reps)


# repeat: each element gets the sum of its copies


def unrepeat(g, ans, a, repeats, axis):
    before, after = a.shape[:axis], a.shape[axis + 1 :]
    size = a.shape[axis]
    if np.size(repeats) == 1:
        copies = moving.reshape(g, (*before, size, int(np.ravel(repeats)[0]), *after))
        return anp.sum(copies, axis=axis + 1)
    index = (slice(None),) * axis + (np.repeat(np.arange(size), repeats),)
    return anp.add_at(anp.zeros_like(g, shape=a.shape), index, g)


moves(moving.repeat, transpose=unrepeat, batch=lambda a, repeats, axis: moving.repeat(a, repeats, axis + 1))


@define(np.repeat)
def repeat(a, repeats, axis=None):
    a = as_array(a)
    if axis is None:
        a, axis = anp.ravel(a), 0
    return with_number(moving.repeat, a, repeats, normalize_axis_index(axis, a.ndim))


# roll


moves(
    moving.roll,
    transpose=lambda g, ans, a, shift, axis: moving.roll(g, opposite(shift), axis),
    batch=lambda a, shift, axis: moving.roll(a, shift, tuple([i + 1 for i in axis])),
)


def opposite(shift):
    return tuple([-each for each in shift]) if type(shift) is tuple else np.negative(shift)


@functools.lru_cache(256)
def checked_axes(axis, ndim):
    return normalize_axis_tuple(axis, ndim, allow_duplicate=True)


@define(np.roll)
def roll(a, shift, axis=None):
    a = as_array(a)
    if axis is None:
        return moving.reshape(with_number(moving.roll, anp.ravel(a), shift, (0,)), a.shape)
    return with_number(moving.roll, a, shift, checked_axes(whole_numbers(axis), a.ndim))


# flip: an index that runs backwards, which gives a view


@functools.lru_cache(256)
def backwards(ndim, axis):
    axes = range(ndim) if axis is None else normalize_axis_tuple(axis, ndim)
    return tuple([slice(None, None, -1 if i in axes else None) for i in range(ndim)])


def flip_along(m, axis):
    return call_on(anp.getitem, m, backwards(m.ndim, axis))


def at_least(ndim, m):
    m = as_array(m)
    if m.ndim < ndim:
        raise ValueError(f"Input must be >= {ndim}-d.")
    return m


@define(np.flip)
def flip(m, axis=None):
    m = as_array(m)
    return flip_along(m if m.ndim else anp.asarray(m), whole_numbers(axis))


@define(np.flipud)
def flipud(m):
    return flip_along(at_least(1, m), 0)


@define(np.fliplr)
def fliplr(m):
    return flip_along(at_least(2, m), 1)


@functools.lru_cache(256)
def quarter_turns(ndim, k, axes):
    """The order in which ``k`` quarter turns put the axes, and along which of these elements run backwards then."""
    if len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    if axes[0] == axes[1] or abs(axes[0] - axes[1]) == ndim:
        raise ValueError("Axes must be different.")
    if not all(-ndim <= axis < ndim for axis in axes):
        raise ValueError(f"Axes={axes} out of range for array of ndim={ndim}.")
    order = list(range(ndim))
    order[axes[0]], order[axes[1]] = order[axes[1]], order[axes[0]]
    return (None, axes if k else ()) if k % 2 == 0 else (tuple(order), axes[k // 2])


@define(np.rot90)
def rot90(m, k=1, axes=(0, 1)):
    m = as_array(m)
    order, flipped = quarter_turns(m.ndim, k % 4, whole_numbers(axes))
    return flip_along(m if order is None else moving.transpose(m, order), flipped)


# tril, triu: of a vector NumPy makes a matrix first


def takes_triangle(prim):
    moves(prim, lambda g, ans, m, k: prim(g, k), batch=prim, zeros=True)

    @define(prim.fun)
    def triangle(m, k=0):
        m = as_array(m)
        return with_number(prim, moving.broadcast_to(m, (m.size, m.size)) if m.ndim == 1 else m, k)


takes_triangle(moving.tril)
takes_triangle(moving.triu)


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
