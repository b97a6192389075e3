"""``autograd.scipy.signal``: ``convolve`` with axes to convolve along and axes to sum over; SciPy's other functions.

Convolution in each mode is a sliding product of the larger array, padded with zeros, with the reversed smaller one; and
both transposes of a sliding product are sliding products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import scipy as native
from ...core.primitives import primitive
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import multilinear
from ...scipy.convolving import part_of
from ..pullbacks import pullback

__all__ = ["convolve"]

MODES = ("valid", "full", "same")

MOST_COPIED = 2**23
"""Elements of windows that are copied at once, for one product of matrices."""


def __getattr__(name):
    if name.startswith("_") or not hasattr(native.signal, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(native.signal, name)


# Sliding products


@primitive
def slide(x, k, x_axes, k_axes, x_dots, k_dots):
    """out[i, j, p] = Σ x[i, d, p + u] k[j, d, u] over d and u: ``p`` and ``u`` go along ``x_axes`` of ``x`` and
    ``k_axes`` of ``k``, ``d`` along their ``dots``, and i and j are the other axes."""
    widths = [k.shape[axis] for axis in k_axes]
    windows = np.lib.stride_tricks.sliding_window_view(x, widths, x_axes) if widths else x
    wide = [i for i, width in enumerate(widths) if width > 1]
    if wide and windows.size > MOST_COPIED:
        return sum(slices(x, k, x_axes, k_axes, x_dots, k_dots, wide[0]))
    window_axes = [*range(x.ndim, windows.ndim), *x_dots], [*k_axes, *k_dots]
    left = [axis for axis in range(x.ndim) if axis not in x_dots]
    x_count, k_count = len(left), k.ndim - len(window_axes[1])
    # Windows that are many are copied in half the time with their places last.
    if k.size < x.size:
        product = np.tensordot(k, windows, window_axes[::-1])
        x_places, k_places = range(k_count, product.ndim), range(k_count)
    else:
        product = np.tensordot(windows, k, window_axes)
        x_places, k_places = range(x_count), range(x_count, product.ndim)
    own = [place for place, axis in zip(x_places, left) if axis not in x_axes]
    along = [x_places[left.index(axis)] for axis in x_axes]
    return product.transpose([*own, *k_places, *along])


def slices(x, k, x_axes, k_axes, x_dots, k_dots, i):
    """The terms of ``slide`` for each index of ``k`` along one of its axes."""
    width = k.shape[k_axes[i]]
    count = x.shape[x_axes[i]] - width + 1
    for u in range(width):
        x_part = part_of(x, {x_axes[i]: (u, u + count)})
        yield slide(x_part, part_of(k, {k_axes[i]: (u, u + 1)}), x_axes, k_axes, x_dots, k_dots)


def others(x, axes, dots):
    return tuple([axis for axis in range(x.ndim) if axis not in axes and axis not in dots])


def places(x, k, x_axes, k_axes, x_dots, k_dots):
    """The axes of ``x`` and of ``k`` that the answer keeps; where they are in it, and where the windows are."""
    x_own, k_own = others(x, x_axes, x_dots), others(k, k_axes, k_dots)
    middle = len(x_own) + len(k_own)
    return (
        x_own, k_own, tuple(range(len(x_own))), tuple(range(len(x_own), middle)),
        tuple(range(middle, middle + len(x_axes))),
    )


def back_in_order(x, axes):
    """``x``, of which the axes have come in the order ``axes``, with each where it was."""
    return anp.transpose(x, tuple(map(int, np.argsort(axes))))


# x̄[i, d, q] = Σ ḡ[i, j, q − u] k[j, d, u]
def transpose_x(g, ans, x, k, x_axes, k_axes, x_dots, k_dots):
    x_own, k_own, g_x, g_k, g_axes = places(x, k, x_axes, k_axes, x_dots, k_dots)
    widths = dict(zip(g_axes, [(k.shape[axis] - 1,) * 2 for axis in k_axes]))
    padded = anp.pad(g, [widths.get(axis, (0, 0)) for axis in range(g.ndim)]) if widths else g
    found = slide(padded, anp.flip(k, k_axes), g_axes, k_axes, g_k, k_own)
    # The axes of k that are left are its dots, in their order in k; each is that of a dot of x.
    dots = [x_dots[k_dots.index(axis)] for axis in sorted(k_dots)]
    return back_in_order(found, [*x_own, *dots, *x_axes])


# k̄[j, d, u] = Σ x[i, d, p + u] ḡ[i, j, p]
def transpose_k(g, ans, x, k, x_axes, k_axes, x_dots, k_dots):
    x_own, k_own, g_x, g_k, g_axes = places(x, k, x_axes, k_axes, x_dots, k_dots)
    found = slide(x, g, x_axes, g_axes, x_own, g_x)
    dots = [k_dots[x_dots.index(axis)] for axis in sorted(x_dots)]
    return back_in_order(found, [*dots, *k_own, *k_axes])


def batch_slide(batch, prim, args, kwargs):
    x, k, x_axes, k_axes, x_dots, k_dots = args
    x_mapped, k_mapped = batch.mapped[:2]
    if x_mapped and k_mapped:
        return NotImplemented
    if x_mapped:  # one more axis of x
        return prim(x, k, later(x_axes), k_axes, later(x_dots), k_dots)
    kept = len(others(x, x_axes, x_dots))
    return anp.moveaxis(prim(x, k, x_axes, later(k_axes), x_dots, later(k_dots)), kept, 0)


def later(axes):
    return tuple([axis + 1 for axis in axes])


multilinear(slide, transpose_x, transpose_k)
declare(slide, batching=batch_slide)


# Convolutions


def convolve(
    A: Any, B: Any, axes: Sequence | None = None, dot_axes: Sequence = ((), ()), mode: str = "full"
) -> Any:
    """The convolution of ``A`` and ``B`` along ``axes``, summed over ``dot_axes``, for each index of the other axes.

    Arguments:
        axes: the axes of ``A`` and those of ``B`` along which they are convolved; None for all.
        dot_axes: the axes of ``A`` and those of ``B`` that are multiplied and summed, as by ``tensordot``.
        mode: "full", "valid" or "same" (as long as ``A``), as of ``scipy.signal.convolve``.

    Returns an array with the other axes of ``A``, then those of ``B``, then those of the convolution.

    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 0.0, 3.0]))
    array([1., 2., 3., 6.])
    """
    assert mode in MODES, f"convolve: mode={mode!r} is none of {', '.join(MODES)}"
    A, B = as_array(A), as_array(B)
    A_axes, B_axes = [counted(each, x) for each, x in zip(axes or (range(A.ndim), range(B.ndim)), (A, B))]
    if len(A_axes) == A.ndim == B.ndim == len(B_axes):
        return native.signal.convolve(anp.transpose(A, A_axes), anp.transpose(B, B_axes), mode)
    A_dots, B_dots = [counted(each, x) for each, x in zip(dot_axes, (A, B))]
    sizes = [(A.shape[i], B.shape[j]) for i, j in zip(A_axes, B_axes)]
    if mode == "valid" and any([a < b for a, b in sizes]) and any([a > b for a, b in sizes]):
        raise ValueError("convolve: in mode 'valid' one array must be the larger along all axes of the convolution")
    if any([a < b for a, b in sizes]) if mode == "valid" else mode == "full" and A.size < B.size:
        found = slide_reversed(B, A, B_axes, A_axes, B_dots, A_dots, mode)
        B_count, A_count = len(others(B, B_axes, B_dots)), len(others(A, A_axes, A_dots))
        order = [*range(B_count, B_count + A_count), *range(B_count), *range(B_count + A_count, found.ndim)]
        return anp.transpose(found, order)
    return slide_reversed(A, B, A_axes, B_axes, A_dots, B_dots, mode)


def counted(axes, x):
    return tuple([int(axis) % x.ndim for axis in axes])


def slide_reversed(x, k, x_axes, k_axes, x_dots, k_dots, mode):
    if mode != "valid":
        widths = [(0, 0)] * x.ndim
        for i, j in zip(x_axes, k_axes):
            before = after = k.shape[j] - 1
            if mode == "same":
                after //= 2
                before -= after
            widths[i] = before, after
        x = anp.pad(x, widths) if x_axes else x
    return slide(x, anp.flip(k, k_axes), x_axes, k_axes, x_dots, k_dots)


# What else autograd's module has


def parse_axes(
    A_shape: Sequence, B_shape: Sequence, conv_axes: Sequence | None, dot_axes: Sequence, mode: str
) -> tuple[dict, dict]:
    """The axes of the operands "A" and "B" and of the answer "out" by what they are for, and their lengths."""
    shapes = {"A": tuple(A_shape), "B": tuple(B_shape)}
    axes: dict = {}
    for k, (name, shape) in enumerate(shapes.items()):
        along = tuple(range(len(shape)) if conv_axes is None else conv_axes[k])
        dots = tuple(dot_axes[k])
        ignored = tuple([axis for axis in range(len(shape)) if axis not in along + dots])
        axes[name] = {"conv": along, "dot": dots, "ignore": ignored}
    lengths = {
        name: {part: tuple([shapes[name][axis] for axis in places]) for part, places in axes[name].items()}
        for name in shapes
    }
    lengths["out"] = {
        "ignore_A": lengths["A"]["ignore"], "ignore_B": lengths["B"]["ignore"],
        "conv": tuple([compute_conv_size(a, b, mode) for a, b in zip(lengths["A"]["conv"], lengths["B"]["conv"])]),
    }
    axes["out"], start = {}, 0
    for part, shape in lengths["out"].items():
        axes["out"][part] = tuple(range(start, start + len(shape)))
        start += len(shape)
    return axes, lengths


def compute_conv_size(A_size: int, B_size: int, mode: str) -> int:
    """How long a convolution is.

    >>> compute_conv_size(5, 3, "full"), compute_conv_size(5, 3, "same"), compute_conv_size(5, 3, "valid")
    (7, 5, 3)
    """
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is none of {', '.join(MODES)}")
    return {"full": A_size + B_size - 1, "same": A_size, "valid": abs(A_size - B_size) + 1}[mode]


def flipped_idxs(ndim: int, axes: Sequence[int]) -> tuple:
    """The index that reverses an array of ``ndim`` dimensions along ``axes``."""
    return tuple([slice(None, None, -1 if axis in axes else None) for axis in range(ndim)])


def einsum_tensordot(A: Any, B: Any, axes: Sequence, reverse: bool = False) -> Any:
    """``tensordot``."""
    return anp.tensordot(A, B, axes)


def grad_convolve(argnum, ans, A, B, axes=None, dot_axes=((), ()), mode="full"):
    """The rule of ``convolve`` in one argument."""
    return pullback(convolve, argnum, A, B, axes, dot_axes, mode)
