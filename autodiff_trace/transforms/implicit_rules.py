"""Implicit rules: the derivative of a solution, whatever has found it, from the equations that it solves.

Where F(z, θ) = 0, the cotangent g of z is that of the leaves θ by the implicit function theorem:

    (∂F/∂z)ᵀ v = g,   θ̄ = −(∂F/∂θ)ᵀ v

A solver stops near the solution, and the derivative there is wrong by as much, as is what is computed from it. So a
solution that is differentiated is refined by a few steps of Newton's method; others stay the solver's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.backward import backward_pass
from ..core.errors import TracedValueError, caller_line
from ..core.primitives import nondifferentiable
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.recording import is_recording
from ..core.reverse import trace_vjp
from ..core.selections import settle
from ..core.tracer import is_box, running_traces
from ..numpy import linalg
from ..numpy import wrapped as anp
from .closures import Closure
from .custom_rules import VJPRule, apply_rule, spread
from .jacobians import jacobian
from .steps import has_derivative, number

__all__ = ["Implicit", "Refusal", "confirm", "pull_leaves", "refined", "refused", "run_solver", "solution", "solved"]

NEWTON_STEPS = 12
SLOW = 0.01
"""A step that is not this much smaller than the last one asks for another matrix."""
SETTLED = 1e-9
"""A step of Newton's method that is this small, relative to the unknowns, was the last."""
STATIONARY = 1e-6
"""A residual of the equations that counts as zero, relative to their matrix times the unknowns."""
FAR = 0.05
"""A solution from which Newton's method goes farther than this, relative to the unknowns, is none."""
SINGULAR = 1e-13
"""Reciprocal condition of an equilibrated matrix below which it counts as singular."""


class Refusal(TracedValueError):
    """The derivative of a solution that is none, or that has no derivative."""


class Implicit:
    """One call of a solver. A subclass says what it computes and which equations hold at the solution.

    Attributes:
        name: the solver, for messages; ``place``: the user's line.
        tree: what the solver takes besides functions; its traced leaves, and the traced values that the functions read
            from around them (``closure``), are the leaves of the step.
    """

    def __init__(self, name: str, tree: Any, closure: Closure) -> None:
        self.name = name
        self.place = caller_line()
        self.tree_leaves, self.structure = tree_flatten(tree)
        # What a recorded program computes from plain arrays outside it reads anew in each run.
        types = (np.ndarray,) if is_recording(running_traces()) else ()
        self.slots = [i for i, x in enumerate(self.tree_leaves) if is_box(x) or isinstance(x, types)]
        self.closure = closure

    @property
    def leaves(self) -> list:
        return [*(self.tree_leaves[i] for i in self.slots), *self.closure.hidden]

    @property
    def is_traced(self) -> bool:
        """Whether a trace watches a leaf, or may do so when this is run again (``checkpoint``)."""
        return bool(self.closure.outer) or any(map(is_box, self.leaves))

    def restore(self, leaves: Sequence) -> tuple[Any, Sequence]:
        """The tree with ``leaves`` in their places, and the values of the hidden ones."""
        full = list(self.tree_leaves)
        count = len(self.slots)
        for i, x in zip(self.slots, leaves[:count]):
            full[i] = x
        return tree_unflatten(self.structure, full), list(leaves[count:])

    # What subclasses say

    def solve(self, leaves: list) -> list:
        """From plain leaves: the solution as a vector, whether it is one, and what else the solver tells."""
        raise NotImplementedError

    def start(self, leaves: list, x: np.ndarray) -> tuple[np.ndarray, list]:
        """From plain leaves and the solution: all unknowns of the equations as a vector that starts with the solution,
        and what else the equations need (which constraints are active)."""
        return x, []

    def check(self, leaves: list, z: np.ndarray, state: list) -> None:
        """Raise Refusal where the plain solution ``z`` of the equations has no derivative after all."""

    def residual(self, leaves: Sequence, state: Sequence, z: Any) -> Any:
        """F, a vector as long as ``z``, by traced functions."""
        raise NotImplementedError

    def solve_transposed(self, leaves: Sequence, state: Sequence, z: Any, g: Any) -> Any:
        """v, by traced functions."""
        matrix = jacobian(lambda z: self.residual(leaves, state, z))(z)
        return linalg.solve(matrix.T, g)

    def linearized(self, leaves: list, state: list, z: np.ndarray, is_strict: bool) -> Callable:
        """The inverse of the Jacobian at plain ``z``, as a function. Raises Refusal if it is singular, unless not
        ``is_strict``: then the function gives the smallest solution."""
        matrix = np.asarray(jacobian(lambda z: self.residual(leaves, state, z))(z))
        if not np.isfinite(matrix).all():
            raise self.refusal("the slopes of the equations that it solves are not finite there")
        # Unknowns and equations have scales of their own.
        rows = np.abs(matrix).max(axis=1, initial=0)
        rows[rows == 0] = 1
        scaled = matrix / rows[:, None]
        columns = np.abs(scaled).max(axis=0, initial=0)
        columns[columns == 0] = 1
        scaled = scaled / columns
        if not is_strict:
            return lambda residual: np.linalg.lstsq(scaled, residual / rows, rcond=1e-11)[0] / columns
        inverse = invert(scaled)
        if inverse is None:
            raise self.refusal(
                "its matrix of second derivatives (the Jacobian of the equations) is singular there, so that the "
                "solution is not unique or does not move smoothly"
            )
        return lambda residual: inverse @ (residual / rows) / columns

    def refusal(self, reason: str) -> Refusal:
        return Refusal(f"{self.name}: the solution has no derivative ({self.place}): {reason}.")

    def blank(self, leaves: list, x: np.ndarray) -> list:
        """Unknowns and state of the right shapes, where they cannot be refined."""
        return [x]

    # Newton's method

    last_refined: tuple[Sequence, bool, Any] = (), True, None
    """What was refined last, whether strictly, and what came of it."""

    def refine_once(self, leaves: Sequence, is_strict: bool) -> list | Refusal:
        """What :meth:`refine` gives or raises, of the leaves, the solution and whether it is one; asked again at once
        for the same it is remembered."""
        known, was_strict, found = self.last_refined
        is_known = len(known) == len(leaves) and all(map(operator.is_, known, leaves))
        if is_known and (was_strict == is_strict or was_strict and not isinstance(found, Refusal)):
            return found
        *own, x, is_solved = leaves
        try:
            found = self.refine(own, np.asarray(x), bool(is_solved), is_strict)
        except Refusal as refusal:
            found = refusal
        self.last_refined = leaves, is_strict, found
        return found

    def refine(self, leaves: list, x: np.ndarray, is_solved: bool, is_strict: bool = True) -> list:
        """The unknowns, refined, and the state of the equations."""
        if not is_solved:
            raise self.refusal("the solver has not converged; look at success and message of its result")
        z, state = self.start(leaves, x)
        refined = self.newton(leaves, z, state, is_strict)
        moved = np.abs(refined - z)[: x.size].max(initial=0)
        if not moved <= FAR * (1 + np.abs(x).max(initial=0)) and is_strict:
            raise self.refusal(
                f"it is not accurate, Newton's method leads {moved:.1e} away from it; ask for a smaller tolerance"
            )
        if not is_strict:
            self.check_stationary(leaves, refined, state)
        self.check(leaves, refined, state)
        return [refined, *state]

    def check_stationary(self, leaves: list, z: np.ndarray, state: list) -> None:
        """Steps may end where the matrix is singular, and the equations do not hold."""
        residual = np.asarray(self.residual(leaves, state, z))
        matrix = np.asarray(jacobian(lambda z: self.residual(leaves, state, z))(z))
        scale = np.abs(matrix).max(initial=0) * (1 + np.abs(z).max(initial=0))
        if np.abs(residual).max(initial=0) > STATIONARY * scale:
            raise self.refusal("the equations do not hold there; is the function smooth at the solution?")

    def newton(self, leaves: list, z: np.ndarray, state: list, is_strict: bool) -> np.ndarray:
        """Steps of Newton's method until they settle."""
        solve, last = None, np.inf
        for _ in range(NEWTON_STEPS):
            residual = np.asarray(self.residual(leaves, state, z))
            if not np.isfinite(residual).all():
                raise self.refusal("the equations that it solves are not finite there")
            if solve is None:
                solve = self.linearized(leaves, state, z, is_strict)
            step = -solve(residual)
            z = z + step
            size = np.abs(step).max(initial=0)
            if size <= SETTLED * (1 + np.abs(z).max(initial=0)):
                return z
            # Near the solution one matrix serves for all steps.
            solve, last = solve if size < SLOW * last else None, size
        raise self.refusal("Newton's method does not settle there; is the function smooth at the solution?")


def invert(matrix: np.ndarray) -> np.ndarray | None:
    """The inverse of an equilibrated matrix; None where it is singular."""
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    size = np.linalg.norm(matrix, 1) * np.linalg.norm(inverse, 1) if matrix.size else 1.0
    return inverse if size < 1 / SINGULAR else None


@nondifferentiable
def run_solver(problem: Implicit, *leaves: Any) -> tuple:
    """The solver as a primitive: derivatives skip it, batches call it for each element, programs have it as a step."""
    return tuple(problem.closure.run(leaves[len(problem.slots) :], problem.solve, list(leaves)))


@nondifferentiable
def refine_solution(problem: Implicit, is_strict: bool, *leaves: Any) -> tuple:
    """The refined unknowns, the state of the equations, and whether they could be refined: else as they were."""
    found = problem.refine_once(leaves, is_strict)
    if not isinstance(found, Refusal):
        return *found, np.True_
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
    cotangents = map(settle, backward_pass([] if end is None else [(end, g)], inputs))
    return spread(len(leaves), places, list(cotangents))


def solved(problem: Implicit) -> tuple[list, list]:
    """The leaves of the step, and what ``problem.solve`` gives of them, run as one step."""

    def step():
        leaves = problem.leaves
        return leaves, list(run_solver(problem, *leaves))

    return problem.closure.attempt(step)
