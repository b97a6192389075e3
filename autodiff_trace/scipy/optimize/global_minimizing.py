"""Minimisers of one number, and global ones: SciPy's methods, with the derivative of what they find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.tracebacks import border
from ...numpy import wrapped as anp
from .calls import as_tuple
from .optimality import Optimum, minimal_value
from .unknowns import Unknowns, bounds_as_arrays, scalar

__all__ = ["basinhopping", "brute", "differential_evolution", "direct", "dual_annealing", "minimize_scalar", "shgo"]


class Minimum(Optimum):
    """The minimum of a function of a vector, or of one number (``shape`` ()), inside of bounds or without.

    ``scipy_run(fun, args, numbers, limits)`` is SciPy's result.
    """

    shape: tuple = (-1,)
    scipy_run: Callable

    def __init__(self, name: str, fun: Callable, args: Any, numbers: Any, limits: Any, size: int) -> None:
        self.size = size
        super().__init__(name, (as_tuple(args), numbers, limits), [fun])

    def call_one(self, which, x, *args):
        return scalar(self.functions[0](anp.reshape(x, self.shape)[()], *args))

    def examples(self, tree):
        args, numbers, limits = tree
        yield 0, np.ones(self.size) if limits is None else inside(limits), *args

    def objective(self, leaves, x):
        (args, _, _), hidden = self.restore(leaves)
        return self.call(hidden, 0, x, *args)

    def bounds(self, leaves):
        return self.restore(leaves)[0][2]

    def run(self, tree, hidden=()):
        return self.scipy_run(self.outward(self.functions[0]), *tree)

    def traced(self, leaves, x, is_solved, fields):
        known = {
            "x": anp.reshape(self.solution(leaves, x, is_solved), self.shape)[()],
            "fun": minimal_value(self, leaves, x, is_solved, fields["fun"]),
        }
        return self.make_result(leaves, fields, known)


def inside(limits: tuple) -> Any:
    """A point between the bounds."""
    lower, upper = limits
    ends = anp.where(anp.isfinite(lower), lower, 0.0), anp.where(anp.isfinite(upper), upper, 1.0)
    return 0.4 * ends[0] + 0.6 * ends[1]


@border
def minimize_scalar(
    fun: Callable, bracket: Any = None, bounds: Any = None, args: Any = (), method: Any = None,
    tol: float | None = None, options: dict | None = None,
) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.minimize_scalar``, whose ``x`` and ``fun`` can be differentiated as those of :func:`minimize`.

    >>> from autodiff_trace import grad
    >>> lowest = lambda a: minimize_scalar(lambda x: (x - a) ** 2 + x**4).x
    >>> round(float(lowest(3.0)), 6), round(float(grad(lowest)(3.0)), 6)
    (1.0, 0.142857)
    """
    limits = None if bounds is None else tuple([anp.reshape(anp.array(x), (1,)) * 1.0 for x in bounds])
    problem = Minimum("minimize_scalar", fun, args, bracket, limits, 1)
    problem.shape = ()

    def run(fun, args, bracket, limits):
        ends = None if limits is None else tuple([x[0] for x in limits])
        return scipy.optimize.minimize_scalar(fun, bracket, ends, args, method, tol, options)

    problem.scipy_run = run
    return problem.result()


def global_minimizer(function: Callable) -> Callable:
    """A global method of SciPy, fun, bounds and args first, with the derivative of what it finds."""
    name = function.__name__

    def find(func: Callable, bounds: Any, args: Any = (), *rest: Any, **options: Any) -> Any:
        count = len(bounds.lb) if isinstance(bounds, scipy.optimize.Bounds) else len(bounds)
        limits = bounds_as_arrays(bounds, Unknowns(np.zeros(count)))
        problem = Minimum(name, func, args, None, limits, count)
        refuse_constraints(problem, options.get("constraints"))

        def run(fun, args, _, limits):
            pairs = list(zip(*[x.tolist() for x in limits]))
            if name == "direct":
                return function(fun, pairs, *rest, args=args, **options)
            return function(fun, pairs, args, *rest, **options)

        problem.scipy_run = run
        return problem.result()

    return described(find, name)


def refuse_constraints(problem: Minimum, constraints: Any) -> None:
    """Raise TracedValueError where the derivative would need their multipliers."""
    if constraints is not None and np.size(constraints) and problem.closure.traces:
        raise TracedValueError(
            f"{problem.name}: constraints= is not there inside of a derivative ({caller_line()}). Take to_numpy of "
            "what is traced, and start minimize, which has constraints, from its result."
        )


def described(find: Callable, name: str) -> Callable:
    find.__name__ = find.__qualname__ = name
    find.__doc__ = f"""``scipy.optimize.{name}``, whose minimum can be differentiated as that of ``minimize``.

    Arguments are SciPy's. The derivative is that of the minimum that has been found, which has to be a smooth one,
    inside of the bounds or on some of them.
    """
    return find


differential_evolution, direct, dual_annealing, shgo = [
    global_minimizer(getattr(scipy.optimize, name))
    for name in ("differential_evolution", "direct", "dual_annealing", "shgo")
]


@border
def basinhopping(func: Callable, x0: Any, *rest: Any, minimizer_kwargs: dict | None = None, **options: Any) -> Any:
    minimizer_kwargs = dict(minimizer_kwargs or {})
    x0 = np.atleast_1d(np.asarray(x0, float))
    refused = {"bounds", "constraints"} & set(minimizer_kwargs)
    problem = Minimum("basinhopping", func, minimizer_kwargs.pop("args", ()), None, None, x0.size)
    if refused and problem.closure.traces:
        refuse_constraints(problem, [1])

    def run(fun, args, *_):
        local = {**minimizer_kwargs, "args": args}
        return scipy.optimize.basinhopping(fun, x0, *rest, minimizer_kwargs=local, **options)

    problem.scipy_run = run
    return problem.result()


basinhopping = described(basinhopping, "basinhopping")


@border
def brute(func: Callable, ranges: Any, args: Any = (), *rest: Any, full_output: bool = False, **options: Any) -> Any:
    if rest or full_output:
        return scipy.optimize.brute(func, ranges, args, *rest, full_output=full_output, **options)
    problem = Minimum("brute", func, args, None, None, len(ranges))

    def run(fun, args, *_):
        x, value, *_ = scipy.optimize.brute(fun, ranges, args, full_output=True, **options)
        return {"x": x, "fun": value}

    problem.scipy_run = run
    return problem.result()["x"]


brute = described(brute, "brute")
