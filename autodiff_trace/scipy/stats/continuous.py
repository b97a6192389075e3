"""Continuous families of SciPy with location and scale, from what is known of their standard form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.derivative import without_derivatives
from ...core.errors import MissingRuleError, caller_line
from ...core.tracer import find_top_trace
from ...numpy import wrapped as anp
from ...numpy.error_states import quiet
from ...transforms.stopping import stop_gradient
from .distributions import Distribution, all_of, everywhere, masked, method_of, positive, settled
from .draws import draw

__all__ = ["Continuous"]

INFINITE = float("inf")


class Continuous(Distribution):
    """A family with location and scale.

    Arguments:
        logpdf: ``logpdf(x, *shapes)``, of the standard form, and so are the others.
        cdf, sf, logcdf, logsf, ppf, isf: what has a closed form. Of a symmetric family ``cdf`` and ``ppf`` are enough.
        entropy, mean, var: functions of the shapes.
        support: ``(lower, upper)``, numbers or functions of the shapes.
        symmetric: around zero.
        open_ends: the formulas are for the inside of the support; at its ends the density is zero.
    """

    methods = tuple("pdf logpdf cdf logcdf sf logsf ppf isf entropy mean var std median interval rvs".split())
    parameters = "loc", "scale"

    def __init__(
        self, name: str, shapes: str = "", valid: Callable = positive, *, support: tuple = (-INFINITE, INFINITE),
        symmetric: bool = False, open_ends: bool = False, **standard: Callable,
    ) -> None:
        super().__init__(name, shapes, valid)
        self.support_ends = support
        self.symmetric = symmetric
        self.open_ends = open_ends
        self.standard = standard

    for _name in "pdf logpdf cdf logcdf sf logsf ppf isf entropy mean var std median".split():
        locals()[_name] = method_of(_name)
    del _name

    def interval(self, confidence, *args, **kwargs):
        """The ends of the central interval that has the probability ``confidence``."""
        if find_top_trace((confidence, *args, *kwargs.values())) is None:
            return self.plain.interval(confidence, *args, **kwargs)
        tail = (1 - confidence) / 2
        return self.ppf(tail, *args, **kwargs), self.isf(tail, *args, **kwargs)

    def rvs(self, *args, loc=0, scale=1, size=None, random_state=None):
        """Random numbers as SciPy draws them, with derivatives in the parameters: see ``draws``."""
        if len(args) == len(self.shapes) + 3:
            *args, size = args
        *shapes, loc, scale = [*args, *[loc, scale][max(len(args) - len(self.shapes), 0) :]]
        if find_top_trace((*shapes, loc, scale)) is None:
            return self.plain.rvs(*shapes, loc=loc, scale=scale, size=size, random_state=random_state)
        return draw(self, shapes, loc, scale, size, random_state)

    # The standard form

    def has(self, name: str) -> bool:
        return name in self.standard

    def tail(self, name: str, x: Any, *shapes: Any) -> Any:
        """``cdf``, ``sf`` and their logarithms, by what the family says."""
        if self.has(name):
            return self.standard[name](x, *shapes)
        mirrored = MIRRORED[name]
        if self.symmetric and self.has(mirrored):
            return self.standard[mirrored](-x, *shapes)
        if name.startswith("log"):
            value = self.tail(name[3:], x, *shapes)
            is_there = value > 0
            return masked(is_there, anp.log(masked(is_there, value, 1.0)), -INFINITE)
        if self.has(f"log{name}"):
            return anp.exp(self.standard[f"log{name}"](x, *shapes))
        if self.symmetric and self.has(f"log{mirrored}"):
            return anp.exp(self.standard[f"log{mirrored}"](-x, *shapes))
        if not (self.has(mirrored) or self.has(f"log{mirrored}")):
            self.refuse(name)
        if self.has(f"log{mirrored}"):
            return -anp.expm1(self.standard[f"log{mirrored}"](x, *shapes))
        return 1 - self.standard[mirrored](x, *shapes)

    def quantile(self, name: str, q: Any, *shapes: Any) -> Any:
        if self.has(name):
            return self.standard[name](q, *shapes)
        other = "isf" if name == "ppf" else "ppf"
        if not self.has(other):
            self.refuse(name)
        return -self.standard[other](q, *shapes) if self.symmetric else self.standard[other](1 - q, *shapes)

    def refuse(self, name: str) -> None:
        raise MissingRuleError(
            f"scipy.stats.{self.name}.{name} has no derivative here ({caller_line()}): it has no closed form. Take the "
            "plain value with to_numpy(x) if none is needed."
        )

    def ends(self, *shapes: Any) -> tuple:
        return tuple([end(*shapes) if callable(end) else end for end in self.support_ends])

    # With location and scale, and where the arguments are none

    def standardized(self, x: Any, parameters: tuple) -> Any:
        """x in standard form where all is valid, finite and inside the support, which is asked of plain values at once;
        None elsewhere."""
        at, *shapes, loc, scale = map(without_derivatives, (x, *parameters))
        is_standard = is_constant(parameters[-2], 0.0) and is_constant(parameters[-1], 1.0)
        y = at if is_standard else (at - loc) / scale
        if self.support_ends == (-INFINITE, INFINITE):
            inside = anp.isfinite(y)
        else:
            lower, upper = self.ends(*shapes)
            inside = anp.logical_and(y > lower, y < upper)
        if not (everywhere(inside) and everywhere(all_of(scale > 0, self.valid(*shapes)))):
            return None
        *_, loc, scale = parameters
        return x if is_standard else (x - loc) / scale

    def prepared(self, x: Any, parameters: tuple, is_open: bool = False) -> tuple:
        """x in standard form, moved inside where it is not in the support; where it is below and above, or whether it
        is nowhere; what is valid; the shapes and the scale."""
        *shapes, loc, scale = parameters
        valid = all_of(self.valid(*shapes), scale > 0)
        scale = masked(valid, scale, 1.0)
        y = (x - loc) / scale
        if self.support_ends == (-INFINITE, INFINITE):
            if not everywhere(anp.isfinite(y)):
                below, above = anp.equal(y, -INFINITE), anp.equal(y, INFINITE)
                return anp.where(anp.logical_or(below, above), 0.0, y), below, above, valid, shapes, scale
            return y, False, False, valid, shapes, scale
        lower, upper = self.ends(*shapes)
        below = y <= lower if is_open else anp.logical_or(y < lower, anp.equal(y, -INFINITE))
        above = y >= upper if is_open else anp.logical_or(y > upper, anp.equal(y, INFINITE))
        outside = anp.logical_or(below, above)
        if everywhere(anp.logical_not(outside)):
            return y, False, False, valid, shapes, scale
        return anp.where(outside, inner(lower, upper), y), below, above, valid, shapes, scale

    @quiet
    def traced_logpdf(self, x, *parameters):
        y = self.standardized(x, parameters)
        if y is not None:
            *shapes, _, scale = parameters
            value = self.standard["logpdf"](y, *shapes)
            if everywhere(anp.isfinite(without_derivatives(value))):
                return value if is_constant(scale, 1.0) else value - anp.log(scale)
        y, below, above, valid, shapes, scale = self.prepared(x, parameters, self.open_ends)
        value = self.standard["logpdf"](y, *shapes)
        is_infinite = anp.isinf(value)  # at an end, where the slopes in x, loc and scale are 0 by convention
        if not everywhere(anp.logical_not(is_infinite)):
            y, scale = [anp.where(is_infinite, stop_gradient(each), each) for each in (y, scale)]
            value = self.standard["logpdf"](y, *shapes)
            if any(map(callable, self.support_ends)):  # shapes move the end
                value = settled(value)
        value = value - anp.log(scale)
        if below is not False:
            value = anp.where(anp.logical_or(below, above), -INFINITE, value)
        return masked(valid, value, np.nan)

    def traced_pdf(self, x, *parameters):
        return anp.exp(settled(self.traced_logpdf(x, *parameters)))

    def of_tail(self, name, x, parameters):
        y = self.standardized(x, parameters)
        if y is not None:
            return self.tail(name, y, *parameters[:-2])
        y, below, above, valid, shapes, _ = self.prepared(x, parameters, is_open=True)
        none, full = (-INFINITE, 0.0) if name.startswith("log") else (0.0, 1.0)
        at_lower, at_upper = (full, none) if name in ("sf", "logsf") else (none, full)
        value = self.tail(name, y, *shapes)
        if below is not False:
            value = anp.where(below, at_lower, anp.where(above, at_upper, value))
        return masked(valid, value, np.nan)

    def traced_cdf(self, x, *parameters):
        return self.of_tail("cdf", x, parameters)

    def traced_sf(self, x, *parameters):
        return self.of_tail("sf", x, parameters)

    def traced_logcdf(self, x, *parameters):
        return self.of_tail("logcdf", x, parameters)

    def traced_logsf(self, x, *parameters):
        return self.of_tail("logsf", x, parameters)

    def of_quantile(self, name, q, parameters):
        *shapes, loc, scale = parameters
        valid = all_of(self.valid(*shapes), scale > 0, q >= 0, q <= 1)
        inside = all_of(q > 0, q < 1)
        value = self.quantile(name, masked(inside, q, 0.5), *shapes)
        if everywhere(inside):
            return masked(valid, value * scale + loc, np.nan)
        at_zero, at_one = self.ends(*shapes) if name == "ppf" else self.ends(*shapes)[::-1]
        end = anp.where(q <= 0, at_zero, at_one)
        value = anp.where(inside, value, anp.where(anp.isfinite(end), end, 0.0)) * scale + loc
        return masked(valid, anp.where(anp.logical_or(inside, anp.isfinite(end)), value, end), np.nan)

    def traced_ppf(self, q, *parameters):
        return self.of_quantile("ppf", q, parameters)

    def traced_isf(self, q, *parameters):
        return self.of_quantile("isf", q, parameters)

    def of_shapes(self, name, parameters):
        *shapes, loc, scale = parameters
        if not self.has(name):
            self.refuse(name)
        valid = all_of(self.valid(*shapes), scale > 0)
        return self.standard[name](*shapes), loc, masked(valid, scale, 1.0), valid

    def traced_entropy(self, *parameters):
        value, _, scale, valid = self.of_shapes("entropy", parameters)
        return masked(valid, value + anp.log(scale), np.nan)

    def traced_mean(self, *parameters):
        value, loc, scale, valid = self.of_shapes("mean", parameters)
        return masked(valid, value * scale + loc, np.nan)

    def traced_var(self, *parameters):
        value, _, scale, valid = self.of_shapes("var", parameters)
        return masked(valid, value * scale * scale, np.nan)

    def traced_std(self, *parameters):
        return anp.sqrt(self.traced_var(*parameters))

    def traced_median(self, *parameters):
        return self.traced_ppf(np.float64(0.5), *parameters)


MIRRORED = {"cdf": "sf", "sf": "cdf", "logcdf": "logsf", "logsf": "logcdf"}


def is_constant(x: Any, value: float) -> bool:
    return type(x) is np.float64 and x == value


def inner(lower: Any, upper: Any) -> Any:
    """A point inside the support, where all is finite, for those that are not in it."""
    lower, upper = stop_gradient(lower), stop_gradient(upper)
    has_lower, has_upper = anp.isfinite(lower), anp.isfinite(upper)
    low, high = anp.where(has_lower, lower, 0.0), anp.where(has_upper, upper, 0.0)
    middle = anp.where(has_lower, low + 1, anp.where(has_upper, high - 1, 0.0))
    return anp.where(anp.logical_and(has_lower, has_upper), (low + high) / 2, middle)
