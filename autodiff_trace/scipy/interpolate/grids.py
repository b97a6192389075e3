"""Interpolation on regular grids, RegularGridInterpolator and interpn: in the values, the grid and the queries.

Each axis gives weights for few neighbours of a query, and the answer is a sum over all combinations of them, as each of
SciPy's methods has it. Splines are here solved exactly where SciPy iterates.
"""

from __future__ import annotations

import itertools

import numpy as np
import scipy.interpolate

from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced
from .basis import basis, spans
from .bsplines import make_interp_spline
from .cubics import hermite_pieces, pchip_slopes
from .lines import as_float_kept
from .pieces import as_points, batch_find, find_piece, piece_value, wide

__all__ = ["RegularGridInterpolator", "interpn"]

DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}


def ascending(points, values):
    """The grid with ascending axes, and the values in that order."""
    grid = []
    for axis, x in enumerate(points):
        x = anp.astype(as_array(x), np.float64)
        plain = to_recorded(x)
        if anp.all(plain[..., 1:] < plain[..., :-1]) and x.shape[0] > 1:
            x, values = anp.flip(x), anp.flip(values, axis)
        elif anp.any(plain[..., 1:] <= plain[..., :-1]):
            raise ValueError(f"The points in dimension {axis} must be strictly ascending or descending")
        if x.shape != (values.shape[axis],):
            raise ValueError(f"There are {x.shape} points and {values.shape[axis]} values on dimension {axis}")
        grid.append(x)
    return grid, values


def combined(values, neighbours):
    """Σ wᵢ wⱼ … values[i, j, …] over what each axis has: pairs of places and weights."""
    ndim = values.ndim - len(neighbours)
    total = 0.0
    for chosen in itertools.product(*neighbours):
        places, weights = zip(*chosen)
        weight = weights[0]
        for each in weights[1:]:
            weight = weight * each
        total = total + anp.getitem(values, tuple(places)) * wide(weight, ndim)
    return total


def linear_neighbours(x, q):
    if x.shape[0] == 1:
        return [(anp.zeros_like(q, dtype=int), 1 + 0 * q)]  # constant along this axis
    i = find_piece(x, q)
    first = anp.take(x, i)
    part = (q - first) / (anp.take(x, i + 1) - first)
    return [(i, 1 - part), (i + 1, part)]


@nondifferentiable
def nearest(x, q):
    i = np.clip(np.searchsorted(x, q, "right") - 1, 0, max(len(x) - 2, 0))
    return i + (q - x[i] > 0.5 * (x[np.minimum(i + 1, len(x) - 1)] - x[i]))


declare(nearest, batching=batch_find)


def spline_neighbours(t, k, q, nu):
    """For each axis places of coefficients and weights: derivatives of order ``nu`` of the basis."""
    i = spans(t, k, q)
    if not nu:
        return [(i - k + r, weight) for r, weight in enumerate(basis(t, k, q, i))]
    if nu > k:
        return [(i, 0 * q)]
    weights = {r: {r: 1.0} for r in range(k + 1)}  # of the coefficients i − k + r, in terms of the given ones
    lower, degree = t, k
    for _ in range(nu):
        new = {}
        for r in range(degree):
            # the difference of coefficients i − degree + r and the next, of the knots of this degree
            j = i - degree + r + (len(weights) - degree - 1)
            step = anp.take(lower, j + degree + 1) - anp.take(lower, j + 1)
            factor = degree / step
            new[r] = {}
            for source, sign in ((r + 1, 1.0), (r, -1.0)):
                for place, weight in weights[source].items():
                    new[r][place] = new[r].get(place, 0.0) + sign * factor * weight
        weights, lower, degree, i = new, lower[1:-1], degree - 1, i - 1
    found = {}
    for r, each in enumerate(basis(lower, degree, q, i)):
        for place, weight in weights[r].items():
            found[place] = found.get(place, 0.0) + each * weight
    start = i + nu - k
    return [(start + place, weight) for place, weight in found.items()]


def by_splines(grid, values, xi, degree, nu):
    degrees = degree if isinstance(degree, tuple) else (degree,) * len(grid)
    neighbours = []
    for axis, (x, k) in enumerate(zip(grid, degrees)):
        if x.shape[0] <= k:
            raise ValueError(f"There are {x.shape[0]} points in dimension {axis}, but a spline of degree {k} requires "
                             f"at least {k + 1} points per dimension.")
        spline = make_interp_spline(x, anp.moveaxis(values, axis, 0), k)
        values = anp.moveaxis(spline.c, 0, axis)
        neighbours.append(spline_neighbours(spline.t, k, xi[:, axis], nu[axis]))
    return combined(values, neighbours)


def by_pchip(grid, values, xi):
    """Along the last axis for all queries, then along the one before it of what each query has got."""
    count = len(grid)
    y = anp.moveaxis(values, count - 1, 0)
    c = hermite_pieces(grid[-1], y, pchip_slopes(grid[-1], y))
    q = xi[:, -1]
    i = find_piece(grid[-1], q)
    found = piece_value(c, q - anp.take(grid[-1], i), i, 0)  # queries, then the other axes of the grid
    each = np.arange(xi.shape[0])
    for axis in range(count - 2, -1, -1):
        y = anp.moveaxis(found, axis + 1, 0)  # points, queries, …
        c = hermite_pieces(grid[axis], y, pchip_slopes(grid[axis], y))
        q = xi[:, axis]
        i = find_piece(grid[axis], q)
        c = anp.reshape(c, (4, c.shape[1] * c.shape[2], *c.shape[3:]))
        found = piece_value(c, q - anp.take(grid[axis], i), i * xi.shape[0] + each, 0)
    return found


def interpolate(points, values, xi, method, bounds_error, fill_value, nu=None):
    values = as_float_kept(as_array(values))
    grid, values = ascending(points, values)
    ndim = len(grid)
    xi = as_points(xi, ndim)
    shape, xi = xi.shape[:-1], anp.reshape(xi, (-1, ndim))
    outside = False
    for axis, x in enumerate(grid):
        q = xi[:, axis]
        beyond = anp.logical_or(q < x[0], q > x[-1])
        if bounds_error and anp.any(to_recorded(anp.logical_or(beyond, anp.isnan(q)))):
            raise ValueError(f"One of the requested xi is out of bounds in dimension {axis}")
        outside = anp.logical_or(outside, beyond)
    method = method.removesuffix("_legacy")
    if nu is not None and method not in DEGREES:
        raise ValueError(f"Can only compute derivatives for methods {[*DEGREES]}, got method = {method!r}.")
    if method == "linear":
        answer = combined(values, [linear_neighbours(x, xi[:, axis]) for axis, x in enumerate(grid)])
    elif method == "nearest":
        answer = anp.getitem(values, tuple([nearest(x, xi[:, axis]) for axis, x in enumerate(grid)]))
    elif method == "pchip":
        answer = anp.astype(by_pchip(grid, values, xi), values.dtype)
    elif method in DEGREES:
        answer = by_splines(grid, values, xi, DEGREES[method], (0,) * ndim if nu is None else tuple(nu))
    else:
        raise ValueError(f"Method '{method}' is not defined, or not there for traced values")
    extra = answer.ndim - 1
    nothing = anp.astype(wide(np.nan * anp.sum(xi, -1), extra), answer.dtype)  # NaN, and so is its slope
    if not bounds_error and fill_value is not None:
        filling = nothing if isinstance(fill_value, float) and np.isnan(fill_value) else (
            anp.astype(as_array(fill_value), answer.dtype))
        answer = anp.where(wide(outside, extra), filling, answer)
    answer = anp.where(wide(anp.any(anp.isnan(xi), -1), extra), nothing, answer)
    return anp.reshape(answer, (*shape, *values.shape[ndim:]))


class TracedGrid:
    """What stands before SciPy's class: it keeps what it is given, for traced data and queries."""

    def __init__(self, points, values, method="linear", bounds_error=True, fill_value=np.nan, **options):
        self.data_are_traced = is_traced(*points, values, fill_value)
        if not self.data_are_traced:
            super().__init__(points, values, method, bounds_error, fill_value, **options)
        self.given = points, values
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value

    def __call__(self, xi, method=None, *, nu=None):
        queries = xi if isinstance(xi, (tuple, list)) else (xi,)
        if not self.data_are_traced and not is_traced(*queries):
            return super().__call__(xi, method) if nu is None else super().__call__(xi, method, nu=nu)
        return interpolate(*self.given, xi, method or self.method, self.bounds_error, self.fill_value, nu)


class RegularGridInterpolator(TracedGrid, scipy.interpolate.RegularGridInterpolator):
    __doc__ = scipy.interpolate.RegularGridInterpolator.__doc__


def interpn(points, values, xi, method="linear", bounds_error=True, fill_value=np.nan):
    """SciPy's function of the same name, differentiable in the grid, the values and the queries."""
    queries = xi if isinstance(xi, (tuple, list)) else (xi,)
    if not is_traced(*points, values, *queries, fill_value):
        return scipy.interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    return interpolate(points, values, xi, method, bounds_error, fill_value)
