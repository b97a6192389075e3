"""The solution of a differential equation along the steps that a solver has taken, as a function of initial state and
parameters.

SciPy has computed it. Its derivative is that of the steps, of sizes that are constants: f is linearised at all stages
of all steps at once, and ``linearised`` does the rest. Rules are written with traced functions, so that they have
derivatives themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core import backward
from ...core.forward import trace_jvp
from ...core.reverse import trace_vjp
from ...core.selections import settle
from ...core.tracer import is_box, to_value
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import transpose
from .butcher import Tableau
from .fields import jacobians
from .refining import refined_states
from .linearised import pull_steps, push_steps, stage_states
from .whole_steps import replaced

__all__ = ["Grid", "Rows", "flow"]


class Grid(NamedTuple):
    """The steps of a solution: their sizes h (N,), the times (N, s) and states (N, s, n) of their stages."""

    h: np.ndarray
    times: np.ndarray
    states: np.ndarray
    tableau: Tableau


class Rows(NamedTuple):
    """States (m, n) that are asked for: each from the step with this number on, by the weights (m, s) of its slopes."""

    values: np.ndarray
    steps: np.ndarray
    weights: np.ndarray | None

    def changes(self, grid: Grid, S: Any, K: Any) -> Any:
        """Their changes (m, n), from those of the states (N + 1, n, 1) and slopes (N, s, n, 1)."""
        ans = S[self.steps, :, 0]
        if self.weights is None or not self.weights.any():
            return ans
        weights = grid.h[self.steps, None] * self.weights
        return ans + anp.matmul(weights[:, None, :], K[self.steps, :, :, 0])[:, 0]


def flow(field: Callable, grid: Grid, rows: Rows, y0: Any, parameters: Sequence) -> Any:
    """The states ``rows``, of shape (m, n), of the solution from ``y0`` on."""
    rule = FlowRule("solve_ivp", field, grid, rows.values, functools.partial(rows.changes, grid), [])
    return apply_rule(rule, [y0, *parameters])[0]


class FlowRule(NamedTuple):
    """The rule of some linear function ``changes`` of states and slopes. Leaves are y0 and the parameters."""

    name: str
    field: Callable
    grid: Grid
    values: np.ndarray
    changes: Callable[[Any, Any], Any]
    refined: list
    """The states of the stages, once they have been refined, and Jacobians at them, if these are known."""

    def fun(self, *leaves):
        return [self.values]

    def stages(self, leaves):
        """Times (m,) and states (m, n) of all stages."""
        grid = self.grid
        if not grid.tableau.is_explicit and not self.refined:
            self.refined.extend(refined_states(self.field, grid, *split(map(to_value, leaves))))
        states = self.refined[0] if self.refined else grid.states
        states = states.reshape(-1, states.shape[2])
        if any(map(is_box, leaves)):  # below a derivative of this one, they change, too
            rule = self._replace(values=states, changes=lambda S, K: flat(stage_states(S, K, grid.h, grid.tableau.A)))
            (states,) = apply_rule(rule, leaves)
        return grid.times.reshape(-1), states

    def jacobians(self, T, X, parameters):
        if self.refined and self.refined[1] is not None and not any(map(is_box, (X, *parameters))):
            return self.refined[1]
        J = jacobians(self.field, T, X, parameters)
        return anp.reshape(J, (*self.grid.times.shape, *J.shape[1:]))

    @property
    def method(self):
        grid = self.grid
        return grid.h, grid.tableau.A, grid.tableau.b, grid.tableau.is_explicit

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        T, X = self.stages(leaves)
        parameters = leaves[1:]
        steps, stages, n = self.grid.states.shape
        likes = np.zeros((steps + 1, n, 1)), np.zeros((steps, stages, n, 1))
        own = [i - 1 for i in followed if i]
        linear = []

        def linearise():
            J = self.jacobians(T, X, parameters)
            if own:
                ends, inputs = trace_vjp(
                    lambda *values: [self.field(T, X, replaced(parameters, own, values))], [parameters[i] for i in own]
                )[1:]
            return J, ends[0] if own else None, inputs if own else []

        def pull(gs):
            if not linear:
                linear.extend(linearise())
            J, end, inputs = linear
            gS, gK = (g if g is not None else like for g, like in zip(
                transpose(lambda both: [self.changes(*both)], likes, gs), likes))
            gr, g0 = pull_steps(J, gS, gK, *self.method)
            found = {0: g0[:, 0]}
            if end is not None:
                pulled = backward.backward_pass([(end, anp.reshape(gr, (-1, n)))], inputs)
                found.update(zip([i + 1 for i in own], map(settle, pulled)))
            return [found.get(i) for i in followed]

        return apply_rule(self, leaves), pull

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        T, X = self.stages(leaves)
        parameters = leaves[1:]
        tangents = list(map(settle, tangents))
        J = self.jacobians(T, X, parameters)
        own = [i for i, t in enumerate(tangents[1:]) if t is not None]
        r = np.zeros(self.grid.states.shape)
        if own:
            _, (t,) = trace_jvp(
                lambda *values: [self.field(T, X, replaced(parameters, own, values))],
                [parameters[i] for i in own], [tangents[i + 1] for i in own],
            )
            r = r if t is None else anp.reshape(t, r.shape)
        d0 = np.zeros(r.shape[2]) if tangents[0] is None else tangents[0]
        S, K = push_steps(J, r[..., None], d0[:, None], *self.method)
        return apply_rule(self, leaves), [self.changes(S, K)]


def split(leaves):
    y0, *parameters = leaves
    return y0, parameters


def flat(X: Any) -> Any:
    return anp.reshape(X, (-1, X.shape[2]))
