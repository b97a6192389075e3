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
from scipy.integrate import DOP853

from ...core.backward import backward_pass
from ...core.errors import TracedValueError, caller_line
from ...core.forward import trace_jvp
from ...core.reverse import trace_vjp
from ...core.selections import settle
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import transpose
from .butcher import Tableau
from .fields import Field, jacobians
from .linearised import pull_steps, push_steps, stage_states
from .whole_steps import replaced

__all__ = ["Grid", "Rows", "advance", "flow", "replay"]


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
    rule = FlowRule("solve_ivp", field, grid, rows.values, functools.partial(rows.changes, grid))
    return apply_rule(rule, [y0, *parameters])[0]


def replay(field: Field, grid: Grid, rows: Rows, y0: Any, parameters: Sequence) -> Any:
    """The same of an explicit method, step by step in traced operations: where Jacobians would be large, and where
    Python branches on the state, so that there is no evaluating many points at once."""
    A, b = grid.tableau.A, grid.tableau.b

    def run(y, args):
        states, slopes = [y], []
        for h, times in zip(grid.h.tolist(), grid.times.tolist()):
            K: list = []
            for t, a in zip(times, A):
                K.append(field.one(t, combined(y, h, a, K), args))
            y = combined(y, h, b, K)
            states.append(y)
            slopes.append(K)
        if rows.weights is None:
            return anp.stack([states[i] for i in rows.steps])
        return anp.stack([combined(states[i], grid.h[i], w, slopes[i]) for i, w in zip(rows.steps, rows.weights)])

    return field.run(parameters, run, y0)


class FlowRule(NamedTuple):
    """The rule of some linear function ``changes`` of states and slopes. Leaves are y0 and the parameters."""

    name: str
    field: Callable
    grid: Grid
    values: np.ndarray
    changes: Callable[[Any, Any], Any]

    def fun(self, *leaves):
        return [self.values]

    def stages(self, leaves):
        """Times (m,) and states (m, n) of all stages."""
        grid = self.grid
        states = grid.states.reshape(-1, grid.states.shape[2])
        if any(map(is_box, leaves)):  # below a derivative of this one, they change, too
            rule = self._replace(values=states, changes=lambda S, K: flat(stage_states(S, K, grid.h, grid.tableau.A)))
            (states,) = apply_rule(rule, leaves)
        return grid.times.reshape(-1), states

    def jacobians(self, T, X, parameters):
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
                pulled = backward_pass([(end, anp.reshape(gr, (-1, n)))], inputs)
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


def flat(X: Any) -> Any:
    return anp.reshape(X, (-1, X.shape[2]))


# Times that move


def advance(field: Callable, start: Any, end: Any, Y: Any, parameters: Sequence) -> Any:
    """The states (m, n) at the times ``end`` of the solutions through ``Y`` at the times ``start``, which are the same
    numbers: what is asked for is how the states change when these move.

    That is a step of a Runge–Kutta method, of length zero. A method of order p has the derivatives of the solution in
    its length up to the p-th, and there are no more than traces of derivatives that watch it.
    """
    h = end - start
    order = depth(h)
    if order == 0:
        return Y
    tableau = next((each() for most, each in BY_ORDER.items() if order <= most), None)
    if tableau is None:
        raise TracedValueError(
            f"solve_ivp has derivatives in times up to order {max(BY_ORDER)}, and {order} are nested ({caller_line()})"
        )
    A, b, c = tableau
    slopes: list = []
    h = h[:, None]
    for a, x in zip(A, c):
        slopes.append(field(start + x * h[:, 0] if x else start, combined(Y, h, a, slopes), parameters))
    return combined(Y, h, b, slopes)


def combined(Y, h, weights, slopes):
    terms = [float(w) * K for w, K in zip(weights, slopes) if w]
    return Y + h * sum(terms[1:], terms[0]) if terms else Y


def depth(x: Any) -> int:
    """How many traces watch ``x``."""
    count = 0
    while is_box(x):
        count += x._node is not None
        x = x._value
    return count


def dop853():
    stages = DOP853.n_stages
    return DOP853.A[:stages, :stages], DOP853.B, DOP853.C[:stages]


BY_ORDER = {
    1: lambda: ([[]], [1.0], [0.0]),  # Euler's method, the midpoint method, and that of Kutta
    2: lambda: ([[], [0.5]], [0.0, 1.0], [0.0, 0.5]),
    4: lambda: ([[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0.0, 0.5, 0.5, 1.0]),
    8: dop853,
}
