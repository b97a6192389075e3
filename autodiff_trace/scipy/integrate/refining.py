"""The states of stages that solve the equations of collocation: for stiff equations, where those that a solver has
interpolated are not accurate enough for derivatives.

A solver of a stiff equation commits errors that the equation itself damps. The linearised equation along its solution
amplifies them: of a relaxation oscillation computed to 1e-8 the derivative may have three digits. So the collocation
equations of all steps are solved by Newton's method, from the solver's states on, each iteration being one pass of
``linearised``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .fields import jacobians
from .linearised import push_steps, stage_states

__all__ = ["refined_states"]

STIFF = 10.0
"""The size of h ∂f/∂y from which on an equation is stiff."""

SMALL = 1e-10
"""A residual, relative to the largest value of a component, that one more iteration makes as small as can be."""

MOST_ITERATIONS = 8

MOST_EQUATIONS = 24
"""Of more, the states of the solver have to do."""


def refined_states(field: Callable, grid: Any, y0: np.ndarray, parameters: Sequence) -> tuple[np.ndarray, Any]:
    """The states (N, s, n) of the stages; where the equation is not stiff those of the grid, and Jacobians there."""
    if len(y0) > MOST_EQUATIONS:
        return grid.states, None
    try:
        with np.errstate(all="ignore"):
            return by_newton(field, grid, y0, parameters)
    except (ArithmeticError, ValueError):  # at states that the solver has not seen
        return grid.states, None


def by_newton(field, grid, y0, parameters):
    h, times, X, tableau = grid
    start = size = None
    for _ in range(MOST_ITERATIONS):
        J = jacobians(field, times.reshape(-1), X.reshape(-1, X.shape[2]), parameters)
        J = np.asarray(J).reshape(*X.shape, -1)
        if start is None and not np.max(np.abs(h[:, None, None, None] * J)) > STIFF:
            return X, J
        residual = residuals(field, grid, X, y0, parameters)
        size = np.max(np.abs(residual) / (np.max(np.abs(X), axis=(0, 1)) + np.finfo(float).tiny))
        if not np.isfinite(size):
            return grid.states, None
        start = start or size
        S, K = push_steps(J, J @ residual[..., None], np.zeros((len(y0), 1)), h, tableau.A, tableau.b, False)
        X = X + residual + stage_states(S, K, h, tableau.A)[..., 0]
        if size < SMALL:
            break
    is_better = size < max(start, SMALL) and np.all(np.isfinite(X))
    return X if is_better else grid.states, None


def residuals(field, grid, X, y0, parameters):
    """y + h A f(X) − X, where y are the states that follow from ``y0`` by h b f(X)."""
    h, times, _, tableau = grid
    K = np.asarray(field(times.reshape(-1), X.reshape(-1, X.shape[2]), parameters)).reshape(X.shape)
    y = y0 + np.cumsum(h[:, None] * np.einsum("ijn,j->in", K, tableau.b), axis=0)
    y = np.concatenate([y0[None], y[:-1]])
    return y[:, None] + h[:, None, None] * (tableau.A @ K) - X
