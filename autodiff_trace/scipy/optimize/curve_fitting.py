"""``curve_fit``: parameters of a curve and their covariance, differentiable in the data."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.transformed import Transformed
from ...numpy import linalg
from ...numpy import wrapped as anp
from ...transforms.jacobians import jacobian
from .calls import with_remedy
from .optimality import Optimum
from .unknowns import Unknowns, bounds_as_arrays, ends_of

__all__ = ["curve_fit"]

REMEDY = 'it has been run for its Jacobian: where it cannot be traced, give jac= as a function, or jac="2-point"'


def curve_fit(
    f: Callable, xdata: Any, ydata: Any, p0: Any = None, sigma: Any = None, absolute_sigma: bool = False,
    check_finite: bool | None = None, bounds: Any = (-np.inf, np.inf), method: str | None = None, jac: Any = None, *,
    full_output: bool = False, nan_policy: str | None = None, jit: bool | None = None, **kwargs: Any,
) -> Any:
    """``scipy.optimize.curve_fit`` with an exact Jacobian, whose parameters and covariance can be differentiated.

    Arguments are SciPy's. ``jac``: None for the exact Jacobian, "2-point" for SciPy's finite differences. Traced may be
    ``xdata``, ``ydata``, ``sigma``, ``bounds``, and what ``f`` closes over; ``p0`` has derivative zero.

    Returns SciPy's tuple, (popt, pcov) and more with ``full_output``. The derivative of ``popt`` is that of the least
    squares solution, with the exact second derivatives of the sum of squares, and that of ``pcov`` follows from it.

    >>> import numpy as np
    >>> from autodiff_trace import grad, numpy as anp
    >>> t, y = np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.1, 0.4])
    >>> def rate(y):
    ...     return curve_fit(lambda t, a, k: a * anp.exp(-k * t), t, y, p0=(1.0, 1.0))[0][1]
    >>> round(float(rate(y)), 6), grad(rate)(y).round(4)
    (0.701667, array([ 0.3397, -0.4317, -0.5115]))
    """
    problem = CurveFit(f, xdata, ydata, p0, sigma, bounds, jac, jit)
    problem.absolute, problem.full_output = absolute_sigma, full_output
    problem.options = {
        "absolute_sigma": absolute_sigma, "check_finite": check_finite, "method": method, "nan_policy": nan_policy,
        **kwargs,
    }
    if nan_policy == "omit" and problem.is_traced:
        raise TracedValueError(
            f"curve_fit: nan_policy='omit' is not there for traced data ({caller_line()}). Leave the NaN out before."
        )
    return problem.result()


class CurveFit(Optimum):
    """½ Σ ((f(xᵢ, p) − yᵢ)/σᵢ)² is minimal."""

    absolute: bool
    full_output: bool
    options: dict
    further = ("jac",)

    def __init__(self, f, xdata, ydata, p0, sigma, bounds, jac, jit):
        self.jac, self.jit = jac, jit
        given = ends_of(bounds)
        self.has_bounds = not all(type(x) is float and abs(x) == np.inf for x in given)
        self.size = count_parameters(f) if p0 is None else int(np.size(p0))
        ends = None
        if self.has_bounds:
            ends = bounds_as_arrays(scipy.optimize.Bounds(*given), Unknowns(np.zeros(self.size)))
        xdata, ydata = [anp.array(x) if isinstance(x, (list, tuple)) else x for x in (xdata, ydata)]
        sigma = anp.array(sigma) if isinstance(sigma, (list, tuple)) else sigma
        if sigma is not None and np.ndim(sigma) == 0:  # SciPy takes a number with finite differences alone
            sigma = anp.broadcast_to(sigma, (np.size(ydata),))
        super().__init__("curve_fit", (xdata, ydata, p0, sigma, ends), [f])

    def examples(self, tree):
        xdata, _, p0, _, _ = tree
        parameters = np.ones(self.size) if p0 is None else anp.atleast_1d(anp.array(p0))
        yield 0, xdata, *[parameters[i] for i in range(self.size)]

    def residuals(self, curve: Callable, tree: Any, p: Any) -> Any:
        """The weighted residuals; ``curve(xdata, *p)`` is the user's function."""
        xdata, ydata, _, sigma, _ = tree
        difference = anp.reshape(curve(xdata, *[p[i] for i in range(self.size)]) - ydata, (-1,))
        if sigma is None:
            return difference
        if np.ndim(sigma) < 2:
            return difference / sigma
        return linalg.solve(linalg.cholesky(sigma), difference)

    def objective(self, leaves, x):
        tree, hidden = self.restore(leaves)
        return 0.5 * anp.sum(self.residuals(functools.partial(self.call, hidden, 0), tree, x) ** 2)

    def bounds(self, leaves):
        return self.restore(leaves)[0][4]

    def run(self, tree, hidden=()):
        xdata, ydata, p0, sigma, bounds = tree
        f = self.functions[0]
        jac = self.jac
        if jac is None:
            exact = with_remedy(self.derived(0, jacobian_of, "parameters", hidden), REMEDY)
            jac = self.outward(lambda xdata, *p: exact(np.asarray(p), xdata))
        elif jac == "2-point":
            jac = None
        own = functools.wraps(f)(self.outward(f)) if self.closure.traces else f
        answer = scipy.optimize.curve_fit(
            own, xdata, ydata, p0, sigma, bounds=(-np.inf, np.inf) if bounds is None else bounds, jac=jac,
            full_output=self.full_output, **self.options)
        return dict(zip(("popt", "pcov", "infodict", "mesg", "ier"), answer))

    def unpack(self, found):
        return found["popt"], True, found  # where it does not converge, SciPy raises

    def plain(self, found):
        return tuple(found.values())

    def traced(self, leaves, x, is_solved, fields):
        tree = self.restore(leaves)[0]
        popt = self.solution(leaves, x, is_solved)
        fields = {**fields, "popt": popt, "pcov": self.covariance(tree, popt, fields["pcov"])}
        result = self.make_result(leaves, fields, fields)
        return tuple([result[name] for name in self.template.names])

    def covariance(self, tree: Any, popt: Any, found: Any) -> Any:
        """(JᵀJ)⁻¹, times the mean square of the residuals unless sigma is absolute: J⁺J⁺ᵀ, but infinite
        where SciPy says so."""
        residuals = self.residuals(self.functions[0], tree, popt)
        free = residuals.shape[0] - self.size
        if not self.absolute and free <= 0:
            return found  # infinite, says SciPy
        slopes = jacobian(lambda p: self.residuals(self.functions[0], tree, p))(popt)
        inverse = linalg.pinv(slopes, np.finfo(float).eps * max(slopes.shape))
        covariance = inverse @ inverse.T
        if not self.absolute:
            covariance = covariance * (anp.sum(residuals**2) / free)
        return covariance + anp.where(anp.isfinite(found), 0.0, found)


def jacobian_of(fun: Callable) -> Callable:
    """(p, xdata) ↦ the Jacobian of fun(xdata, *p)."""
    return jacobian(Transformed("curve", apply_curve, fun))


def apply_curve(fun, options, args, kwargs):
    p, xdata = args
    return anp.reshape(fun(xdata, *[p[i] for i in range(p.shape[0])]), (-1,))


def count_parameters(f: Callable) -> int:
    """How many parameters SciPy finds in the signature of ``f``."""
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [p for p in inspect.signature(f).parameters.values() if p.kind in kinds]
    if len(parameters) < 2:
        raise ValueError("Unable to determine number of fit parameters.")
    return len(parameters) - 1
