"""Piecewise polynomials, SciPy's classes: with plain arguments they are SciPy's, with traced ones they follow ours.

An object whose data are plain is as SciPy makes it, and traced where it is called with a traced query. One whose data
are traced has no more than coefficients ``c`` and breakpoints ``x``. As a container its leaves are ``c`` and ``x``, so
that one can differentiate with respect to a spline.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.interpolate

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import register_pytree
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ..plain_arguments import is_traced
from .held import HeldData
from .pieces import evaluate_pieces, factor_of, moved_axis

__all__ = ["BPoly", "PPoly", "Pieces", "as_float", "as_leaves", "integral_over_period", "refused_method"]


def as_leaves(cls: type, data: str, rest: str) -> type:
    """Make objects of ``cls`` containers: the attributes named in ``data`` are leaves."""
    data, rest = data.split(), rest.split()

    def flatten(spline):
        return [getattr(spline, name) for name in data], (cls, *[getattr(spline, name) for name in rest])

    def unflatten(extra, leaves):
        kind, *fixed = extra
        spline = object.__new__(kind)
        for name, value in [*zip(data, leaves), *zip(rest, fixed)]:
            setattr(spline, name, value)
        spline._asarray = np.asarray
        return spline

    register_pytree(cls, flatten, unflatten)
    return cls


def refused_method(name: str):
    def method(self, *args, **kwargs):
        if self.is_traced(*args):
            raise TracedValueError(f"{type(self).__name__}.{name}() is not there for traced values ({caller_line()}).")
        return getattr(super(self.mixin, self), name)(*args, **kwargs)

    method.__name__ = name
    return method


class Pieces(HeldData, data="c x extrapolate axis", arrays="c x"):
    """What is traced of a polynomial in pieces: stands before SciPy's class."""

    def is_traced(self, *args):
        return is_traced(self.c, self.x, *args)

    def set_pieces(self, c, x, extrapolate, axis):
        self.c, self.x, self.axis, self._asarray = c, x, axis, np.asarray
        self.extrapolate = True if extrapolate is None else extrapolate

    def with_pieces(self, c, extrapolate):
        new = object.__new__(type(self))
        new.set_pieces(c, self.x, extrapolate, self.axis)
        return new

    def values(self, query, nu, extrapolate):
        return evaluate_pieces(self.c, self.x, query, nu, extrapolate)

    def __call__(self, x, nu=0, extrapolate=None):
        if not self.is_traced(x):
            return super().__call__(x, nu, extrapolate)
        x = as_array(x)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        return moved_axis(self.values(x, nu, extrapolate), x.ndim, self.axis)

    def derivative(self, nu=1):
        if nu < 0:
            return self.antiderivative(-nu)
        if not self.is_traced():
            return super().derivative(nu)
        return self.with_pieces(differentiated(self.c, nu), self.extrapolate)

    def antiderivative(self, nu=1):
        if nu <= 0:
            return self.derivative(-nu)
        if not self.is_traced():
            return super().antiderivative(nu)
        c = self.c
        for _ in range(nu):
            c = integrated(c, self.x)
        return self.with_pieces(c, self.extrapolate != "periodic" and self.extrapolate)

    def integrate(self, a, b, extrapolate=None):
        if not self.is_traced(a, b):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        whole = self.antiderivative()
        ends = [as_array(end) for end in (a, b)]
        if extrapolate == "periodic":
            return integral_over_period(whole, self.x[0], self.x[-1], *ends)
        first, last = (whole.values(end, 0, extrapolate) for end in ends)
        return last - first


def integral_over_period(whole, first, last, a, b):
    """The integral from ``a`` to ``b`` of what repeats itself outside [first, last], of which ``whole`` is one."""
    period = last - first
    total = whole.values(last, 0, True) - whole.values(first, 0, True)
    found = []
    for end in (a, b):
        turns = anp.floor((end - first) / period)
        found.append(turns * total + whole.values(end - turns * period, 0, True))
    return found[1] - found[0]


def powers(c, nu):
    """(p + nu)! / p! for each power p of ``c``, beside its other axes."""
    count = c.shape[0]
    factors = np.array([factor_of(count - 1 - k + nu, nu) for k in range(count)])
    return factors.reshape((-1, *[1] * (c.ndim - 1)))


def differentiated(c, nu):
    if nu >= c.shape[0]:
        return 0 * c[:1]
    c = c[: c.shape[0] - nu]
    return c * powers(c, nu)


def integrated(c, x):
    """The antiderivative that is 0 at ``x[0]``, and continuous."""
    c = c / powers(c, 1)
    step = anp.reshape(anp.diff(x), (-1, *[1] * (c.ndim - 2)))
    gain = 0.0
    for row in c:
        gain = (gain + row) * step
    start = anp.concatenate([np.zeros((1, *c.shape[2:]), c.dtype), anp.cumsum(gain, 0)[:-1]])
    return anp.concatenate([c, start[None]])


Pieces.mixin = Pieces
for _name in ("extend", "roots", "solve"):
    setattr(Pieces, _name, refused_method(_name))


class PPoly(Pieces, scipy.interpolate.PPoly):
    __doc__ = scipy.interpolate.PPoly.__doc__

    def __init__(self, c, x, extrapolate=None, axis=0):
        if not is_traced(c, x):
            super().__init__(c, x, extrapolate, axis)
            return
        c, x = as_array(c), as_array(x)
        if axis:
            c = anp.moveaxis(c, (axis, axis + 1), (0, 1))
        if x.ndim != 1 or c.ndim < 2 or c.shape[1] != x.shape[0] - 1 or not c.shape[0]:
            raise ValueError(f"PPoly: c has shape {c.shape}, and x {x.shape}: c[k, i] wants one x more than pieces")
        steps = anp.diff(to_recorded(x))
        if not (anp.all(steps > 0) or anp.all(steps < 0)):
            raise ValueError("`x` must be strictly increasing or decreasing.")
        self.set_pieces(as_float(c), anp.astype(x, np.float64), extrapolate, axis)

    @classmethod
    def from_bernstein_basis(cls, bp, extrapolate=None):
        if not is_traced(bp.c, bp.x):
            return super().from_bernstein_basis(bp, extrapolate)
        new = object.__new__(cls)
        new.set_pieces(power_basis(bp.c, bp.x), bp.x, bp.extrapolate if extrapolate is None else extrapolate, bp.axis)
        return new


def as_float(c):
    return anp.astype(c, np.complex128 if c.dtype.kind == "c" else np.float64)


def power_basis(c, x):
    """Coefficients of powers from those of Bernstein's polynomials: C(k, a) tᵃ (1 − t)ᵏ⁻ᵃ, with t = s / (xᵢ₊₁ − xᵢ)."""
    count = c.shape[0]
    change = np.zeros((count, count))  # from a to the power count − 1 − row
    for a in range(count):
        for power in range(a, count):
            sign = (-1) ** (power - a)
            change[count - 1 - power, a] = sign * math.comb(count - 1, a) * math.comb(count - 1 - a, power - a)
    step = anp.reshape(anp.diff(x), (1, -1, *[1] * (c.ndim - 2)))
    exponents = np.arange(count - 1, -1, -1.0).reshape((-1, *[1] * (c.ndim - 1)))
    return anp.tensordot(change, c, 1) / step**exponents


class BPoly(Pieces, scipy.interpolate.BPoly):
    __doc__ = scipy.interpolate.BPoly.__doc__

    def __init__(self, c, x, extrapolate=None, axis=0):
        if is_traced(c, x):
            PPoly.__init__(self, c, x, extrapolate, axis)
        else:
            super().__init__(c, x, extrapolate, axis)

    def as_powers(self):
        return PPoly.from_bernstein_basis(self)

    def values(self, query, nu, extrapolate):
        return evaluate_pieces(power_basis(self.c, self.x), self.x, query, nu, extrapolate)

    def derivative(self, nu=1):
        """The derivative, as a :class:`PPoly` where the data are traced."""
        return self.as_powers().derivative(nu) if self.is_traced() else super().derivative(nu)

    def antiderivative(self, nu=1):
        """The antiderivative, as a :class:`PPoly` where the data are traced."""
        if self.is_traced():
            return self.as_powers().antiderivative(nu)
        return scipy.interpolate.BPoly.antiderivative(self, nu)

    def integrate(self, a, b, extrapolate=None):
        if not self.is_traced(a, b):
            return super().integrate(a, b, extrapolate)
        return self.as_powers().integrate(a, b, extrapolate)


for _class in (PPoly, BPoly):
    as_leaves(_class, "c x", "extrapolate axis")
