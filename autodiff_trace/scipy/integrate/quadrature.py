"""``quad`` and its kin: SciPy integrates, and the integrals have derivatives."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
import scipy.special
from scipy.integrate import IntegrationWarning

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_flatten
from ...core.tracer import is_box, running_traces, to_value
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import number
from .gauss_kronrod import Domain
from .integrals import Integral
from .problems import Problem
from .whole_steps import call_whole

__all__ = ["dblquad", "fixed_quad", "nquad", "quad", "quad_vec", "tplquad"]


def quad(
    func: Callable, a: Any, b: Any, args: Any = (), full_output: Any = 0, epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8, limit: int = 50, points: Any = None, weight: Any = None, wvar: Any = None,
    wopts: Any = None, maxp1: int = 50, limlst: int = 50, complex_func: bool = False,
) -> tuple:
    """SciPy's ``quad``, whose integral has derivatives in ``a``, ``b``, ``args`` (containers too), and in what ``func``
    closes over: in the limits the integrand, in the parameters the integral of its derivative, to the same tolerance.

    All arguments are SciPy's. Raises TracedValueError for a ``weight`` where a derivative is asked for. The other
    results, the error and ``infodict``, are plain. Where the values of ``func`` jump at a place that depends on a
    parameter, the place has no part in the derivative: make it a limit.

    >>> from autodiff_trace import grad, numpy as anp
    >>> float(grad(lambda rate: quad(lambda x: anp.exp(-rate * x), 0, anp.inf)[0])(2.0))
    -0.25
    """
    args = args if isinstance(args, tuple) else (args,)
    options = dict(
        epsabs=epsabs, epsrel=epsrel, limit=limit, points=points, weight=weight, wvar=wvar, wopts=wopts, maxp1=maxp1,
        limlst=limlst, complex_func=complex_func,
    )
    leaves, structure = tree_flatten((a, b, args))
    if not running_traces() and not any(map(is_box, leaves)):
        return scipy.integrate.quad(func, a, b, args, full_output, **options)
    return solve(QuadProblem("quad", func, options, full_output, leaves, structure))


def quad_vec(
    f: Callable, a: Any, b: Any, epsabs: float = 1e-200, epsrel: float = 1e-8, norm: Any = "2",
    cache_size: float = 100e6, limit: int = 10000, workers: Any = 1, points: Any = None, quadrature: Any = None,
    full_output: bool = False, *, args: Any = (),
) -> tuple:
    """SciPy's ``quad_vec``, whose integral has derivatives as that of :func:`quad`.

    >>> import numpy as np
    >>> from autodiff_trace import jacobian
    >>> jacobian(lambda b: quad_vec(lambda x: x ** np.arange(3.0), 0.0, b)[0])(2.0)
    array([1., 2., 4.])
    """
    args = args if isinstance(args, tuple) else (args,)
    options = dict(
        epsabs=epsabs, epsrel=epsrel, norm=norm, cache_size=cache_size, limit=limit, workers=workers, points=points,
        quadrature=quadrature,
    )
    leaves, structure = tree_flatten((a, b, args))
    if not running_traces() and not any(map(is_box, leaves)):
        return scipy.integrate.quad_vec(f, a, b, full_output=full_output, args=args, **options)
    return solve(QuadVecProblem("quad_vec", f, options, full_output, leaves, structure))


def solve(problem):
    return problem.closure.attempt(problem.solve)


class QuadProblem(Problem):
    """One call of ``quad``."""

    def __init__(self, name, func, options, full_output, leaves, structure):
        self.name, self.options, self.full_output = name, options, full_output
        super().__init__(name, [func], leaves, structure)
        for key, value in options.items():
            if any(map(is_box, tree_flatten(value)[0])):
                raise TracedValueError(
                    f"{name} has no derivative with respect to {key} ({caller_line()}): take the plain value with "
                    "to_numpy(x)."
                )
        a, b, args = self.arguments(self.values())
        self.discover(middle(a, b), *args)
        for end in (a, b):
            if is_box(end) and np.isfinite(plain := float(np.ravel(to_value(end))[0])):  # where its derivative will be
                self.discover(np.float64(plain), *args)

    def solve(self):
        values = self.values()
        if not values:
            a, b, args = self.arguments(())
            return self.call_scipy(self.functions[0], a, b, args, self.full_output)
        if self.options.get("weight") is not None:
            raise TracedValueError(
                f"quad has no derivative with weight={self.options['weight']!r} ({caller_line()}): multiply it into "
                "the integrand."
            )
        more = ()

        def fun(*values):
            nonlocal more
            (_, error, *more), domain = self.run(values)
            return [self.integral(values, domain), error]

        integral, error = call_whole(self.name, fun, values)
        return integral, error, *(more if self.full_output else ())

    def integral(self, values, domain):
        (value, *_), domain = self.run(values)
        a, b, _ = self.arguments(values)
        # The parameters: arguments that are traced, limits among them or not, and what the function closes over.
        rule = Integral(self.name, self.integrand, domain, number(value))
        return apply_rule(rule, [as_limit(a), as_limit(b), *values])[0]

    def integrand(self, x, parameters):
        return self.closure.run(self.hidden_of(parameters), self.call, x, list(parameters[: len(self.traced)]))

    def call(self, x, given):
        _, _, args = self.arguments(given)
        return self.functions[0](x, *args)

    def call_scipy(self, func, a, b, args, full_output):
        return scipy.integrate.quad(func, a, b, args, full_output, **self.options)

    def run_scipy(self, arguments, plain_form):
        a, b, args = arguments
        a, b = float(a), float(b)
        func = plain_form(self.functions[0])
        if self.options["complex_func"]:
            value, error, info = self.call_scipy(func, a, b, args, True)
            first, second = info["real"], info["imag"]
            found = [each for each in (first, second)]
            messages = [each[1] for each in found if len(each) > 1]
            info_of = found[0][0]
            result = value, error, info
        else:
            result = self.call_scipy(func, a, b, args, True)
            messages, info_of = result[3:4], result[2]
        if messages and not self.full_output:
            warnings.warn(messages[0], IntegrationWarning, stacklevel=2)
        count = info_of.get("last", 0)
        intervals = info_of["alist"][:count], info_of["blist"][:count]
        if not count:  # the limits are the same
            intervals = np.array([a]), np.array([b])
        return result, Domain(a, b, *intervals, self.options["epsabs"], self.options["epsrel"])


class QuadVecProblem(QuadProblem):
    """One call of ``quad_vec``."""

    def call_scipy(self, func, a, b, args, full_output):
        return scipy.integrate.quad_vec(func, a, b, full_output=full_output, args=args, **self.options)

    def run_scipy(self, arguments, plain_form):
        a, b, args = arguments
        a, b = float(a), float(b)
        result = self.call_scipy(plain_form(self.functions[0]), a, b, args, self.full_output)
        if np.isfinite(a) and np.isfinite(b):
            cuts = [] if self.options["points"] is None else self.options["points"]
            ends = np.unique([a, b, *[x for x in np.ravel(cuts) if min(a, b) < x < max(a, b)]])
        else:
            ends = np.linspace(0.0, 1.0, 3)
        starts, ends = (ends[:-1], ends[1:]) if len(ends) > 1 else (ends, ends)
        # The norm of the integral is what the tolerance is for.
        tolerance = max(self.options["epsabs"], self.options["epsrel"] * float(np.linalg.norm(result[0])))
        return result, Domain(a, b, starts, ends, tolerance, self.options["epsrel"])


def middle(a, b):
    """A point between the limits, to try the integrand at."""
    a, b = (float(np.ravel(to_value(x))[0]) for x in (a, b))
    if np.isfinite(a) and np.isfinite(b):
        return np.float64(a + 0.382 * (b - a))
    return np.float64((a if np.isfinite(a) else b if np.isfinite(b) else 0.0) + (1.0 if b == np.inf else -1.0))


def as_limit(x):
    return x if is_box(x) else np.float64(x)


def fixed_quad(func: Callable, a: Any, b: Any, args: tuple = (), n: int = 5) -> tuple:
    """SciPy's ``fixed_quad``: Gauss–Legendre quadrature of ``n`` points, in functions that are traced.

    >>> from autodiff_trace import grad
    >>> round(float(grad(lambda p: fixed_quad(lambda x: x**p, 0.0, 1.0)[0])(3.0)), 4)
    -0.0625
    """
    if not running_traces() and not any(map(is_box, tree_flatten((a, b, args))[0])):
        return scipy.integrate.fixed_quad(func, a, b, args, n)
    if any(np.any(np.isinf(to_value(x))) for x in (a, b)):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    x, w = scipy.special.roots_legendre(n)
    y = (b - a) * (x.real + 1) / 2 + a
    return (b - a) / 2 * anp.sum(w * func(y, *args), axis=-1), None


def dblquad(
    func: Callable, a: Any, b: Any, gfun: Any, hfun: Any, args: tuple = (), epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> tuple:
    """SciPy's ``dblquad``, of :func:`quad` within :func:`quad`.

    >>> from autodiff_trace import grad
    >>> float(grad(lambda p: dblquad(lambda y, x: p * x * y, 0.0, 1.0, 0.0, lambda x: x)[0])(1.0))
    0.125
    """
    return nquad(func, [inner_range(gfun, hfun), (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Callable, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: tuple = (),
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8,
) -> tuple:
    """SciPy's ``tplquad``, of :func:`quad` within :func:`quad`."""

    def innermost(y, x, *args):
        return [each(x, y) if callable(each) else each for each in (qfun, rfun)]

    return nquad(func, [innermost, inner_range(gfun, hfun), (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def inner_range(gfun, hfun):
    return lambda x, *args: [each(x) if callable(each) else each for each in (gfun, hfun)]


def nquad(func: Callable, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False) -> tuple:
    """SciPy's ``nquad``, of :func:`quad` within :func:`quad`: ``ranges`` and ``opts`` from the innermost variable on.
    (Of traced values there is no ``full_output``.)"""
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    fixed = [] if any(map(callable, ranges)) else ranges
    if not running_traces() and not any(map(is_box, tree_flatten((args, fixed))[0])):
        return scipy.integrate.nquad(func, ranges, args, opts, full_output)
    if full_output:
        raise TracedValueError(f"nquad: full_output= is not there for traced values ({caller_line()}). Leave it away.")
    options = [opts or {}] * len(ranges) if opts is None or isinstance(opts, dict) or callable(opts) else list(opts)
    errors: list = []
    value = integrate((func, ranges, options, args), errors, ())
    return value, max(map(np.max, errors))


def integrate(nest, errors, outer):
    func, ranges, options, args = nest
    place = len(ranges) - len(outer) - 1
    low, high = ranges[place](*outer, *args) if callable(ranges[place]) else ranges[place]
    own = options[place](*outer, *args) if callable(options[place]) else options[place]
    value, error = quad(functools.partial(inner, nest, errors, outer), low, high, **own)[:2]
    errors.append(to_value(error))
    return value


def inner(nest, errors, outer, x):
    """The integrand of the integral over the innermost variable that is not in ``outer`` yet."""
    func, ranges, _, args = nest
    return integrate(nest, errors, (x, *outer)) if len(outer) + 1 < len(ranges) else func(x, *outer, *args)
