"""``scipy.interpolate``, traced: the functions and classes of SciPy's module under their own names."""

from . import piecewise as _piecewise
from . import wrapped
from ..namespace import public_names

globals().update(public_names(wrapped))
for _module, _names in (
    (_piecewise, "Akima1DInterpolator BPoly CubicHermiteSpline CubicSpline PPoly PchipInterpolator"),
):
    globals().update({name: getattr(_module, name) for name in _names.split()})
__all__ = sorted(public_names(wrapped))
