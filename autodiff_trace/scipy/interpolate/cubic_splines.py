"""SciPy's classes of cubic splines: piecewise polynomials whose coefficients follow from values at points."""

from __future__ import annotations

import numpy as np
import scipy.interpolate

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced
from . import cubics
from .piecewise import Pieces, as_float, as_leaves

__all__ = ["Akima1DInterpolator", "CubicHermiteSpline", "CubicSpline", "PchipInterpolator"]


class CubicHermiteSpline(Pieces, scipy.interpolate.CubicHermiteSpline):
    __doc__ = scipy.interpolate.CubicHermiteSpline.__doc__

    def __init__(self, x, y, dydx, axis=0, extrapolate=None):
        if not is_traced(x, y, dydx):
            super().__init__(x, y, dydx, axis, extrapolate)
            return
        if np.shape(y) != np.shape(dydx):
            raise ValueError("The shapes of `y` and `dydx` must be identical.")
        x, values, place = cubics.prepare(x, y, axis)
        slopes = anp.moveaxis(as_float(as_array(dydx)), place, 0)
        self.set_pieces(cubics.hermite_pieces(x, values, slopes), x, extrapolate, place)


class Interpolator(Pieces):
    """Of a cubic spline whose slopes follow from the values."""

    def interpolate(self, x, y, axis, extrapolate, slopes, *params):
        x, y, axis = cubics.prepare(x, y, axis)
        if type(self) is not CubicSpline and y.dtype.kind == "c":
            raise ValueError(f"`{type(self).__name__}` only works with real values for `y`.")
        self.set_pieces(cubics.hermite_pieces(x, y, slopes(x, y, *params)), x, extrapolate, axis)


class CubicSpline(Interpolator, scipy.interpolate.CubicSpline):
    __doc__ = scipy.interpolate.CubicSpline.__doc__

    def __init__(self, x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
        conditions = () if isinstance(bc_type, str) else [bc for bc in bc_type if not isinstance(bc, str)]
        if not is_traced(x, y, *[value for condition in conditions for value in condition]):
            super().__init__(x, y, axis, bc_type, extrapolate)
            return
        if extrapolate is None and isinstance(bc_type, str) and bc_type == "periodic":
            extrapolate = "periodic"
        self.interpolate(x, y, axis, extrapolate, cubics.spline_slopes, bc_type)


class PchipInterpolator(Interpolator, scipy.interpolate.PchipInterpolator):
    __doc__ = scipy.interpolate.PchipInterpolator.__doc__

    def __init__(self, x, y, axis=0, extrapolate=None):
        if is_traced(x, y):
            self.interpolate(x, y, axis, extrapolate, cubics.pchip_slopes)
        else:
            super().__init__(x, y, axis, extrapolate)


class Akima1DInterpolator(Interpolator, scipy.interpolate.Akima1DInterpolator):
    __doc__ = scipy.interpolate.Akima1DInterpolator.__doc__

    def __init__(self, x, y, axis=0, *, method="akima", extrapolate=None):
        if not is_traced(x, y):
            options = {} if extrapolate is None else {"extrapolate": extrapolate}  # (SciPy has it since 1.14)
            super().__init__(x, y, axis, method=method, **options)
            return
        if method not in ("akima", "makima"):
            raise NotImplementedError(f"`method`={method} is unsupported.")
        self.interpolate(x, y, axis, False if extrapolate is None else extrapolate, cubics.akima_slopes, method)


for _class in (CubicHermiteSpline, CubicSpline, PchipInterpolator, Akima1DInterpolator):
    as_leaves(_class, "c x", "extrapolate axis")
