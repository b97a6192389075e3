"""interp1d, which is much used still: its kinds by gathering neighbours, or by B-splines."""

from __future__ import annotations

import numpy as np
import scipy.interpolate

from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced
from .bsplines import make_interp_spline
from .piecewise import as_float
from .pieces import batch_find, moved_axis, wide

__all__ = ["interp1d"]

ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


@nondifferentiable
def place_among(x, query, side):
    """How many of the points ``x`` are before each query."""
    return np.searchsorted(x, query, side)


declare(place_among, batching=batch_find)


class TracedInterpolator:
    """What stands before SciPy's class: it keeps points and values where one of them, or the query, is traced."""

    def __init__(self, x, y, kind="linear", axis=-1, copy=True, bounds_error=None, fill_value=np.nan,
                 assume_sorted=False):
        bounds = fill_value if isinstance(fill_value, tuple) else (fill_value,)
        self.data_are_traced = is_traced(x, y, *bounds)
        if self.data_are_traced:
            check_kind(kind)
        else:
            super().__init__(x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted)
        if copy and not self.data_are_traced:
            x, y = np.array(x), np.array(y)
        self.given = x, y, kind, axis, bounds_error, fill_value, assume_sorted

    def __call__(self, x):
        if not self.data_are_traced and not is_traced(x):
            return super().__call__(x)
        points, y, kind, axis, bounds_error, fill_value, assume_sorted = self.given
        if not self.data_are_traced:
            bounds_error, fill_value = self.bounds_error, self.fill_value  # which users may have changed
        points, y, query = as_array(points), as_float_kept(as_array(y)), as_array(x)
        axis = axis % y.ndim
        if points.ndim != 1 or points.shape[0] != y.shape[axis]:
            raise ValueError(f"interp1d: x has shape {points.shape}, and y {y.shape}, along axis {axis} of it")
        y = anp.moveaxis(y, axis, 0)
        if not assume_sorted:
            order = anp.argsort(points, kind="stable")
            points, y = anp.take(points, order), anp.take(y, order, 0)
        extrapolates = isinstance(fill_value, str) and fill_value == "extrapolate"
        if extrapolates and bounds_error:
            raise ValueError("Cannot extrapolate and raise at the same time.")
        answer = by_kind(kind, points, y, query)
        if kind in ("previous", "next") and extrapolates:
            fill_value = (np.nan, y[-1]) if kind == "previous" else (y[0], np.nan)
            extrapolates = False
        if not extrapolates:
            missing = isinstance(fill_value, float) and np.isnan(fill_value)
            answer = filled(answer, points, query, fill_value, missing if bounds_error is None else bounds_error)
        return moved_axis(answer, query.ndim, axis)


def as_float_kept(y):
    return y if y.dtype.kind in "fc" else as_float(y)


def check_kind(kind):
    if not isinstance(kind, int) and kind not in (*ORDERS, "linear", "nearest", "nearest-up", "previous", "next"):
        raise NotImplementedError(f"{kind} is unsupported: Use fitpack routines for other types.")


def by_kind(kind, x, y, query):
    count = x.shape[0]
    if kind == "linear":
        above = anp.clip(place_among(x, query, "left"), 1, count - 1)
        first, last = anp.take(x, above - 1), anp.take(x, above)
        low, high = anp.take(y, above - 1, 0), anp.take(y, above, 0)
        return (high - low) / wide(last - first, y.ndim - 1) * wide(query - first, y.ndim - 1) + low
    if kind in ("nearest", "nearest-up"):
        half = x / 2.0
        places = place_among(half[1:] + half[:-1], query, "left" if kind == "nearest" else "right")
    elif kind == "previous":
        places = anp.clip(place_among(x, query, "right") - 1, 0, count - 1)
    elif kind == "next":
        places = anp.clip(place_among(x, query, "left"), 0, count - 1)
    else:
        order = kind if isinstance(kind, int) else ORDERS[kind]
        return make_interp_spline(x, y, order)(query)
    return anp.take(y, places, 0)


def filled(answer, x, query, fill_value, refuses):
    below, above = query < x[0], query > x[-1]
    if refuses and bool(anp.any(to_recorded(anp.logical_or(below, above)))):
        raise ValueError("A value in x_new is outside the interpolation range.")
    low, high = fill_value if isinstance(fill_value, tuple) else (fill_value, fill_value)
    ndim = answer.ndim - query.ndim
    low, high = (wide(np.nan * query, ndim) if isinstance(each, float) and np.isnan(each) else each
                 for each in (low, high))
    low, high = (anp.astype(as_array(each), answer.dtype) for each in (low, high))
    return anp.where(wide(below, ndim), low, anp.where(wide(above, ndim), high, answer))


class interp1d(TracedInterpolator, scipy.interpolate.interp1d):  # noqa: N801, SciPy's name
    __doc__ = scipy.interpolate.interp1d.__doc__
