"""FITPACK's classes of splines: InterpolatedUnivariateSpline in points and values, the others in the query."""

from __future__ import annotations

import scipy.interpolate

from ...core.errors import TracedValueError, caller_line
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced, refuse_traced
from .bsplines import BSpline, make_interp_spline
from .piecewise import refused_method

__all__ = ["InterpolatedUnivariateSpline", "LSQUnivariateSpline", "UnivariateSpline", "guarded"]

EXTENSIONS = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}


def with_extension(spline, x, nu, ext):
    """The spline at ``x``; beyond its ends its polynomial, 0, an error or its last value."""
    x, ext = as_array(x), EXTENSIONS.get(ext, ext)
    if ext not in EXTENSIONS.values():
        raise ValueError(f"Unknown extrapolation mode {ext}.")
    first, last = spline.t[spline.k], spline.t[spline.t.shape[0] - spline.k - 1]
    outside = anp.logical_or(x < first, x > last)
    if ext == 2 and anp.any(to_recorded(outside)):
        raise ValueError("UnivariateSpline: a value of x is beyond the ends, and ext=2")
    if ext == 3 and not nu:  # (derivatives go on, as SciPy has it)
        return spline(anp.clip(x, first, last))
    answer = spline(x, nu)
    return anp.where(outside, 0.0, answer) if ext == 1 else answer


class TracedUnivariate:
    """What stands before SciPy's class."""

    traced_spline = None

    def is_traced(self, *args):
        return self.traced_spline is not None or is_traced(*args)

    @property
    def spline(self):
        return self.traced_spline if self.traced_spline is not None else BSpline(*self._eval_args)

    def __call__(self, x, nu=0, ext=None):
        if not self.is_traced(x):
            return super().__call__(x, nu, ext)
        return with_extension(self.spline, x, nu, self.ext if ext is None else ext)

    def derivatives(self, x):
        """The values of the spline and of its derivatives at one place."""
        if not self.is_traced(x):
            return super().derivatives(x)
        return anp.stack([self.spline(x, nu) for nu in range(self.spline.k + 1)])

    def derivative(self, n=1):
        if self.traced_spline is None:
            return as_ours(super().derivative(n))
        return self.with_spline(self.traced_spline.derivative(n), 1 if self.ext == 3 else self.ext)

    def antiderivative(self, n=1):
        if self.traced_spline is None:
            return as_ours(super().antiderivative(n))
        return self.with_spline(self.traced_spline.antiderivative(n), self.ext)

    def with_spline(self, spline, ext):
        new = object.__new__(type(self))
        new.traced_spline, new.ext = spline, ext
        return new

    def integral(self, a, b):
        if not self.is_traced(a, b):
            return super().integral(a, b)
        return self.spline.integrate(a, b, extrapolate=False)  # it is zero beyond its ends

    def get_coeffs(self):
        return super().get_coeffs() if self.traced_spline is None else self.traced_spline.c


TracedUnivariate.mixin = TracedUnivariate
for _name in ("get_residual", "roots", "set_smoothing_factor"):
    setattr(TracedUnivariate, _name, refused_method(_name))


def as_ours(spline):
    """SciPy's spline as one that takes traced queries."""
    spline.__class__ = UnivariateSpline
    return spline


def refuses_data(cls):
    class Refusing(TracedUnivariate, cls):
        __doc__ = cls.__doc__

        def __init__(self, x, y, *args, **options):
            refuse_traced(cls.__name__, "Use make_interp_spline or make_lsq_spline, which have derivatives.", x=x, y=y)
            super().__init__(x, y, *args, **options)

    Refusing.__name__ = Refusing.__qualname__ = cls.__name__
    return Refusing


UnivariateSpline = refuses_data(scipy.interpolate.UnivariateSpline)
LSQUnivariateSpline = refuses_data(scipy.interpolate.LSQUnivariateSpline)


class InterpolatedUnivariateSpline(TracedUnivariate, scipy.interpolate.InterpolatedUnivariateSpline):
    __doc__ = scipy.interpolate.InterpolatedUnivariateSpline.__doc__

    def __init__(self, x, y, w=None, bbox=(None, None), k=3, ext=0, check_finite=False):
        if not is_traced(x, y, w):
            super().__init__(x, y, w, list(bbox), k, ext, check_finite)
            return
        if any([end is not None for end in bbox]):
            raise TracedValueError(f"InterpolatedUnivariateSpline: bbox= is not there for traced values "
                                   f"({caller_line()}). Use make_interp_spline with knots t=.")
        self.ext, self.traced_spline = EXTENSIONS.get(ext, ext), make_interp_spline(x, y, k)

    def get_knots(self):
        return super().get_knots() if self.traced_spline is None else anp.unique(self.traced_spline.t)


def guarded(name: str) -> type:
    """A class of SciPy that says so where its data or its queries are traced."""
    cls = getattr(scipy.interpolate, name)
    instead = "There are RegularGridInterpolator, RBFInterpolator, LinearNDInterpolator and make_interp_spline."

    class Guarded(cls):
        __doc__ = cls.__doc__

        def __init__(self, *args, **options):
            check(args, options)
            super().__init__(*args, **options)

        def __call__(self, *args, **options):
            check(args, options)
            return super().__call__(*args, **options)

    def check(args, options):
        if is_traced(*args, *options.values()):
            raise TracedValueError(f"interpolate.{name} is not there for traced values ({caller_line()}). {instead}")

    Guarded.__name__ = Guarded.__qualname__ = name
    return Guarded
