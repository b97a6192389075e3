"""Implicit rules: the derivative of a solution, whatever has found it, from the equations that it solves.

Where F(z, θ) = 0, the cotangent g of z is that of the leaves θ by the implicit function theorem:

    (∂F/∂z)ᵀ v = g,   θ̄ = −(∂F/∂θ)ᵀ v

A solver stops near the solution, and the derivative there is wrong by as much, as is what is computed from it. So a
solution that is differentiated is refined by a few steps of Newton's method; others stay the solver's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import backward
from ..core.errors import caller_line
from ..core.primitives import nondifferentiable
from ..core.reverse import trace_vjp
from ..core.selections import settle
from ..numpy import wrapped as anp
from .custom_rules import VJPRule, apply_rule, spread
from .implicit_problems import Implicit, Refusal
from .steps import has_derivative, number

__all__ = ["confirm", "pull_leaves", "refined", "refused", "run_solver", "solution", "solved"]


@nondifferentiable
def run_solver(problem: Implicit, *leaves: Any) -> tuple:
    """The solver as a primitive: derivatives skip it, batches call it for each element, programs have it as a step."""
    problem.recall()
    return tuple(problem.closure.run(leaves[len(problem.slots) :], problem.solve, list(leaves)))


@nondifferentiable
def refine_solution(problem: Implicit, is_strict: bool, *leaves: Any) -> tuple:
    """The refined unknowns, the state of the equations, and whether they could be refined: else as they were."""
    found = problem.refine_once(leaves, is_strict)
    if not isinstance(found, Refusal):
        return *map(np.array, found), np.True_
    *leaves, x, _ = leaves
    return *problem.blank(leaves, x), np.False_


@nondifferentiable
def confirm(problem: Implicit, is_strict: bool, is_refined: bool, *leaves: Any) -> np.float64:
    """Zero; raises the Refusal where the unknowns could not be refined."""
    if not is_refined:
        raise problem.refine_once(leaves, is_strict)
    return np.float64(0)


def refined(problem: Implicit, leaves: Sequence, is_strict: bool = True) -> tuple[Any, list, Any]:
    """The refined unknowns with their derivative, the state of the equations, and whether they could be refined."""
    def fwd(*leaves):
        outputs = apply_rule(rule, leaves)
        return outputs, (list(leaves), outputs)

    def bwd(residuals, gs):
        leaves, outputs = residuals
        z, state, is_refined = take_apart(outputs) if is_strict else refined(problem, leaves)
        return pull_unknowns(problem, leaves, z, state, is_refined, gs[0])

    rule = VJPRule(problem.name, lambda *leaves: list(refine_solution(problem, is_strict, *leaves)), fwd, bwd)
    return take_apart(apply_rule(rule, leaves))


def take_apart(outputs: Sequence) -> tuple[Any, list, Any]:
    z, *state, is_refined = outputs
    return z, state, is_refined


def pull_unknowns(problem: Implicit, leaves: list, z: Any, state: list, is_refined: Any, g: Any) -> list:
    """The cotangents of ``leaves``, of which the last two are the solver's solution and whether it is one."""
    g = g + confirm(problem, True, is_refined, *leaves)
    problem.recall()
    own = leaves[:-2]
    v = problem.solve_transposed(own, state, z, g)
    return [*pull_leaves(lambda *own: problem.residual(own, state, z), own, -v), None, None]


def solution(problem: Implicit, leaves: Sequence, x: Any, is_solved: Any) -> Any:
    """``x``, the solution as the solver has found it; where it is differentiated, refined, and with the derivative that
    the equations give it."""
    def fwd(*leaves):
        z, state, is_refined = refined(problem, leaves)
        return [z[: leaves[-2].shape[0]]], (list(leaves), z, state, is_refined)

    def bwd(residuals, gs):
        leaves, z, state, is_refined = residuals
        g = gs[0]
        missing = z.shape[0] - g.shape[0]
        g = anp.concatenate([g, np.zeros(missing)]) if missing else g
        return pull_unknowns(problem, leaves, z, state, is_refined, g)

    rule = VJPRule(problem.name, lambda *leaves: [leaves[-2].copy()], fwd, bwd)
    return apply_rule(rule, [*map(number, leaves), x, is_solved])[0]


def refused(name: str, leaves: Sequence, values: Sequence, what: str) -> list:
    """Floating ``values`` that depend on ``leaves``: asked for a derivative of one, ``name`` refuses."""
    place = caller_line()
    count = len(values)

    def bwd(_, gs):
        raise Refusal(f"{name}: {what} have no derivative here ({place}). Compute it from the solution by traced "
                      "functions, or stop it with stop_gradient.")

    def fwd(*leaves):
        return apply_rule(rule, leaves), None

    rule = VJPRule(name, lambda *leaves: [x.copy() for x in leaves[-count:]], fwd, bwd)
    return apply_rule(rule, [*map(number, leaves), *values])


def pull_leaves(fun: Callable, leaves: Sequence, g: Any) -> list:
    """The cotangents of ``leaves``, from that of the output of ``fun(*leaves)``; None is zero."""
    places = [i for i, x in enumerate(leaves) if has_derivative(x)]

    def some(*values):
        full = list(leaves)
        for i, x in zip(places, values):
            full[i] = x
        return [fun(*full)]

    _, (end,), inputs = trace_vjp(some, [leaves[i] for i in places])
    cotangents = map(settle, backward.backward_pass([] if end is None else [(end, g)], inputs))
    return spread(len(leaves), places, list(cotangents))


def solved(problem: Implicit) -> tuple[list, list]:
    """The leaves of the step, and what ``problem.solve`` gives of them, run as one step."""

    def step():
        leaves = problem.leaves
        return leaves, list(run_solver(problem, *leaves))

    problem.remember()
    return problem.closure.attempt(step)
