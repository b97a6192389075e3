"""Cubic polynomials in pieces: the slopes at the points, from which their coefficients follow."""

from __future__ import annotations

import numpy as np

from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from .bands import solve_bands

__all__ = ["akima_slopes", "hermite_pieces", "pchip_slopes", "prepare", "spline_slopes"]


def prepare(x, y, axis, *others):
    """``x`` and ``y`` as arrays of float64, or complex, with the axis of interpolation first, and that axis."""
    x, y = as_array(x), as_array(y)
    if x.dtype.kind == "c":
        raise ValueError("`x` must contain real values.")
    axis = axis % y.ndim
    if x.ndim != 1 or x.shape[0] < 2 or x.shape[0] != y.shape[axis]:
        raise ValueError(f"x has to be of one dimension, of at least 2 points, as many as y has along axis {axis}: "
                         f"the shapes are {x.shape} and {y.shape}")
    for name, each in (("x", x), ("y", y)):
        if not anp.all(anp.isfinite(to_recorded(each))):
            raise ValueError(f"`{name}` must contain only finite values.")
    if anp.any(to_recorded(x)[..., 1:] <= to_recorded(x)[..., :-1]):
        raise ValueError("`x` must be strictly increasing sequence.")
    y = anp.moveaxis(anp.astype(y, np.result_type(y.dtype, np.float64)), axis, 0)
    return anp.astype(x, np.float64), y, axis


def as_column(x, y):
    """``x`` of the points, to be broadcast against ``y``."""
    return anp.reshape(x, (-1, *[1] * (y.ndim - 1)))


def hermite_pieces(x, y, slopes):
    """The coefficients of the cubic polynomials with these values and slopes at ``x``."""
    step = as_column(anp.diff(x), y)
    slope = anp.diff(y, axis=0) / step
    excess = (slopes[:-1] + slopes[1:] - 2 * slope) / step
    return anp.stack([excess / step, (slope - slopes[:-1]) / step - excess, slopes[:-1], y[:-1]])


# Splines: the second derivative is continuous where, with hᵢ = xᵢ₊₁ − xᵢ and mᵢ the slope of the chord,
# hᵢ sᵢ₋₁ + 2 (hᵢ₋₁ + hᵢ) sᵢ + hᵢ₋₁ sᵢ₊₁ = 3 (hᵢ mᵢ₋₁ + hᵢ₋₁ mᵢ)


def checked_conditions(bc_type, y):
    if isinstance(bc_type, str):
        if bc_type == "periodic" and not anp.allclose(to_recorded(y[0]), to_recorded(y[-1]), 1e-15, 1e-15):
            raise ValueError("The first and last `y` point must be identical (within machine precision) when "
                             "bc_type='periodic'.")
        bc_type = (bc_type, bc_type)
    elif len(bc_type) != 2 or any([isinstance(bc, str) and bc == "periodic" for bc in bc_type]):
        raise ValueError("`bc_type` must contain 2 elements to specify start and end conditions, of which none is "
                         "'periodic'.")
    return [checked_condition(bc, y) for bc in bc_type]


def checked_condition(bc, y):
    if isinstance(bc, str):
        if bc not in ("clamped", "natural", "not-a-knot", "periodic"):
            raise ValueError(f"bc_type={bc} is not allowed.")
        return {"clamped": (1, 0.0), "natural": (2, 0.0)}.get(bc, bc)
    order, value = bc
    if order not in (1, 2):
        raise ValueError("The specified derivative order must be 1 or 2.")
    if np.shape(value) != y.shape[1:]:
        raise ValueError(f"`deriv_value` shape {np.shape(value)} is not the expected one {y.shape[1:]}.")
    return order, as_array(value)


def end_row(condition, h0, h1, m0, m1, sign):
    """The equation at an end: what stands before its slope, before the next slope, and on the right."""
    if condition == "not-a-knot":
        both = h0 + h1
        return h1, both, ((h0 + 2 * both) * h1 * m0 + h0 * h0 * m1) / both
    if condition == "parabola":
        return 1.0, 1.0, 2 * m0
    order, value = condition
    if order == 1:
        return 1.0, 0.0, value + 0 * m0
    return 2 * h0, h0, sign * 0.5 * value * h0 * h0 + 3 * h0 * m0


def spline_slopes(x, y, bc_type):
    conditions = checked_conditions(bc_type, y)
    count, h = x.shape[0], anp.diff(x)
    column = as_column(h, y)
    m = anp.diff(y, axis=0) / column
    if count == 2:
        conditions = [(1, m[0]) if bc in ("not-a-knot", "periodic") else bc for bc in conditions]
    elif conditions[0] == "periodic":
        return periodic_slopes(h, column, m)
    elif count == 3 and conditions == ["not-a-knot", "not-a-knot"]:
        conditions = ["parabola", "parabola"]
    last = min(1, count - 2)
    start = end_row(conditions[0], h[0], h[last], m[0], m[last], -1)
    end = end_row(conditions[1], h[-1], h[-1 - last], m[-1], m[-1 - last], 1)
    inner = 3 * (column[1:] * m[:-1] + column[:-1] * m[1:])
    return solve_bands(
        anp.stack([
            joined([0.0, start[1]], h[:-1], []),
            joined([start[0]], 2 * (h[:-1] + h[1:]), [end[0]]),
            joined([], h[1:], [end[1], 0.0]),
        ]),
        joined([start[2]], inner, [end[2]]), 1, 1,
    )


def joined(first, middle, last):
    shape = middle.shape[1:]
    first, last = ([anp.reshape(as_array(each), (1, *shape)) for each in part] for part in (first, last))
    return anp.concatenate([*first, middle, *last])


# Of a periodic spline the first and the last slope are one: the matrix has two corners. With the last of the other
# slopes z, the rest is s₁ + z s₂, where s₁ is the solution with z = 0 and s₂ what the column of z makes.


def periodic_slopes(h, column, m):
    if h.shape[0] == 2:
        mean = anp.sum(m / column, 0) / anp.sum(1 / column, 0)
        return anp.stack([mean] * 3)
    before = anp.concatenate([h[-1:], h[:-1]])  # the step in front of each point
    right = 3 * (column * anp.roll(m, 1, 0) + anp.reshape(before, column.shape) * m)
    diagonal = 2 * (before + h)
    bands = anp.stack([
        joined([0.0], before[:-2], []), diagonal[:-1], joined([], h[1:-1], [0.0]),
    ])
    size = h.shape[0] - 1
    of_last = joined([-h[0]], np.zeros(size - 2), [-before[-2]])
    shape = m.shape[1:]
    columns = anp.concatenate([anp.reshape(right[:-1], (size, -1)), anp.reshape(of_last, (size, 1))], axis=1)
    solved = solve_bands(bands, columns, 1, 1)
    s1, s2 = anp.reshape(solved[:, :-1], (size, *shape)), anp.reshape(solved[:, -1], (size, *[1] * len(shape)))
    z = (right[-1] - before[-1] * s1[0] - h[-1] * s1[-1]) / (diagonal[-1] + before[-1] * s2[0] + h[-1] * s2[-1])
    slopes = s1 + z * s2
    return anp.concatenate([slopes, z[None], slopes[:1]])


# PCHIP: weighted harmonic means of the slopes on both sides, 0 where they differ in sign (F. N. Fritsch, J. Butland,
# "A method for constructing local monotone piecewise cubic interpolants", 1984)


def pchip_slopes(x, y):
    h = as_column(anp.diff(x), y)
    m = anp.diff(y, axis=0) / h
    if x.shape[0] == 2:
        return anp.concatenate([m, m])
    before, after = m[:-1], m[1:]
    is_extremum = anp.logical_not(anp.sign(before) * anp.sign(after) > 0)
    before, after = (anp.where(is_extremum, 1.0, each) for each in (before, after))
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = anp.where(is_extremum, 0.0, (w1 + w2) / (w1 / before + w2 / after))
    ends = [pchip_end(h[i], h[j], m[i], m[j]) for i, j in ((0, 1), (-1, -2))]
    return anp.concatenate([ends[0][None], inner, ends[1][None]])


def pchip_end(h0, h1, m0, m1):
    slope = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    overshoots = anp.logical_and(anp.sign(m0) != anp.sign(m1), anp.abs(slope) > 3 * anp.abs(m0))
    return anp.where(anp.sign(slope) != anp.sign(m0), 0.0, anp.where(overshoots, 3 * m0, slope))


# Akima: means of the slopes on both sides, weighted by how little the next ones differ (H. Akima, "A new method of
# interpolation and smooth curve fitting based on local procedures", 1970)

LEAST_WEIGHT = 1e-9
"""Below this part of the largest weights the slope is the mean, as SciPy has it."""


def akima_slopes(x, y, method):
    m = anp.diff(y, axis=0) / as_column(anp.diff(x), y)
    if x.shape[0] == 2:
        return anp.concatenate([m, m])
    left = 2 * m[0] - m[1]
    right = 2 * m[-1] - m[-2]
    ends = [2 * left - m[0], left], [right, 2 * right - m[-1]]
    m = joined(ends[0], m, ends[1])
    weights = anp.abs(anp.diff(m, axis=0))
    if method == "makima":
        weights = weights + 0.5 * anp.abs(m[1:] + m[:-1])
    before, after = weights[:-2], weights[2:]
    total = before + after
    has_mean = total > LEAST_WEIGHT * (anp.max(total) if total.size else 0.0)
    part = before / anp.where(has_mean, total, 1.0)
    return anp.where(has_mean, m[1:-2] + part * (m[2:-1] - m[1:-2]), 0.5 * (m[3:] + m[:-3]))
