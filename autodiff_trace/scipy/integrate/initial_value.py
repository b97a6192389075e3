"""``solve_ivp``: SciPy solves, and what it returns has derivatives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate
from scipy.integrate import OdeSolver

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_flatten, tree_unflatten
from ...core.tracer import is_box, running_traces
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from .problems import Problem
from .solutions import DenseSolution, Solution
from .trajectories import METHODS, Collocated, Recorded, interpolated, is_explicit, recording
from .whole_steps import call_whole, common

__all__ = ["solve_ivp"]

OdeResult = type(scipy.integrate.solve_ivp(lambda t, y: y, (0.0, 0.0), [0.0]))


def solve_ivp(
    fun: Callable, t_span: Sequence, y0: Any, method: Any = "RK45", t_eval: Any = None, dense_output: bool = False,
    events: Any = None, vectorized: bool = False, args: Any = None, *, gradient: str | None = None, **options: Any,
) -> Any:
    """SciPy's ``solve_ivp``, whose results have derivatives in ``y0``, ``t_span``, ``t_eval``, ``args`` (containers
    too), and in what the functions close over.

    Arguments:
        gradient: of how the derivative is computed; "discrete": of the steps that an explicit method has taken, as if
            their sizes were given, so that it is that of the numbers returned; "adjoint": of the differential equation
            along the solution, by collocation on the same steps. By default discrete where it can be.

    All others are SciPy's. Returns SciPy's result, in which ``y``, ``t``, ``t_events`` and ``y_events`` (lists of
    arrays), and what ``sol(t)`` gives, are traced: an event moves with the solution, and where it ends the
    integration the final state moves with it. Of an integration that failed the result is SciPy's, and asking for its
    derivative an error. Tolerances and step sizes are plain numbers.

    ``fun`` may branch on ``t`` and ``y``. Where its values jump as ``y`` crosses a threshold, the time of the crossing
    has no part in the derivative: let a terminal event find it, and integrate on from there.

    >>> from autodiff_trace import grad
    >>> def end(rate):
    ...     return solve_ivp(lambda t, y: -rate * y, (0.0, 1.0), [1.0], rtol=1e-8, atol=1e-8).y[0, -1]
    >>> round(float(grad(end)(1.0)), 6)             # of exp(-rate)
    -0.367879
    """
    if gradient not in (None, "discrete", "adjoint"):
        raise ValueError(f"solve_ivp: gradient={gradient!r} is none of None, 'discrete' and 'adjoint'")
    given = dict(
        t_span=t_span, y0=y0, method=method, t_eval=t_eval, dense_output=dense_output, events=events,
        vectorized=vectorized, args=args, **options,
    )
    if args is not None and not np.iterable(args):
        raise TypeError("solve_ivp: args= is a tuple, of one argument args=(k,)")
    leaves, structure = tree_flatten((tuple(t_span), y0, t_eval, () if args is None else tuple(args)))
    if not running_traces() and not any(map(is_box, leaves)):
        return scipy.integrate.solve_ivp(fun, **given)
    for name, value in options.items():
        if any(map(is_box, tree_flatten(value)[0])):
            raise TracedValueError(
                f"solve_ivp has no derivative with respect to {name} ({caller_line()}): take the plain value with "
                "to_numpy(x)."
            )
    problem = InitialValueProblem(fun, given, options, gradient, leaves, structure)
    return problem.closure.attempt(problem.solve)


class InitialValueProblem(Problem):
    """One call of ``solve_ivp``."""

    def __init__(self, fun, given, options, gradient, leaves, structure):
        self.given, self.options = given, options
        method = given["method"]
        self.method = METHODS.get(method, method) if isinstance(method, str) else method
        if not (inspect.isclass(self.method) and issubclass(self.method, OdeSolver)):
            scipy.integrate.solve_ivp(fun, **given)  # raises SciPy's error
        self.is_discrete = is_explicit(self.method) if gradient is None else gradient == "discrete"
        if self.is_discrete and not is_explicit(self.method):
            raise ValueError(
                "solve_ivp: gradient='discrete' is for explicit Runge-Kutta methods (RK23, RK45, DOP853); for "
                f"{self.method.__name__} it is 'adjoint'"
            )
        events = given["events"]
        self.events = [] if events is None else [events] if callable(events) else list(events)
        jac = options.get("jac")
        self.has_jac = callable(jac)
        super().__init__("solve_ivp", [fun, *self.events, *([jac] if self.has_jac else [])], leaves, structure)
        (t0, _), y0, _, args = self.arguments(self.values())
        self.discover(t0, as_array(y0), *args)

    def adapted(self, which):
        fun = self.functions[which]
        return one_column(fun) if which == 0 and self.given["vectorized"] else fun

    def solve(self):
        values = self.values()
        if not values and not self.given["dense_output"]:
            return scipy.integrate.solve_ivp(self.functions[0], **self.given)
        structure = solution = None

        def fun(*values):
            nonlocal structure, solution
            solution = Solution(self, values)
            outputs, structure = tree_flatten(solution.fields())
            return outputs

        outputs = call_whole("solve_ivp", fun, values)
        t, y, t_events, y_events, counts = tree_unflatten(structure, outputs)
        if not self.events:
            t_events = y_events = None
        counts["status"] = common(counts["status"])
        sol = DenseSolution(self, values, solution) if self.given["dense_output"] else None
        return OdeResult(
            t=t, y=y, sol=sol, t_events=t_events, y_events=y_events, **counts, message=solution.result.message,
            success=counts["status"] >= 0,
        )

    def run_scipy(self, arguments, plain_form):
        t_span, y0, t_eval, args = arguments
        fun, *events = map(plain_form, self.functions[: len(self.events) + 1])
        for event, given in zip(events, self.functions[1:]):
            event.terminal, event.direction = getattr(given, "terminal", None), getattr(given, "direction", 0)
        options = dict(self.options)
        if self.has_jac:
            options["jac"] = plain_form(self.functions[-1])
        record: list = []
        method = self.method
        if self.is_discrete:
            method = recording(method)
            options["record"] = record
        result = scipy.integrate.solve_ivp(
            fun, t_span, y0, method=method, t_eval=t_eval, events=events if self.events else None,
            vectorized=self.given["vectorized"], args=None if self.given["args"] is None else args,
            dense_output=self.given["dense_output"] or not self.is_discrete, **options,
        )
        if result.status < 0 or float(t_span[0]) == float(t_span[1]):
            return result, None
        if self.is_discrete:
            return result, Recorded(self.method, record)
        steps = result.sol.ts, result.sol.interpolants
        return result, Collocated(steps[0], functools.partial(interpolated, *steps))


def one_column(fun):
    """A vectorised function at one state."""
    return lambda t, y, *args: anp.reshape(fun(t, y[:, None], *args), y.shape)
