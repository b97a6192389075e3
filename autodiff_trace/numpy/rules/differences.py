"""Differences of neighbours along an axis, and what is made of them: ediff1d, gradient, trapezoid."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define
from ..canonical import NO_VALUE, as_array


def cut(x, axis, start, stop=None):
    """``x[start:stop]`` along ``axis``."""
    return x[(slice(None),) * normalize_axis_index(axis, x.ndim) + (slice(start, stop),)]


def along(x, axis, ndim):
    """A vector as an array of ``ndim`` dimensions that lies along ``axis``; a number as it is."""
    return anp.reshape(x, tuple(-1 if i == axis % ndim else 1 for i in range(ndim))) if x.ndim else x


@define(np.diff)
def diff(a, n=1, axis=-1, prepend=NO_VALUE, append=NO_VALUE):
    if n < 0:
        raise ValueError(f"diff: n is {n}, but must not be negative")
    a = anp.asarray(a)
    if n == 0:
        return a
    if not a.ndim:
        raise ValueError("diff: an array of one dimension or more is needed")
    axis = normalize_axis_index(axis, a.ndim)
    if prepend is not NO_VALUE:
        a = anp.concatenate([end_piece(prepend, a, axis), a], axis=axis)
    if append is not NO_VALUE:
        a = anp.concatenate([a, end_piece(append, a, axis)], axis=axis)
    subtract = anp.not_equal if a.dtype == bool else anp.subtract
    for _ in range(n):
        a = subtract(cut(a, axis, 1), cut(a, axis, None, -1))
    return a


def end_piece(end, a, axis):
    """What ``diff`` puts before or after ``a``: a number stands for a slice of it."""
    end = as_array(end)
    shape = list(a.shape)
    shape[axis] = 1
    return end if end.ndim else anp.broadcast_to(end, tuple(shape))


@define(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    ary = anp.ravel(as_array(ary))
    pieces = [ary[1:] - ary[:-1]]
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is None:
            continue
        end = anp.ravel(as_array(end))
        if not np.can_cast(end.dtype, ary.dtype, "same_kind"):
            raise TypeError(f"ediff1d: {name} of dtype {end.dtype} does not fit an array of dtype {ary.dtype}")
        pieces.insert(0 if name == "to_begin" else len(pieces), anp.astype(end, ary.dtype))
    return anp.concatenate(pieces) if len(pieces) > 1 else pieces[0]


# gradient: central differences of second order inside, one-sided ones of edge_order at the ends.
# Of three points with steps a and b between them, B. Fornberg, "Generation of finite difference formulas on arbitrarily
# spaced grids", 1988, gives the weights.


@define(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    f = anp.asarray(f)
    if f.dtype.kind not in "fc":
        f = anp.astype(f, np.float64)
    if axis is None:
        axes = tuple(range(f.ndim))
    else:
        axes = normalize_axis_tuple(axis, f.ndim)
    if not varargs:
        spacings = [np.ones((), f.dtype)] * len(axes)
    elif len(varargs) == 1 and not anp.ndim(varargs[0]):
        spacings = [anp.asarray(varargs[0])] * len(axes)
    else:
        spacings = [anp.asarray(each) for each in varargs]
    if len(spacings) != len(axes):
        raise TypeError(f"gradient: {len(spacings)} spacings for {len(axes)} axes")
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order is {edge_order}, but must be 1 or 2")
    results = tuple(gradient_along(f, each, spacing, edge_order) for each, spacing in zip(axes, spacings))
    return results[0] if len(axes) == 1 else results


def gradient_along(f, axis, spacing, edge_order):
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(f"gradient: axis {axis} has size {n}, but edge_order={edge_order} needs {edge_order + 1}")
    if spacing.ndim > 1 or spacing.ndim == 1 and spacing.shape[0] != n:
        raise ValueError(f"gradient: a spacing of shape {spacing.shape} along an axis of size {n}")
    points = [cut(f, axis, i, i + n - 2) for i in range(3)]
    if not spacing.ndim:
        inner = (points[2] - points[0]) / (2 * spacing)
        first, last = spacing, spacing
    else:
        steps = along(spacing[1:] - spacing[:-1], axis, f.ndim)
        a, b = cut(steps, axis, None, -1), cut(steps, axis, 1)
        inner = (
            -b / (a * (a + b)) * points[0] + (b - a) / (a * b) * points[1] + a / (b * (a + b)) * points[2]
        )
        first, last = cut(steps, axis, 0, 1), cut(steps, axis, n - 2)
    left = (cut(f, axis, 1, 2) - cut(f, axis, 0, 1)) / first
    right = (cut(f, axis, n - 1) - cut(f, axis, n - 2, n - 1)) / last
    if edge_order == 2:
        # The slope at the end of a parabola: as far beyond the slope of the end step as the next point's falls short.
        left, right = 2 * left - cut(inner, axis, 0, 1), 2 * right - cut(inner, axis, n - 3)
    return match_dtype(anp.concatenate([left, inner, right], axis=axis), f.dtype)


def trapezoid(y, x=None, dx=1.0, axis=-1):
    y = anp.asarray(y)
    if x is None:
        widths = dx
    else:
        x = anp.asarray(x)
        widths = along(diff(x), axis, y.ndim) if x.ndim == 1 else diff(x, axis=axis)
    return anp.sum(widths * (cut(y, axis, 1) + cut(y, axis, None, -1)) / 2, axis=axis)


define(np.trapezoid)(trapezoid)
if "trapz" in vars(np):  # NumPy's old name of it
    define(np.trapz)(trapezoid)
