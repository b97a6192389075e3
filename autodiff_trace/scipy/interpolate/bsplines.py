"""B-splines, SciPy's class and the functions that make them: with plain arguments SciPy's, with traced ones ours."""

from __future__ import annotations

import operator

import numpy as np
import scipy.interpolate
from numpy.lib.array_utils import normalize_axis_index

from ...core.errors import TracedValueError, caller_line
from ...core.recording import to_recorded
from ...core.tracebacks import border
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced, refuse_traced
from .basis import (
    evaluate_spline, interpolating_coefficients, least_squares_coefficients, lowered, periodic_coefficients, raised,
)
from .held import HeldData
from .pieces import moved_axis
from .piecewise import as_float, as_leaves, integral_over_period, refused_method

__all__ = ["BSpline", "make_interp_spline", "make_lsq_spline", "make_smoothing_spline"]


class TracedSpline(HeldData, data="t c k extrapolate axis", arrays="t c"):
    """What is traced of a B-spline: stands before SciPy's class."""

    def is_traced(self, *args):
        return is_traced(self.c, self.t, *args)

    @property
    def tck(self):
        return self.t, self.c, self.k

    def set_spline(self, t, c, k, extrapolate, axis):
        self.t, self.c, self.k, self.axis, self._asarray = t, c, k, axis, np.asarray
        self.extrapolate = extrapolate
        return self

    def with_spline(self, t, c, k, extrapolate):
        return object.__new__(type(self)).set_spline(t, c, k, extrapolate, self.axis)

    def values(self, query, nu, extrapolate):
        return evaluate_spline(self.t, self.c, self.k, query, nu, extrapolate)

    def __call__(self, x, nu=0, extrapolate=None):
        if not self.is_traced(x):
            return super().__call__(x, nu, extrapolate)
        x = as_array(x)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        return moved_axis(self.values(x, nu, extrapolate), x.ndim, self.axis)

    def derivative(self, nu=1):
        if not self.is_traced():
            return super().derivative(nu)
        if nu > self.k:
            raise ValueError(f"Order of derivative (n = {nu!r}) must be <= order of spline (k = {self.k!r})")
        return self.antiderivative(-nu) if nu < 0 else self.changed(lowered, nu, self.extrapolate)

    def antiderivative(self, nu=1):
        if not self.is_traced():
            return super().antiderivative(nu)
        extrapolate = self.extrapolate != "periodic" and self.extrapolate
        return self.derivative(-nu) if nu < 0 else self.changed(raised, nu, extrapolate)

    def changed(self, change, nu, extrapolate):
        tck = self.tck
        for _ in range(nu):
            t, _, k = tck
            if change is lowered and anp.any(to_recorded(t)[..., k + 1 : -1] == to_recorded(t)[..., 1 : -k - 1]):
                raise ValueError(f"The spline has internal repeated knots and is not differentiable {nu} times")
            tck = change(*tck)
        return self.with_spline(*tck, extrapolate)

    def integrate(self, a, b, extrapolate=None):
        if not self.is_traced(a, b):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        whole = self.with_spline(*raised(self.t, self.c, self.k), True)
        first, last = self.t[self.k], self.t[self.t.shape[0] - self.k - 1]
        ends = [as_array(end) for end in (a, b)]
        if extrapolate == "periodic":
            return integral_over_period(whole, first, last, *ends)
        if not extrapolate:
            ends = [anp.clip(end, first, last) for end in ends]
        first, last = (whole.values(end, 0, True) for end in ends)
        return last - first


TracedSpline.mixin = TracedSpline
for _name in ("insert_knot",):
    setattr(TracedSpline, _name, refused_method(_name))


class BSpline(TracedSpline, scipy.interpolate.BSpline):
    __doc__ = scipy.interpolate.BSpline.__doc__

    def __init__(self, t, c, k, extrapolate=True, axis=0):
        if not is_traced(t, c):
            super().__init__(t, c, k, extrapolate, axis)
            return
        t, c, k = as_array(t), as_float(as_array(c)), operator.index(k)
        axis = normalize_axis_index(axis, c.ndim)
        c = anp.moveaxis(c, axis, 0)
        if k < 0 or t.ndim != 1 or t.shape[0] < 2 * k + 2 or c.shape[0] < t.shape[0] - k - 1:
            raise ValueError(f"BSpline: {t.shape} knots, coefficients of shape {c.shape} and degree {k} do not fit: "
                             f"there are at least {2 * k + 2} knots, and {k + 1} coefficients less")
        if anp.any(to_recorded(t)[..., 1:] < to_recorded(t)[..., :-1]):
            raise ValueError("Knots must be in a non-decreasing order.")
        self.set_spline(anp.astype(t, np.float64), c, k, extrapolate, axis)


as_leaves(BSpline, "t c", "k extrapolate axis")


def ours(spline):
    """SciPy's spline as one that takes traced queries."""
    return BSpline.construct_fast(spline.t, spline.c, spline.k, spline.extrapolate, spline.axis)


def flat_values(bc_type):
    """The values of derivatives in conditions at the ends."""
    if bc_type is None or isinstance(bc_type, str):
        return []
    return [value for end in bc_type if end is not None and not isinstance(end, str) for _, value in end]


@border
def make_interp_spline(x, y, k=3, t=None, bc_type=None, axis=0, check_finite=True):
    """SciPy's function of the same name, differentiable in ``x``, ``y``, ``t`` and the derivatives in ``bc_type``."""
    if not is_traced(x, y, t, *flat_values(bc_type)):
        return ours(scipy.interpolate.make_interp_spline(x, y, k, t, bc_type, axis, check_finite))
    x, y = as_float(as_array(x)), as_float(as_array(y))
    axis, k = normalize_axis_index(axis, y.ndim), operator.index(k)
    y = anp.moveaxis(y, axis, 0)
    if x.ndim != 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"Shapes of x {x.shape} and y {y.shape} are incompatible")
    if anp.any(to_recorded(x)[..., 1:] <= to_recorded(x)[..., :-1]):
        raise ValueError("Expect x to be a 1D strictly increasing sequence.")
    is_periodic = isinstance(bc_type, str) and bc_type == "periodic"
    ends = [None, None] if is_periodic or bc_type is None or bc_type == "not-a-knot" else (
        [bc_type] * 2 if isinstance(bc_type, str) else list(bc_type)
    )
    ends = [conditions(end, y.shape[1:]) for end in ends]
    if k < 2 and t is None:
        if any(ends):
            raise ValueError(f"Too much info for k={k}: bc_type can only be None.")
        knots = [x, x[-1:]] if k == 0 else [x[:1], x, x[-1:]]
        return object.__new__(BSpline).set_spline(anp.concatenate(knots), y, k, True, axis)
    if is_periodic:
        if t is not None:
            raise NotImplementedError("For periodic case t is constructed automatically")
        if not anp.allclose(to_recorded(y[0]), to_recorded(y[-1]), atol=1e-15):
            raise ValueError("First and last points does not match while periodic case expected")
        t = periodic_knots(x, k)
        c = periodic_coefficients(t, k, x, y)
        return object.__new__(BSpline).set_spline(t, c, k, "periodic", axis)
    if t is None:
        t = knots_with_ends(x, k) if any(ends) else knots_not_at(x, k)
    t = as_float(as_array(t))
    if t.shape[0] - k - 1 - x.shape[0] != len(ends[0]) + len(ends[1]):
        raise ValueError(f"The number of derivatives at boundaries does not match: expected "
                         f"{t.shape[0] - k - 1 - x.shape[0]}, got {len(ends[0])}+{len(ends[1])}")
    c = interpolating_coefficients(t, k, x, y, *ends)
    return object.__new__(BSpline).set_spline(t, c, k, True, axis)


def conditions(end, shape):
    """From orders to derivatives at an end."""
    if end is None:
        return {}
    if isinstance(end, str):
        if end not in ("clamped", "natural"):
            raise ValueError(f"Unknown boundary condition : {end}")
        return {1 if end == "clamped" else 2: np.zeros(shape)}
    return {operator.index(order): value for order, value in end}


def repeated(x, count):
    return anp.broadcast_to(x, (count,))


def knots_not_at(x, k):
    """Knots of the "not-a-knot" spline: the points themselves, or, of even degree, those between them."""
    inner = x if k % 2 else (x[1:] + x[:-1]) / 2
    skipped = (k + 1) // 2 if k % 2 else k // 2
    inner = inner[skipped : inner.shape[0] - skipped]
    return anp.concatenate([repeated(x[0], k + 1), inner, repeated(x[-1], k + 1)])


def knots_with_ends(x, k):
    return anp.concatenate([repeated(x[0], k), x, repeated(x[-1], k)])


def periodic_knots(x, k):
    """``k`` more knots at each end, as far apart as those at the other end."""
    if k % 2 == 0:
        x = anp.concatenate([x[:1], (x[:-2] + x[1:-1]) / 2, x[-1:]])
    steps = anp.diff(x)
    turn = np.arange(k) % steps.shape[0]
    before = x[0] - anp.cumsum(steps[-1 - turn])
    return anp.concatenate([anp.flip(before), x, x[-1] + anp.cumsum(steps[turn])])


def make_lsq_spline(x, y, t, k=3, w=None, axis=0, check_finite=True, **options):
    """SciPy's function of the same name, differentiable in ``x``, ``y``, ``t`` and ``w``."""
    if not is_traced(x, y, t, w):
        return ours(scipy.interpolate.make_lsq_spline(x, y, t, k, w, axis, check_finite, **options))
    x, y, t = (as_float(as_array(each)) for each in (x, y, t))
    axis = normalize_axis_index(axis, y.ndim)
    y = anp.moveaxis(y, axis, 0)
    if x.ndim != 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"Shapes of x {x.shape} and y {y.shape} are incompatible")
    if t.ndim != 1 or t.shape[0] < 2 * operator.index(k) + 2:
        raise ValueError(f"{t.shape} knots are too few for degree {k}")
    w = np.ones(x.shape) if w is None else as_array(w)
    if w.shape != x.shape:
        raise ValueError(f"Shapes of weights {w.shape} and x {x.shape} are incompatible")
    c = least_squares_coefficients(t, operator.index(k), x, y, w)
    return object.__new__(BSpline).set_spline(t, c, operator.index(k), True, axis)


@border
def make_smoothing_spline(x, y, w=None, lam=None, **options):
    """SciPy's function of the same name, differentiable in ``y`` where ``lam`` is given: it is linear in it then."""
    if not is_traced(x, y, w, lam):
        return ours(scipy.interpolate.make_smoothing_spline(x, y, w, lam, **options))
    instead = "Use make_lsq_spline, which has derivatives in all arguments."
    refuse_traced("make_smoothing_spline", instead, x=x, w=w, lam=lam)
    if lam is None:
        raise TracedValueError(f"make_smoothing_spline: lam=None, which chooses it by y, is not there for traced y "
                               f"({caller_line()}). Give lam=, a number.")
    y = as_array(y)
    if y.ndim != 1 or options.get("axis", 0) not in (0, -1):
        raise ValueError("make_smoothing_spline: traced y has to be of one dimension")
    each = [scipy.interpolate.make_smoothing_spline(x, row, w, lam) for row in np.eye(y.shape[0])]
    c = np.stack([spline.c for spline in each], -1) @ y
    return object.__new__(BSpline).set_spline(each[0].t, c, each[0].k, each[0].extrapolate, 0)
