"""Conditions of optimality: the equations that a minimum solves, with bounds and constraints, and its value's slope.

At a minimum x of f with active constraints c(x) = b and bounds, the Lagrangian L = f + λᵀ(c − b) has

    ∂L/∂x = 0 for the free unknowns,   x = bound for the others,   c(x) = b for active rows,   λ = 0 for the others

(Karush-Kuhn-Tucker; J. Nocedal, S. J. Wright, "Numerical Optimization", 2006, chapter 12). Where strict
complementarity holds, what is active stays so nearby, and the implicit function theorem gives the derivative (A. V.
Fiacco, "Introduction to sensitivity and stability analysis in nonlinear programming", 1983). The derivative of the
minimal value is that of L with x and λ held (envelope theorem).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize

from ...core.primitives import nondifferentiable
from ...numpy import wrapped as anp
from ...transforms.custom_rules import VJPRule, apply_rule
from ...transforms.gradient import grad
from ...transforms.implicit_problems import Refusal
from ...transforms.implicit_rules import confirm, pull_leaves, refined
from ...transforms.jacobians import jacobian
from ...transforms.steps import number
from .calls import SolverCall

__all__ = ["EQUALITY", "Optimum", "minimal_value"]

NEARNESS = 1e-5, 1e-2
"""How near to its bound a constraint is that may be active, relative to one plus its size. An interior point method
keeps away from bounds, so there is a second attempt."""
DEGENERATE = 1e-7
"""A slack, or a multiplier relative to the slope of the objective, that counts as zero."""
CHANGES = 10
"""How often the set of active constraints is changed before it is given up."""

LOWER, FREE, UPPER, EQUALITY = -1, 0, 1, 2


class Optimum(SolverCall):
    """The equations of a minimum. A subclass gives the objective, and if there are any, rows of constraints.

    The state is two arrays: which bound is active for each unknown, and which for each row of the constraints.
    """

    size: int
    """How many unknowns there are."""

    nearness: float
    """What counts as near in this attempt."""

    def objective(self, leaves: Sequence, x: Any) -> Any:
        raise NotImplementedError

    def bounds(self, leaves: Sequence) -> tuple[Any, Any] | None:
        """Lower and upper bounds of x."""

    def rows(self, leaves: Sequence) -> tuple[Callable, Any, Any] | None:
        """The constraints: a function of x that gives a vector, and its lower and upper bounds."""

    def lagrangian(self, leaves: Sequence, state: Sequence, x: Any, multipliers: Any) -> Any:
        value = self.objective(leaves, x)
        rows = self.rows(leaves)
        if rows is None:
            return value
        function, lower, upper = rows
        return value + anp.sum(multipliers * (function(x) - target(state[1], lower, upper)))

    def residual(self, leaves, state, z):
        x, multipliers = z[: self.size], z[self.size :]
        equations = [grad(lambda x: self.lagrangian(leaves, state, x, multipliers))(x)]
        bounds, rows = self.bounds(leaves), self.rows(leaves)
        if bounds is not None:
            equations[0] = anp.where(state[0] == FREE, equations[0], x - target(state[0], *bounds))
        if rows is not None:
            function, lower, upper = rows
            equations.append(anp.where(state[1] == FREE, multipliers, function(x) - target(state[1], lower, upper)))
        return equations[0] if len(equations) == 1 else anp.concatenate(equations)

    # The active set, of plain numbers

    def refine(self, leaves, x, is_solved, is_strict=True):
        refusals = []
        for self.nearness in NEARNESS:
            try:
                return super().refine(leaves, x, is_solved, is_strict)
            except Refusal as refusal:
                refusals.append(refusal)
            if self.bounds(leaves) is None and self.rows(leaves) is None:
                break
        raise refusals[0]

    def start(self, leaves, x):
        x = np.asarray(x, float)
        bounds, rows = self.bounds(leaves), self.rows(leaves)
        near = [np.zeros(0, int) if each is None else nearby(self.nearness, *each) for each in (
            None if bounds is None else (x, *bounds),
            None if rows is None else (np.asarray(rows[0](x)), *rows[1:]),
        )]
        if bounds is None:
            near[0] = np.zeros(x.size, int)
        slope = np.asarray(grad(lambda x: self.objective(leaves, x))(x))
        normals = np.zeros((0, x.size)) if rows is None else np.asarray(jacobian(rows[0])(x))
        multipliers = find_multipliers(slope, normals, near)
        state = [np.where(pushed(each, found), each, FREE) for each, found in zip(near, multipliers)]
        return np.concatenate([x, np.where(state[1] == FREE, 0.0, multipliers[1])]), state

    def newton(self, leaves, z, state, is_strict):
        """Newton's method, with other constraints active where its solution asks for that."""
        for _ in range(CHANGES):
            z = super().newton(leaves, z, state, is_strict)
            new = self.changed(leaves, z, state)
            if all(np.array_equal(*pair) for pair in zip(state, new)):
                return z
            z[self.size :][new[1] == FREE] = 0.0
            state[:] = new
        raise self.refusal("which constraints are active there cannot be told")

    def quantities(self, leaves: list, z: np.ndarray, state: list) -> list:
        """For the bounds and for the rows: the values, their limits, and the multipliers, scaled by the slope."""
        x, multipliers = z[: self.size], z[self.size :]
        bounds, rows = self.bounds(leaves), self.rows(leaves)
        slope = np.asarray(grad(lambda x: self.lagrangian(leaves, state, x, multipliers))(x))
        plain = np.asarray(grad(lambda x: self.objective(leaves, x))(x))
        scale = max(np.abs(plain).max(initial=0), np.abs(multipliers).max(initial=0), 1e-300)
        found = []
        if bounds is not None:
            found.append((0, x, *bounds, -slope / scale))
        if rows is not None:
            found.append((1, np.asarray(rows[0](x)), *rows[1:], multipliers / scale))
        return found

    def blank(self, leaves, x):
        rows = self.rows(leaves)
        count = 0 if rows is None else np.size(rows[1])
        return [np.concatenate([x, np.zeros(count)]), np.zeros(self.size, int), np.zeros(count, int)]

    def changed(self, leaves: list, z: np.ndarray, state: list) -> list:
        new = [each.copy() for each in state]
        for i, values, lower, upper, multipliers in self.quantities(leaves, z, state):
            size = DEGENERATE * size_of(values, lower, upper)
            active = state[i]
            new[i][(active == LOWER) & (multipliers > DEGENERATE)] = FREE
            new[i][(active == UPPER) & (multipliers < -DEGENERATE)] = FREE
            new[i][(active == FREE) & (values < lower - size)] = LOWER
            new[i][(active == FREE) & (values > upper + size)] = UPPER
        return new

    def check(self, leaves, z, state):
        for i, values, lower, upper, multipliers in self.quantities(leaves, z, state):
            size = DEGENERATE * size_of(values, lower, upper)
            bound = (state[i] == LOWER) | (state[i] == UPPER)
            touching = (state[i] == FREE) & ((values - lower < size) | (upper - values < size))
            weak = bound & (np.abs(multipliers) <= DEGENERATE) | touching
            if weak.any():
                what = ("the bound of unknown", "constraint")[i]
                raise self.refusal(
                    f"{what} {int(np.flatnonzero(weak)[0])} is met, but does not hold the solution (its multiplier is "
                    "zero), so that derivatives to both sides differ"
                )


def size_of(values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """What slacks are compared with."""
    return np.minimum(1 + np.abs(values), np.where(upper > lower, upper - lower, np.inf))


def target(state: Any, lower: Any, upper: Any) -> Any:
    """The bound that is active; zero where none is."""
    return anp.where(state == UPPER, upper, anp.where(state == FREE, 0.0, lower))


def nearby(nearness: float, values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Which bound may be active for each of the values."""
    lower, upper = np.asarray(lower), np.asarray(upper)
    size = nearness * size_of(values, lower, upper)
    state = np.where(values - lower <= size, LOWER, FREE)
    state = np.where((upper - values <= size) & (upper - values < values - lower), UPPER, state)
    return np.where(lower == upper, EQUALITY, state)


def pushed(state: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    return (state == EQUALITY) | (multipliers * state > 0)


def find_multipliers(slope: np.ndarray, normals: np.ndarray, near: list) -> list:
    """Multipliers λ, μ with slope + normalsᵀ λ + μ ≈ 0, of the signs that the bounds nearby allow.

    A pair: those of the bounds and those of the rows. Non-negative least squares: of dependent constraints it takes
    some.
    """
    size = slope.size
    every = np.concatenate([np.eye(size), normals])
    state = np.concatenate(near)
    columns, owners, signs = [], [], []
    for i in np.flatnonzero(state):
        for sign in (1.0, -1.0) if state[i] == EQUALITY else (float(state[i]),):
            columns.append(sign * every[i])
            owners.append(i)
            signs.append(sign)
    multipliers = np.zeros(state.size)
    if columns:
        found = scipy.optimize.nnls(np.transpose(columns), -slope)[0]
        np.add.at(multipliers, owners, found * signs)
    return [multipliers[:size], multipliers[size:]]


@nondifferentiable
def refine_value(problem: Optimum, *leaves: Any) -> np.float64:
    """The objective at the refined solution, or if there is none the solver's value, the last of the leaves."""
    *leaves, value = leaves
    found = problem.refine_once(leaves, is_strict=False)
    if isinstance(found, Refusal):
        return np.float64(value)
    return np.float64(problem.objective(leaves[:-2], found[0][: problem.size]))


def minimal_value(problem: Optimum, leaves: Sequence, x: Any, is_solved: Any, value: Any) -> Any:
    """The minimal value, as the solver has found it; where it is differentiated, that of the refined solution, and with
    the derivative that the envelope theorem gives it."""

    def fwd(*leaves):
        return apply_rule(rule_at_refined, leaves), list(leaves)

    def bwd(leaves, gs):
        problem.recall()
        leaves = leaves[:-1]
        own = leaves[:-2]
        z, state, is_refined = refined(problem, leaves, is_strict=False)
        x, multipliers = z[: problem.size], z[problem.size :]
        held = None
        if problem.bounds(own) is not None:  # the multipliers of bounds
            slope = grad(lambda x: problem.lagrangian(own, state, x, multipliers))(x)
            held = anp.where(state[0] == FREE, 0.0, slope)

        def lagrangian(*leaves):
            value = problem.lagrangian(leaves, state, x, multipliers)
            if held is None:
                return value
            return value + anp.sum(held * target(state[0], *problem.bounds(leaves)))

        g = gs[0] + confirm(problem, False, is_refined, *leaves)
        return [*pull_leaves(lagrangian, own, g), None, None, None]

    rule = VJPRule(problem.name, lambda *leaves: [leaves[-1].copy()], fwd, bwd)
    rule_at_refined = VJPRule(problem.name, lambda *leaves: [refine_value(problem, *leaves)], fwd, bwd)
    return apply_rule(rule, [*map(number, leaves), x, is_solved, number(value)])[0]
