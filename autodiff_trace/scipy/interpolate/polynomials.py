"""Polynomials through points, KroghInterpolator and BarycentricInterpolator: in Newton's form where they are traced.

Newton's form is stable where each point is far from those before it (L. Reichel, "Newton interpolation at Leja points",
1990): in that order the second class takes them. In the first, points that are repeated have derivatives for values.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.interpolate

from ...core.errors import TracedValueError, caller_line
from ...core.recording import to_recorded
from ...core.tracebacks import border
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced, refuses
from .cubic_splines import PchipInterpolator
from .lines import as_float_kept
from .piecewise import as_float
from .pieces import moved_axis, wide

__all__ = [
    "BarycentricInterpolator", "KroghInterpolator", "barycentric_interpolate", "krogh_interpolate", "lagrange",
    "pchip_interpolate",
]


def plain_points(x):
    x = np.asarray(to_recorded(x))
    if x.ndim != 1:
        raise TracedValueError(f"interpolation: the points of a polynomial cannot be batched ({caller_line()}).")
    return x


def divided_differences(x, y):
    """The coefficients of Newton's form. Of points that are repeated the values are derivatives, of rising order."""
    plain, c, row = plain_points(x), [y[0]], [y[0]]
    for k in range(1, len(plain)):
        repeats = 0
        while repeats < k and plain[k - repeats - 1] == plain[k]:
            repeats += 1
        if any(plain[: k - repeats] == plain[k]):
            raise ValueError("Elements of `xi` can't be equal.")
        before = c if repeats == 0 else row[1:]
        row = [y[k] / math.factorial(repeats)]
        for i in range(k - repeats):
            row.append((before[i] - row[i]) / (x[i] - x[k]))
        c.append(row[k - repeats])
    return c


def newton_value(c, x, query, nu):
    """The derivative of order ``nu`` of Σ cₖ (q − x₀) … (q − xₖ₋₁)."""
    ndim = c[0].ndim
    products = [anp.ones_like(query)] + [anp.zeros_like(query)] * nu  # and their derivatives
    total = c[0] * wide(products[nu], ndim)
    for k in range(1, len(c)):
        step = query - x[k - 1]
        products = [products[m] * step + (m * products[m - 1] if m else 0.0) for m in range(nu + 1)]
        total = total + c[k] * wide(products[nu], ndim)
    return total


def leja_order(x):
    """Each point as far as can be from those before it."""
    order, distance = [int(np.argmax(np.abs(x)))], np.zeros(len(x))
    for _ in range(len(x) - 1):
        with np.errstate(divide="ignore"):
            distance = distance + np.log(np.abs(x - x[order[-1]]))
        order.append(int(np.argmax(distance)))
    return order


class TracedPolynomial:
    """What stands before SciPy's class: it keeps points and values where one of them, or the query, is traced."""

    def __init__(self, xi, yi=None, axis=0, **options):
        self.given = xi, yi, axis
        self.data_are_traced = is_traced(xi, yi)
        if not self.data_are_traced:
            super().__init__(xi, yi, axis, **options)

    def traced_value(self, x, nu):
        points, y, axis = self.given
        points, y, x = as_array(points), as_float_kept(as_array(y)), as_float(as_array(x))
        axis = axis % y.ndim
        if points.ndim != 1 or points.shape[0] != y.shape[axis]:
            raise ValueError(f"x has shape {points.shape}, and y {y.shape}, along axis {axis} of it")
        y = anp.moveaxis(y, axis, 0)
        if self.reorders:
            order = leja_order(plain_points(points))
            points, y = points[order], y[order]
        points = anp.astype(points, np.float64)
        return moved_axis(newton_value(divided_differences(points, y), points, x, nu), x.ndim, axis)

    def __call__(self, x):
        return self.traced_value(x, 0) if self.data_are_traced or is_traced(x) else super().__call__(x)

    def derivative(self, x, der=1):
        return self.traced_value(x, der) if self.data_are_traced or is_traced(x) else super().derivative(x, der)

    def derivatives(self, x, der=None):
        if not self.data_are_traced and not is_traced(x):
            return super().derivatives(x, der)
        count = np.shape(self.given[0])[0] if der is None else der
        return anp.stack([self.traced_value(x, nu) for nu in range(count)])


class KroghInterpolator(TracedPolynomial, scipy.interpolate.KroghInterpolator):
    __doc__ = scipy.interpolate.KroghInterpolator.__doc__
    reorders = False

    def __init__(self, xi, yi, axis=0):
        super().__init__(xi, yi, axis)
        if not self.data_are_traced:
            self.given = np.array(xi), np.array(yi), axis  # as SciPy, which is done with them


class BarycentricInterpolator(TracedPolynomial, scipy.interpolate.BarycentricInterpolator):
    __doc__ = scipy.interpolate.BarycentricInterpolator.__doc__
    reorders = True

    def add_xi(self, xi, yi=None):
        super().add_xi(xi, yi)
        self.given = self.xi, None if yi is None else self.yi, 0

    def set_yi(self, yi, axis=None):
        super().set_yi(yi, axis)
        if yi is not None:
            self.given = self.given[0], yi, self.given[2] if axis is None else axis


def derivatives_of(interpolator, x, der):
    if isinstance(der, (int, np.integer)):
        return interpolator(x) if der == 0 else interpolator.derivative(x, der)
    return interpolator.derivatives(x, max(der) + 1)[list(der)]


def krogh_interpolate(xi, yi, x, der=0, axis=0):
    """SciPy's function of the same name, differentiable in ``xi``, ``yi`` and ``x``."""
    if not is_traced(xi, yi, x):
        return scipy.interpolate.krogh_interpolate(xi, yi, x, der, axis)
    return derivatives_of(KroghInterpolator(xi, yi, axis), x, der)


def barycentric_interpolate(xi, yi, x, axis=0, *, der=0, **options):
    """SciPy's function of the same name, differentiable in ``xi``, ``yi`` and ``x``."""
    if not is_traced(xi, yi, x):
        return scipy.interpolate.barycentric_interpolate(xi, yi, x, axis, der=der, **options)
    return derivatives_of(BarycentricInterpolator(xi, yi, axis), x, der)


def pchip_interpolate(xi, yi, x, der=0, axis=0):
    """SciPy's function of the same name, differentiable in ``xi``, ``yi`` and ``x``."""
    if not is_traced(xi, yi, x):
        return scipy.interpolate.pchip_interpolate(xi, yi, x, der, axis)
    spline = PchipInterpolator(xi, yi, axis)
    return spline(x, der) if isinstance(der, (int, np.integer)) else [spline(x, nu) for nu in der]


@border
def lagrange(x, w):
    """SciPy's function of the same name, for plain points and values."""
    if is_traced(x, w):
        refuses("interpolate.lagrange", "Use BarycentricInterpolator, which is the same polynomial.")()
    return scipy.interpolate.lagrange(x, w)
