"""``solve_ivp``: SciPy solves, and what it returns has derivatives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate
from scipy.integrate import OdeSolver

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_flatten, tree_unflatten
from ...core.tracer import is_box, running_traces, to_value
from ...numpy import wrapped as anp
from ...transforms.closures import Closure, running
from ...transforms.custom_rules import VJPRule, apply_rule
from .event_times import event_times
from .fields import Field, plain_function
from .flows import advance, flow, replay
from .trajectories import METHODS, Collocated, Recorded, as_real, is_explicit, recording
from .whole_steps import call_whole, replaced

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
    leaves, structure = tree_flatten((tuple(t_span), y0, t_eval, () if args is None else tuple(args)))
    if not running_traces() and not any(map(is_box, leaves)):
        return scipy.integrate.solve_ivp(fun, **given)
    for name, value in options.items():
        if any(map(is_box, tree_flatten(value)[0])):
            raise TracedValueError(
                f"solve_ivp has no derivative with respect to {name} ({caller_line()}): take the plain value with "
                "to_numpy(x)."
            )
    problem = Problem(fun, given, options, gradient, leaves, structure)
    return problem.closure.attempt(problem.solve)


MOST_RUNS = 8
"""How many of SciPy's solutions one call keeps, for steps that are computed in parts."""


LARGE = 40
"""More equations than this have no Jacobians where these are not needed."""


class Run(NamedTuple):
    result: Any
    steps: Recorded | Collocated | None


class Problem:
    """One call of ``solve_ivp``: its functions in one closure, and its traced leaves."""

    def __init__(self, fun, given, options, gradient, leaves, structure):
        self.given, self.options = given, options
        self.leaves, self.structure = leaves, structure
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
        self.jac = jac if callable(jac) else None
        if given["vectorized"]:
            def single(t, y, *args, fun=fun):
                return anp.reshape(fun(t, y[:, None], *args), y.shape)
        self.functions = [single if given["vectorized"] else fun, *self.events, *([self.jac] if self.jac else [])]
        self.fun = fun
        self.can_batch = True
        self.runs: dict[tuple, Run] = {}
        self.closure = Closure(self.dispatch)
        self.traced = [i for i, leaf in enumerate(leaves) if is_box(leaf)]
        self.discover()

    def dispatch(self, which, *args):
        return self.functions[which](*args)

    def arguments(self, values: Sequence) -> tuple:
        return tree_unflatten(self.structure, replaced(self.leaves, self.traced, values))

    def discover(self):
        (t0, _), y0, _, args = self.arguments([self.leaves[i] for i in self.traced])
        y0 = anp.array(y0) if isinstance(y0, (list, tuple)) else y0
        for which in range(len(self.functions)):
            self.closure.discover(which, t0, y0, *args)

    def solve(self):
        values = [*[self.leaves[i] for i in self.traced], *self.closure.hidden]
        if not values and not self.given["dense_output"]:
            return scipy.integrate.solve_ivp(self.fun, **self.given)
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
        sol = DenseSolution(self, values, solution) if self.given["dense_output"] else None
        return OdeResult(
            t=t, y=y, sol=sol, t_events=t_events, y_events=y_events, **counts, message=solution.result.message,
            success=counts["status"] >= 0,
        )

    def run(self, plain: tuple) -> Run:
        """SciPy's result for plain values of the leaves, and the steps that led to it."""
        key = tuple([(np.shape(x), np.asarray(x).dtype.str, np.asarray(x).tobytes()) for x in plain])
        if key not in self.runs:
            if len(self.runs) == MOST_RUNS:
                del self.runs[next(iter(self.runs))]
            hidden = plain[len(self.traced) :]
            self.runs[key] = self.closure.run(hidden, functools.partial(self.run_scipy, plain))
        return self.runs[key]

    def run_scipy(self, plain):
        t_span, y0, t_eval, args = self.arguments(plain)
        hidden = plain[len(self.traced) :]
        fun, *events = [plain_function(f, self.closure, hidden) for f in [self.fun, *self.events]]
        options = dict(self.options)
        if self.jac:
            options["jac"] = plain_function(self.jac, self.closure, hidden)
        record: list = []
        method = self.method
        if self.is_discrete:
            method = recording(method)
            options["record"] = record
        with running(()):
            result = scipy.integrate.solve_ivp(
                fun, t_span, y0, method=method, t_eval=t_eval, events=events if self.events else None,
                vectorized=self.given["vectorized"], args=None if self.given["args"] is None else args,
                dense_output=self.given["dense_output"] or not self.is_discrete, **options,
            )
        if float(t_span[0]) == float(t_span[1]) or result.status < 0 and not self.is_discrete and result.sol is None:
            return Run(result, None)
        if self.is_discrete:
            return Run(result, Recorded(self.method, record) if record else None)
        return Run(result, Collocated(self.method, result.sol.ts, result.sol.interpolants))


class Solution:
    """What ``solve_ivp`` returns for some values of the traced leaves, boxes of derivatives among them."""

    def __init__(self, problem: Problem, values: Sequence) -> None:
        self.problem = problem
        self.result, self.steps = problem.run(tuple(map(to_value, values)))
        (self.t0, self.t1), y0, self.t_eval, args = problem.arguments(values)
        y0 = anp.array(y0) if isinstance(y0, (list, tuple)) else y0
        self.is_complex = np.iscomplexobj(self.result.y)
        self.n = np.shape(y0)[0]
        self.field = Field(problem.closure, 0, args, self.is_complex)
        self.parameters = [*self.field.own, *values[len(problem.traced) :]]
        y0 = self.to_real(y0)
        self.y0 = y0
        self.start = float(to_value(self.t0))
        if is_box(self.t0):
            start = anp.reshape(self.t0, (1,))
            y0 = advance(self.field, start, np.array([self.start]), y0[None], self.parameters)[0]
        self.y_start = y0
        self.field.can_batch = problem.can_batch

    def to_real(self, y):
        if self.is_complex:
            return anp.concatenate([anp.real(y), anp.imag(y)])
        return anp.astype(y, float) if is_box(y) else np.asarray(y, float)

    def to_state(self, Y):
        """Real states (…, n) or (…, 2n) as what SciPy returns."""
        return Y[..., : self.n] + 1j * Y[..., self.n :] if self.is_complex else Y

    def moved(self, T, times, Y):
        return advance(self.field, T, times, Y, self.parameters)

    def can_batch(self, grid):
        self.problem.can_batch = self.field.try_batch(grid.times[0, 0], grid.states[0, 0], self.parameters)
        return self.problem.can_batch

    def rows(self, T: np.ndarray, values: np.ndarray) -> Any:
        """The states, ``values``, at the times ``T`` that do not move, real."""
        if self.result.status < 0:
            return apply_rule(failed(self.result, as_real(values)), [self.y_start, *self.parameters])[0]
        if self.steps is None:
            return anp.broadcast_to(self.y_start, (len(T), self.y_start.shape[0]))
        grid, rows = self.steps.ask(T, values)
        if self.problem.is_discrete and (rows.values.shape[1] > LARGE or not self.can_batch(grid)):
            return replay(self.field, grid, rows, self.y_start, self.parameters)
        return flow(self.field, grid, rows, self.y_start, self.parameters)

    def fields(self) -> tuple:
        """t, y, t_events, y_events, and the counts."""
        result = self.result
        t, y = result.t, np.asarray(result.y)
        found = result.t_events or []
        T = np.concatenate([t, *found])
        states = [y.T if y.size else np.zeros((0, self.n)), *[ye for ye in result.y_events or [] if len(ye)]]
        rows = self.rows(T, np.concatenate(states)) if len(T) else np.zeros((0, self.n))
        ends = np.cumsum([len(t), *map(len, found)]).tolist()
        t_events, y_events = list(found), list(result.y_events or [])
        for i, times in enumerate(found):
            if len(times) and is_box(rows):
                own = rows[ends[i] : ends[i + 1]]
                event = Field(self.problem.closure, i + 1, self.field.args, self.is_complex, is_scalar=True)
                event.can_batch = self.problem.can_batch
                t_events[i] = event_times(event, self.field, times, own, self.parameters)
                y_events[i] = self.to_state(self.moved(times, t_events[i], own))
        return (
            *self.steps_reached(t, rows[: len(t)], t_events), t_events, y_events,
            {name: result[name] for name in ("nfev", "njev", "nlu", "status")},
        )

    def steps_reached(self, t, rows, t_events):
        """t and y: at the times asked for, or at the ends of the steps, of which the first and the last move."""
        result = self.result
        if self.t_eval is not None:
            times = self.t_eval if not isinstance(self.t_eval, (list, tuple)) else anp.array(self.t_eval)
            if is_box(times) and len(t):
                times = times[: len(t)]
                return times, self.to_state(self.moved(t, times, rows)).T
            return t, self.to_state(rows).T if len(t) else result.y
        last = self.t1
        if result.status == 1:
            last = next(te[-1] for te, plain in zip(t_events, result.t_events) if len(plain) and plain[-1] == t[-1])
        times = t
        if is_box(self.t0):
            times = anp.concatenate([anp.reshape(self.t0, (1,)), times[1:]])
            rows = anp.concatenate([self.y0[None], rows[1:]])
        if is_box(last) and result.status >= 0:
            last = anp.reshape(last, (1,))
            times = anp.concatenate([times[:-1], last])
            rows = anp.concatenate([rows[:-1], self.moved(t[-1:], last, rows[-1:])])
        return times, self.to_state(rows).T

    def at(self, t):
        """The state at any times of the integration, by the interpolants of the steps."""
        T = np.atleast_1d(to_value(t)).astype(float)
        rows = self.rows(T, self.result.sol(T).T)
        if is_box(t):
            rows = self.moved(T, anp.reshape(t, T.shape), rows)
        rows = self.to_state(rows)
        return rows.T if np.ndim(t) else rows[0]


class DenseSolution:
    """SciPy's ``OdeSolution``, for traced times and of traced coefficients."""

    def __init__(self, problem: Problem, values: Sequence, solution: Solution) -> None:
        self._call = problem, values
        self._plain = solution.result.sol

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._plain, name)

    def __call__(self, t):
        problem, values = self._call
        if np.ndim(t) > 1:
            raise ValueError("`t` must be a float or a 1-D array.")
        t = anp.array(t) if isinstance(t, (list, tuple)) else t
        return call_whole("solve_ivp", lambda t, *values: [Solution(problem, values).at(t)], [t, *values])[0]


def failed(result, values):
    """A rule that refuses to be differentiated: the integration has failed."""
    place = caller_line()

    def bwd(residuals, gs):
        raise RuntimeError(
            f"solve_ivp has failed ({place}), so that its result has no derivative. SciPy says: {result.message}"
        )

    return VJPRule("solve_ivp", lambda *leaves: [values], lambda *leaves: ([values], None), bwd)
