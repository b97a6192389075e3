"""``scipy.interpolate``, traced: the functions and classes of SciPy's module under their own names."""

from . import bsplines as _bsplines
from . import cubic_splines as _cubic_splines
from . import grids as _grids
from . import lines as _lines
from . import piecewise as _piecewise
from . import wrapped
from ..namespace import public_names

OWN = {
    _bsplines: "BSpline make_interp_spline make_lsq_spline make_smoothing_spline",
    _cubic_splines: "Akima1DInterpolator CubicHermiteSpline CubicSpline PchipInterpolator",
    _grids: "RegularGridInterpolator interpn",
    _lines: "interp1d",
    _piecewise: "BPoly PPoly",
}
"""What stands here in the place of SciPy's, by the module that has it."""

globals().update(public_names(wrapped))
globals().update({name: getattr(module, name) for module, names in OWN.items() for name in names.split()})
__all__ = sorted(public_names(wrapped))
