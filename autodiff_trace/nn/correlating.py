"""Correlation of images with kernels: three products, of which each is a transpose of the two others.

``correlate(x, w, …)`` is what networks call a convolution; ``correlate_back(g, w, …)`` gives what comes back to ``x``,
and ``correlate_kernels(x, g, …)`` what comes back to ``w``. All three lay the patches of the image that kernels see
side by side, some images at a time so that they stay in cache, and leave the sums to BLAS.

Images are of shape (images, channels, space …), kernels of shape (outputs, channels / groups, size …). Params are
tuples with an entry for each axis of space: strides, pairs of zeros to put before and after, and steps between the
elements of a kernel (``dilation``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..core.primitives import primitive
from ..core.traits import declare
from ..numpy import wrapped as anp
from ..numpy.batching import map_all
from ..numpy.broadcasting import cast
from ..numpy.definers import multilinear

__all__ = ["correlate", "correlate_back", "correlate_kernels"]

BLOCK_BYTES = 2**19
"""Bytes of patches that are computed with at once."""


@primitive
def correlate(x, w, strides, padding, dilation, groups):
    dtype = np.result_type(x, w)
    padded = pad(x, padding, working(dtype))
    count, kernels = len(x), w.astype(padded.dtype, copy=False).reshape(groups, w.shape[0] // groups, -1)
    windows = windows_of(padded, w.shape[2:], strides, dilation)
    space = windows.shape[2 : x.ndim]
    ans = np.empty((count, groups, kernels.shape[1], *space), dtype)
    for images, rows in blocks(windows, groups, space):
        patches = patches_of(windows[images, :, rows], groups, x.ndim - 2)
        sums = kernels @ patches
        part = ans[images, :, :, rows]
        part[...] = images_first(sums.reshape(*sums.shape[:2], part.shape[0], *part.shape[3:]))
    return ans.reshape(count, w.shape[0], *space)


@primitive
def correlate_back(g, w, space, strides, padding, dilation, groups):
    """The transpose of ``correlate(x, w, …)`` for an ``x`` whose axes of space have the lengths ``space``."""
    around = [
        ((n - 1) * step - before, (n - 1) * step - after)
        for n, step, (before, after) in zip(w.shape[2:], dilation, padding)
    ]
    # Of stride 1 it is a correlation with the reversed kernels. To copy patches takes a quarter of the time that to add
    # them up takes, but there are as many as outputs.
    if max(strides) == 1 and min(map(min, around)) >= 0 and w.shape[0] <= 4 * groups * w.shape[1]:
        return correlate.fun(g, reversed_kernels(w, groups), strides, around, dilation, groups)
    dtype = np.result_type(g, w)
    work, count = working(dtype), len(g)
    channels = w.shape[1] * groups
    padded = np.zeros(
        (count, channels, *[n + before + after for n, (before, after) in zip(space, padding)]), work)
    windows = windows_of(padded, w.shape[2:], strides, dilation, writeable=True)
    kernels = w.astype(work, copy=False).reshape(groups, w.shape[0] // groups, -1).swapaxes(1, 2)
    parts = g.reshape(count, groups, w.shape[0] // groups, *g.shape[2:])
    for images, rows in blocks(windows, groups, g.shape[2:]):
        part = groups_first(parts[images, :, :, rows]).astype(work, copy=False)
        patches = kernels @ part.reshape(groups, part.shape[1], -1)
        patches = patches.reshape(channels, *w.shape[2:], *part.shape[2:])
        target = windows[images, :, rows]
        for place in np.ndindex(*w.shape[2:]):  # windows overlap, but not at one place of theirs
            target[(..., *place)] += patches[(slice(None), *place)].swapaxes(0, 1)
    inside = [slice(before, before + n) for n, (before, _) in zip(space, padding)]
    return np.ascontiguousarray(padded[(slice(None), slice(None), *inside)], dtype)


@primitive
def correlate_kernels(x, g, size, strides, padding, dilation, groups):
    """The transpose of ``correlate(x, w, …)`` for kernels ``w`` whose axes of space have the lengths ``size``."""
    dtype = np.result_type(x, g)
    padded = pad(x, padding, working(dtype))
    count, outputs = len(x), g.shape[1] // groups
    windows = windows_of(padded, size, strides, dilation)
    parts = g.reshape(count, groups, outputs, *g.shape[2:])
    ans = np.zeros((groups, outputs, x.shape[1] // groups * math.prod(size)), padded.dtype)
    for images, rows in blocks(windows, groups, g.shape[2:]):
        patches = patches_of(windows[images, :, rows], groups, x.ndim - 2)
        part = groups_first(parts[images, :, :, rows]).astype(padded.dtype, copy=False)
        ans += part.reshape(groups, outputs, -1) @ patches.swapaxes(1, 2)
    return ans.reshape(g.shape[1], x.shape[1] // groups, *size).astype(dtype, copy=False)


def reversed_kernels(w, groups):
    """The kernels with inputs and outputs exchanged, and each axis of space backwards."""
    parts = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    return np.flip(parts.reshape(groups * w.shape[1], -1, *w.shape[2:]), tuple(range(2, w.ndim)))


def working(dtype: np.dtype) -> np.dtype:
    """The precision to compute in: BLAS has no products of half precision."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def pad(x, padding, dtype):
    if not any(map(any, padding)):
        return x.astype(dtype, copy=False)
    inside = [slice(before, before + n) for n, (before, _) in zip(x.shape[2:], padding)]
    padded = np.zeros(
        (*x.shape[:2], *[n + before + after for n, (before, after) in zip(x.shape[2:], padding)]), dtype)
    padded[(slice(None), slice(None), *inside)] = x
    return padded


def windows_of(x, size, strides, dilation, writeable=False):
    """A view of ``x`` of shape (images, channels, places …, size …): what kernels see at each place."""
    axes = tuple(range(2, x.ndim))
    reach = [(n - 1) * step + 1 for n, step in zip(size, dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axes, writeable=writeable)
    steps = [slice(None, None, step) for step in (*strides, *dilation)]
    return windows[(slice(None), slice(None), *steps)]


def blocks(windows, groups, space) -> Iterator[tuple[slice, slice]]:
    """Images, and places along the first axis of space, of which the patches are computed with at once."""
    images, rows = windows.shape[0], space[0]
    row_bytes = max(1, windows[:1, :, :1].size * windows.itemsize)
    at_once = max(1, BLOCK_BYTES // row_bytes)
    if at_once < rows:
        for image in range(images):
            for row in range(0, rows, at_once):
                yield slice(image, image + 1), slice(row, row + at_once)
    elif rows:
        step = at_once // rows
        for image in range(0, images, step):
            yield slice(image, image + step), slice(None)


def groups_first(x):
    """(images, groups, outputs, …) as (groups, outputs, images, …). (``moveaxis`` takes 15 µs.)"""
    return x.transpose(1, 2, 0, *range(3, x.ndim))


def images_first(x):
    return x.transpose(2, 0, 1, *range(3, x.ndim))


def patches_of(windows, groups, ndim):
    """The windows as columns: (groups, what a kernel sees, images and places)."""
    order = (1, *range(2 + ndim, 2 + 2 * ndim), 0, *range(2, 2 + ndim))
    return windows.transpose(order).reshape(groups, -1, math.prod(windows.shape[:1] + windows.shape[2 : 2 + ndim]))


multilinear(
    correlate,
    lambda g, ans, x, w, strides, padding, dilation, groups: cast(
        correlate_back(g, w, x.shape[2:], strides, padding, dilation, groups), x.dtype),
    lambda g, ans, x, w, strides, padding, dilation, groups: cast(
        correlate_kernels(x, g, w.shape[2:], strides, padding, dilation, groups), w.dtype),
)
multilinear(
    correlate_back,
    lambda h, ans, g, w, space, *params: cast(correlate(h, w, *params), g.dtype),
    lambda h, ans, g, w, space, *params: cast(correlate_kernels(h, g, w.shape[2:], *params), w.dtype),
)
multilinear(
    correlate_kernels,
    lambda h, ans, x, g, size, *params: cast(correlate_back(g, h, x.shape[2:], *params), x.dtype),
    lambda h, ans, x, g, size, *params: cast(correlate(x, h, *params), g.dtype),
)


# Batches: of images alone they are more images; else the elements are groups, which have kernels of their own.


def join_images(x):
    return anp.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def join_channels(x):
    """(elements, images, channels, …) as (images, elements · channels, …)."""
    x = anp.moveaxis(x, 0, 1)
    return anp.reshape(x, (x.shape[0], x.shape[1] * x.shape[2], *x.shape[3:]))


def split_channels(x, count):
    return anp.moveaxis(anp.reshape(x, (x.shape[0], count, x.shape[1] // count, *x.shape[2:])), 1, 0)


def batch_with_kernels(batch, prim, args, kwargs):
    """correlate, correlate_back: the first argument is images, the second kernels."""
    x, w, *params, groups = args
    if not batch.mapped[1]:
        ans = prim(join_images(x), w, *params, groups)
        return anp.reshape(ans, (*x.shape[:2], *ans.shape[1:]))
    if prim is correlate and groups == 1 and not batch.mapped[0]:
        return split_channels(prim(x, join_images(w), *params, 1), batch.size)
    x, w = map_all(batch, [x, w])
    return split_channels(prim(join_channels(x), join_images(w), *params, batch.size * groups), batch.size)


def batch_kernels(batch, prim, args, kwargs):
    x, g, *params, groups = args
    x, g = map_all(batch, [x, g])
    ans = prim(join_channels(x), join_channels(g), *params, batch.size * groups)
    return anp.reshape(ans, (batch.size, ans.shape[0] // batch.size, *ans.shape[1:]))


declare(correlate, correlate_back, batching=batch_with_kernels, owns_memory=True, harmless=True)
declare(correlate_kernels, batching=batch_kernels, owns_memory=True, harmless=True)
