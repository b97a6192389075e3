"""Explicit steps one by one: for systems of many equations, of which Jacobians would be large. As ``flows`` has it, the
derivative is that of the steps that SciPy has taken."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...compiler.jit import jit
from ...core.forward import trace_jvp
from ...core.reverse import trace_vjp
from ...core.selections import settle
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import transpose
from .fields import Field
from .flows import Grid, Rows
from .moving_times import combined
from .whole_steps import pull_back, replaced, with_zeros

__all__ = ["flow_stepwise"]

COMPILED = 400
"""Stages from which on it pays to compile what pulls one back."""

MOST_NUMBERS = 1 << 20
"""Of the states of stages that are pulled back to the parameters at once."""


def flow_stepwise(field: Field, grid: Grid, rows: Rows, y0: Any, parameters: Sequence) -> Any:
    """The states ``rows``, of shape (m, n), of the solution from ``y0`` on."""
    return apply_rule(StepwiseRule("solve_ivp", field, grid, rows), [y0, *parameters])[0]


def replay(field: Field, grid: Grid, rows: Rows, y0: Any, parameters: Sequence) -> Any:
    """The same in traced operations, for any derivative."""
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


def pull_state(field: Field, parameters: Sequence, t: Any, y: Any, g: Any) -> Any:
    """gᵀ ∂f/∂y."""
    _, ends, inputs = trace_vjp(lambda y: [field.run(parameters, field.one, t, y)], [y])
    return with_zeros(pull_back(ends, [g], inputs)[0], y)


class StepwiseRule(NamedTuple):
    """Leaves are y0 and the parameters. In the first order of reverse mode the stages, whose states are known, are
    pulled back; all else replays the steps."""

    name: str
    field: Field
    grid: Grid
    rows: Rows

    def fun(self, *leaves):
        return [self.rows.values]

    def replayed(self, leaves):
        return [replay(self.field, self.grid, self.rows, leaves[0], leaves[1:])]

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        followed = [i for i, t in enumerate(tangents) if t is not None]
        _, pushed = trace_jvp(
            lambda *own: self.replayed(replaced(leaves, followed, own)), [leaves[i] for i in followed],
            [settle(tangents[i]) for i in followed],
        )
        return apply_rule(self, leaves), pushed

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        if not any(map(is_box, leaves)):
            return [self.rows.values], lambda gs: self.pull(leaves, followed, gs)
        _, ends, inputs = trace_vjp(
            lambda *own: self.replayed(replaced(leaves, followed, own)), [leaves[i] for i in followed])
        return apply_rule(self, leaves), lambda gs: pull_back(ends, gs, inputs)

    def pull(self, leaves, followed, gs):
        """The adjoint of the steps, from the last to the first; then that of all stages in the parameters."""
        grid, parameters = self.grid, leaves[1:]
        steps, stages, n = grid.states.shape
        likes = np.zeros((steps + 1, n, 1)), np.zeros((steps, stages, n, 1))
        gS, gK = transpose(lambda both: [self.rows.changes(grid, *both)], likes, gs)
        with self.field.closure.recalled():
            g0, gr = self.sweep(gS, gK, parameters)
        found = {0: g0}
        own = [i - 1 for i in followed if i]
        size = max(1, MOST_NUMBERS // (stages * n))
        for i in range(0, steps if own else 0, size):
            T, X, g = (anp.reshape(x[i : i + size], (-1, *x.shape[2:])) for x in (grid.times, grid.states, gr))
            _, ends, inputs = trace_vjp(
                lambda *values, T=T, X=X: [self.field(T, X, replaced(parameters, own, values))],
                [parameters[i] for i in own],
            )
            for place, more in zip(own, pull_back(ends, [g], inputs)):
                if more is not None:
                    found[place + 1] = more if place + 1 not in found else found[place + 1] + more
        return [found.get(i) for i in followed]

    def sweep(self, gS, gK, parameters):
        """Cotangents of the initial state, and of the slopes of all stages."""
        grid = self.grid
        pull_stage = functools.partial(pull_state, self.field)
        if grid.times.size >= COMPILED:
            pull_stage = jit(pull_stage)
            pull_stage.warned = True  # nobody has asked for it, so nobody wants to know why it is not compiled
        A, b = grid.tableau.A, grid.tableau.b
        steps, stages, _ = grid.states.shape
        g = gS[-1, :, 0]
        none = anp.zeros_like(g)
        slopes: list = []
        for i in range(steps - 1, -1, -1):
            h = float(grid.h[i])
            # k_l = h b_l g + h Σ_j A_jl J_jᵀ k_j
            pulled: list = [none] * stages
            ks: list = [none] * stages
            for j in range(stages - 1, -1, -1):
                k = combined(h * b[j] * g, h, A[j + 1 :, j], pulled[j + 1 :])
                ks[j] = k if gK is None else k + gK[i, j, :, 0]
                pulled[j] = pull_stage(parameters, grid.times[i, j], grid.states[i, j], ks[j])
            slopes.append(anp.stack(ks))
            g = sum(pulled, g + gS[i, :, 0])
        return g, anp.stack(slopes[::-1])
