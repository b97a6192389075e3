"""The result of ``solve_ivp`` for some values of the traced arguments: states, times and events as traced values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import caller_line
from ...core.tracer import is_box, to_value
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...transforms.custom_rules import VJPRule, apply_rule
from .event_times import event_times
from .fields import Field
from .flows import flow
from .moving_times import advance
from .problems import Problem
from .stepwise import flow_stepwise
from .trajectories import as_real
from .whole_steps import call_whole

__all__ = ["DenseSolution", "Solution", "failed"]

LARGE = 32
"""More equations than this have no Jacobians where these are not needed."""


class Solution:
    """What ``solve_ivp`` returns for some values of the traced leaves, boxes of derivatives among them."""

    def __init__(self, problem: Problem, values: Sequence) -> None:
        self.problem = problem
        self.result, self.steps = problem.run(values)
        (self.t0, self.t1), y0, self.t_eval, args = problem.arguments(values)
        y0 = as_array(y0)
        self.is_complex = np.iscomplexobj(self.result.y)
        self.n = np.shape(y0)[0]
        self.field = Field(problem.closure, 0, args, self.is_complex)
        self.parameters = [*self.field.own, *problem.hidden_of(values)]
        y0 = self.to_real(y0)
        self.y0 = y0
        self.start = float(to_value(self.t0))
        if is_box(self.t0):
            start = anp.reshape(self.t0, (1,))
            y0 = advance(self.field, start, np.array([self.start]), y0[None], self.parameters)[0]
        self.y_start = y0

    def to_real(self, y):
        if self.is_complex:
            return anp.concatenate([anp.real(y), anp.imag(y)])
        return anp.astype(y, float) if is_box(y) else np.asarray(y, float)

    def to_state(self, Y):
        """Real states (…, n) or (…, 2n) as what SciPy returns."""
        return Y[..., : self.n] + 1j * Y[..., self.n :] if self.is_complex else Y

    def moved(self, T, times, Y):
        return advance(self.field, T, times, Y, self.parameters)

    def rows(self, T: np.ndarray, values: np.ndarray) -> Any:
        """The states, ``values``, at the times ``T`` that do not move, real."""
        if self.result.status < 0:
            refusing = failed("solve_ivp", self.result.message, as_real(values))
            return apply_rule(refusing, [self.y_start, *self.parameters])[0]
        if self.steps is None:
            return anp.broadcast_to(self.y_start, (len(T), self.y_start.shape[0]))
        grid, rows = self.steps.ask(T, values)
        if self.problem.is_discrete and rows.values.shape[1] > LARGE:
            return flow_stepwise(self.field, grid, rows, self.y_start, self.parameters)
        return flow(self.field, grid, rows, self.y_start, self.parameters)

    def fields(self) -> tuple:
        """t, y, t_events, y_events, and the counts."""
        result = self.result
        t, y = np.array(result.t), np.array(result.y)  # copies: the user may write into what is returned
        found = [np.array(each) for each in result.t_events or []]
        T = np.concatenate([t, *found])
        states = [y.T if y.size else np.zeros((0, self.n)), *[ye for ye in result.y_events or [] if len(ye)]]
        rows = self.rows(T, np.concatenate(states)) if len(T) else np.zeros((0, self.n))
        ends = np.cumsum([len(t), *map(len, found)]).tolist()
        t_events, y_events = list(found), [np.array(each) for each in result.y_events or []]
        for i, times in enumerate(found):
            if len(times) and is_box(rows):
                own = rows[ends[i] : ends[i + 1]]
                event = Field(self.problem.closure, i + 1, self.field.args, self.is_complex, is_scalar=True)
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
            times = as_array(self.t_eval)
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
        return call_whole("solve_ivp", lambda t, *values: [Solution(problem, values).at(t)], [as_array(t), *values])[0]


def failed(name, message, values):
    """A rule that refuses to be differentiated: the integration has failed."""
    place = caller_line()

    def bwd(residuals, gs):
        raise RuntimeError(f"{name} has failed ({place}), so that its result has no derivative. SciPy says: {message}")

    return VJPRule(name, lambda *leaves: [values], lambda *leaves: ([values], None), bwd)
