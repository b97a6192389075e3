"""``scipy.interpolate``, traced: the functions and classes of SciPy's module under their own names."""

import scipy.interpolate as _scipy

from . import bsplines as _bsplines
from . import cubic_splines as _cubic_splines
from . import grids as _grids
from . import lines as _lines
from . import piecewise as _piecewise
from . import polynomials as _polynomials
from . import scattered as _scattered
from . import univariate as _univariate
from . import wrapped
from ..namespace import public_names

OWN = {
    _bsplines: "BSpline make_interp_spline make_lsq_spline make_smoothing_spline",
    _cubic_splines: "Akima1DInterpolator CubicHermiteSpline CubicSpline PchipInterpolator",
    _grids: "RegularGridInterpolator interpn",
    _lines: "interp1d",
    _piecewise: "BPoly PPoly",
    _polynomials: """BarycentricInterpolator KroghInterpolator barycentric_interpolate krogh_interpolate lagrange
        pchip_interpolate""",
    _scattered: "LinearNDInterpolator NearestNDInterpolator RBFInterpolator griddata",
    _univariate: "InterpolatedUnivariateSpline LSQUnivariateSpline UnivariateSpline",
}
"""What stands here in the place of SciPy's, by the module that has it."""

WITHOUT_DERIVATIVES = """
    AAA CloughTocher2DInterpolator FloaterHormannInterpolator LSQBivariateSpline LSQSphereBivariateSpline NdBSpline
    NdPPoly Rbf RectBivariateSpline RectSphereBivariateSpline SmoothBivariateSpline SmoothSphereBivariateSpline
"""
"""Classes that refuse traced values by name."""

globals().update(public_names(wrapped))
globals().update({name: getattr(module, name) for module, names in OWN.items() for name in names.split()})
globals().update({name: _univariate.guarded(name) for name in WITHOUT_DERIVATIVES.split() if hasattr(_scipy, name)})
__all__ = sorted(public_names(wrapped))
