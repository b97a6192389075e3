"""Interpolation between scattered points: radial basis functions, and lines on triangles."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.interpolate

from ...core.errors import TracedValueError, caller_line
from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...core.traits import declare
from ...numpy import linalg
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced, refuse_traced
from .lines import as_float_kept, interp1d
from .pieces import as_points, wide

__all__ = ["LinearNDInterpolator", "NearestNDInterpolator", "RBFInterpolator", "griddata"]


def root(square):
    """The distance, of which the slope is 0 at 0."""
    is_zero = anp.equal(square, 0)
    return anp.where(is_zero, 0.0, anp.sqrt(anp.where(is_zero, 1.0, square)))


def thin_plate(square):
    is_zero = anp.equal(square, 0)
    return anp.where(is_zero, 0.0, 0.5 * square * anp.log(anp.where(is_zero, 1.0, square)))


KERNELS = {  # of the square of the distance
    "linear": lambda square: -root(square),
    "thin_plate_spline": thin_plate,
    "cubic": lambda square: square * root(square),
    "quintic": lambda square: -square * square * root(square),
    "multiquadric": lambda square: -anp.sqrt(square + 1),
    "inverse_multiquadric": lambda square: 1 / anp.sqrt(square + 1),
    "inverse_quadratic": lambda square: 1 / (square + 1),
    "gaussian": lambda square: anp.exp(-square),
}
LEAST_DEGREES = {"multiquadric": 0, "linear": 0, "thin_plate_spline": 1, "cubic": 1, "quintic": 2}
SCALE_INVARIANT = ("linear", "thin_plate_spline", "cubic", "quintic")


def squares(x, y, epsilon):
    difference = x[:, None, :] - y
    return anp.sum(difference * difference, -1) * (epsilon * epsilon)


def monomials(x, degree):
    ndim = x.shape[1]
    powers = [each for each in itertools.product(range(degree + 1), repeat=ndim) if sum(each) <= degree]
    columns = []
    for each in powers:
        column = np.ones(x.shape[0])
        for axis, power in enumerate(each):
            column = column * x[:, axis] ** power if power else column
        columns.append(column)
    return anp.stack(columns, -1) if columns else np.zeros((x.shape[0], 0))


def radial_basis(y, d, smoothing, kernel, epsilon, degree, x):
    """The interpolant of ``d`` at ``y``, evaluated at ``x``: a sum of kernels and a polynomial, which is zero where the
    kernels are orthogonal to polynomials."""
    kernel = kernel.lower()
    if kernel not in KERNELS:
        raise ValueError(f"`kernel` must be one of {[*KERNELS]}.")
    if epsilon is None and kernel not in SCALE_INVARIANT:
        raise ValueError(f"`epsilon` must be specified if `kernel` is not one of {SCALE_INVARIANT}.")
    epsilon = 1.0 if epsilon is None else epsilon
    degree = max(LEAST_DEGREES.get(kernel, -1), 0) if degree is None else int(degree)
    y, x, d = as_array(y), as_array(x), as_float_kept(as_array(d))
    if y.ndim != 2 or x.ndim != 2 or x.shape[1] != y.shape[1] or d.shape[0] != y.shape[0]:
        raise ValueError(f"RBFInterpolator: y, d and x have shapes {y.shape}, {d.shape} and {x.shape}")
    count = y.shape[0]
    flat = anp.reshape(d, (count, -1))
    # The polynomial is the same whatever its origin and unit are: these are constants.
    plain = to_recorded(y)
    others = tuple(range(plain.ndim - 1))
    low, high = anp.min(plain, others), anp.max(plain, others)
    shift, scale = (low + high) / 2, anp.where(high > low, (high - low) / 2, 1.0)
    p = monomials((y - shift) / scale, degree)
    if p.shape[1] > count:
        raise ValueError(f"At least {p.shape[1]} data points are required when `degree` is {degree}.")
    matrix = KERNELS[kernel](squares(y, y, epsilon)) + anp.diag(smoothing * np.ones(count))
    size = p.shape[1]
    matrix = anp.concatenate([anp.concatenate([matrix, p], 1), anp.concatenate([p.T, np.zeros((size, size))], 1)])
    weights = linalg.solve(matrix, anp.concatenate([flat, np.zeros((size, flat.shape[1]))]))
    seen = anp.concatenate([KERNELS[kernel](squares(x, y, epsilon)), monomials((x - shift) / scale, degree)], 1)
    return anp.reshape(seen @ weights, (x.shape[0], *d.shape[1:]))


class RBFInterpolator(scipy.interpolate.RBFInterpolator):
    __doc__ = scipy.interpolate.RBFInterpolator.__doc__

    def __init__(self, y, d, neighbors=None, smoothing=0.0, kernel="thin_plate_spline", epsilon=None, degree=None):
        self.given = y, d, smoothing, kernel, epsilon, degree
        self.given_neighbors = neighbors
        self.data_are_traced = is_traced(y, d, smoothing, epsilon)
        if not self.data_are_traced:
            super().__init__(y, d, neighbors, smoothing, kernel, epsilon, degree)

    def __reduce__(self):
        y, d, *rest = self.given
        return type(self), (y, d, self.given_neighbors, *rest)

    def __call__(self, x):
        if not self.data_are_traced and not is_traced(x):
            return super().__call__(x)
        if self.given_neighbors is not None:
            raise TracedValueError(f"RBFInterpolator: neighbors= is not there for traced values ({caller_line()}). "
                                   "Leave it away: all points are taken.")
        return radial_basis(*self.given, x)


@nondifferentiable
def find_triangle(triangles, query):
    """The number of the triangle that each query is in, −1 where there is none."""
    return triangles.find_simplex(np.asarray(query, float))


@nondifferentiable
def find_nearest(tree, query):
    return tree.query(np.asarray(query, float))[1]


for _prim in (find_triangle, find_nearest):
    declare(_prim, batching=lambda batch, prim, args, kwargs: prim(*args))  # the queries may have any shape


def by_triangles(triangles, values, query, fill_value):
    """The line on the triangle that a query is in; where it is in none, ``fill_value``."""
    found = find_triangle(triangles, query)
    inside, found = found >= 0, anp.maximum(found, 0)
    transform = anp.take(triangles.transform, found, 0)
    ndim = query.shape[-1]
    part = anp.sum(transform[..., :ndim, :] * (query - transform[..., ndim, :])[..., None, :], -1)
    part = anp.concatenate([part, 1 - anp.sum(part, -1, keepdims=True)], -1)
    corners = anp.take(values, anp.take(triangles.simplices, found, 0), 0)
    extra = values.ndim - 1
    if np.isnan(fill_value):
        fill_value = wide(np.nan * anp.sum(query, -1), extra)  # NaN, and so is its slope
    return anp.where(wide(inside, extra), anp.sum(wide(part, extra) * corners, found.ndim), fill_value)


class ScatteredInterpolator:
    """What stands before SciPy's class: points are constant, values and queries may be traced."""

    def __init__(self, points, values, *args, **options):
        refuse_traced(type(self).__name__, "Use RBFInterpolator, which has derivatives in the points.", points=points)
        self.values_are_traced, self.given_values = is_traced(values), values
        super().__init__(points, np.ones(np.shape(values)) if self.values_are_traced else values, *args, **options)

    def __call__(self, *args, **options):
        queries = args[0] if len(args) == 1 else args
        if not self.values_are_traced and not is_traced(*(queries if isinstance(queries, (tuple, list)) else args)):
            return super().__call__(*args, **options)
        query, values = as_points(queries, self.points.shape[1]), as_float_kept(as_array(self.given_values))
        return self.traced_value(values, query if self.scale is None else (query - self.offset) / self.scale)


class LinearNDInterpolator(ScatteredInterpolator, scipy.interpolate.LinearNDInterpolator):
    __doc__ = scipy.interpolate.LinearNDInterpolator.__doc__

    def traced_value(self, values, query):
        return by_triangles(self.tri, values, query, self.fill_value)


class NearestNDInterpolator(ScatteredInterpolator, scipy.interpolate.NearestNDInterpolator):
    __doc__ = scipy.interpolate.NearestNDInterpolator.__doc__

    def traced_value(self, values, query):
        return anp.take(values, find_nearest(self.tree, query), 0)


def griddata(points, values, xi, method="linear", fill_value=np.nan, rescale=False):
    """SciPy's function of the same name, differentiable in ``values`` and ``xi`` where ``method`` is not "cubic"."""
    queries = xi if isinstance(xi, (tuple, list)) else (xi,)
    parts = points if isinstance(points, (tuple, list)) else (points,)
    if not is_traced(*parts, values, *queries):
        return scipy.interpolate.griddata(points, values, xi, method, fill_value, rescale)
    refuse_traced("griddata", "Use RBFInterpolator, which has derivatives in the points.",
                  points=points if isinstance(points, (tuple, list)) else [points])
    if np.ndim(points) == 1 or len(parts) == 1 and np.ndim(parts[0]) < 2:
        fill_value = "extrapolate" if method == "nearest" else fill_value
        points, xi = (each[0] if isinstance(each, tuple) else each for each in (points, xi))
        return interp1d(points, values, method, 0, bounds_error=False, fill_value=fill_value)(xi)
    if method == "nearest":
        return NearestNDInterpolator(points, values, rescale=rescale)(xi)
    if method != "linear":
        raise TracedValueError(f"griddata: method={method!r} is not there for traced values ({caller_line()}). Use "
                               "method='linear' or RBFInterpolator.")
    return LinearNDInterpolator(points, values, fill_value=fill_value, rescale=rescale)(xi)
