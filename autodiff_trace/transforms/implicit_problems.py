"""Implicit problems: what a call of a solver says of its solution, and Newton's method, which refines it.

Knows no rule: of plain numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.recording import is_recording
from ..core.tracer import is_box, running_traces
from ..numpy import linalg
from .closures import Closure
from .jacobians import jacobian

if TYPE_CHECKING:
    from .remembering import Remembered

__all__ = ["Implicit", "Refusal"]

NEWTON_STEPS = 12
SLOW = 0.01
"""A step that is not this much smaller than the last one asks for another matrix."""
SETTLED = 1e-9
"""A step of Newton's method that is this small, relative to the unknowns, was the last."""
MORE_STEPS = 3
"""How many steps that are small beside the largest unknown are made, as long as some are not small beside their own."""
NOISE = 0.9, 1e-5
"""Steps that do not shrink, by this factor, and are this small are the noise of a function in single precision."""
CHANGED = 0.1
"""How much a step may differ, relatively, with the matrix behind it in place of that before it."""
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
        self.closure = closure
        self.slots: list[int] = []
        if not closure.traces:  # a third of the time of a small problem
            self.tree = tree
            return
        self.tree_leaves, self.structure = tree_flatten(tree)
        # What a recorded program computes from plain arrays outside it reads anew in each run.
        types = (np.ndarray,) if is_recording(running_traces()) else ()
        self.slots = [i for i, x in enumerate(self.tree_leaves) if is_box(x) or isinstance(x, types)]

    @property
    def leaves(self) -> list:
        return [*(self.tree_leaves[i] for i in self.slots), *self.closure.hidden]

    @property
    def is_traced(self) -> bool:
        """Whether a trace watches a leaf, or may do so when this is run again (``checkpoint``)."""
        return bool(self.closure.outer) or any(map(is_box, self.leaves))

    def restore(self, leaves: Sequence) -> tuple[Any, Sequence]:
        """The tree with ``leaves`` in their places, and the values of the hidden ones."""
        if not self.closure.traces:
            return self.tree, list(leaves)
        full = list(self.tree_leaves)
        count = len(self.slots)
        for i, x in zip(self.slots, leaves[:count]):
            full[i] = x
        return tree_unflatten(self.structure, full), list(leaves[count:])

    # The user's functions

    remembered: Remembered | None = None

    def users_functions(self) -> list:
        """The user's functions, those that are there, in some order."""
        return [self.closure.fun]

    def set_users_functions(self, functions: list) -> None:
        (self.closure.fun,) = functions

    def remember(self) -> None:
        """From now on the functions may run again when the variables that they read have changed."""
        from .remembering import Remembered  # it takes its time to load, and plain calls do without

        self.remembered = Remembered(self.users_functions(), self.name)

    def recall(self) -> None:
        """Let the functions be those of then."""
        if self.remembered is not None:
            self.set_users_functions(self.remembered.functions_of_then())

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
        is_known = len(known) == len(leaves) and all(map(np.array_equal, known, leaves))
        if is_known and (was_strict == is_strict or was_strict and not isinstance(found, Refusal)):
            return found
        *own, x, is_solved = leaves
        self.recall()
        try:
            found = self.refine(own, np.asarray(x), bool(is_solved), is_strict)
        except Refusal as refusal:
            found = refusal
        # Copies, since programs write into their buffers.
        self.last_refined = list(map(np.array, leaves)), is_strict, found
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
        """Steps of Newton's method until they settle, for small unknowns beside large ones, too."""
        solve, last, more = None, np.inf, MORE_STEPS
        for _ in range(NEWTON_STEPS):
            residual = np.asarray(self.residual(leaves, state, z))
            if not np.isfinite(residual).all():
                raise self.refusal("the equations that it solves are not finite there")
            if solve is None:
                solve = self.linearized(leaves, state, z, is_strict)
            step = -solve(residual)
            z = z + step
            size, scale = np.abs(step).max(initial=0), 1 + np.abs(z).max(initial=0)
            more -= size <= SETTLED * scale
            is_last = not more or np.all(np.abs(step) <= SETTLED * np.abs(z))
            if is_last or NOISE[0] * last <= size <= NOISE[1] * scale:
                if is_strict and size and (size >= SLOW * last or last == np.inf):
                    self.check_simple(leaves, z, state, residual, step, solve)
                return z
            # Near the solution one matrix serves for all steps.
            solve, last = solve if size < SLOW * last else None, size
        raise self.refusal("Newton's method does not settle there; is the function smooth at the solution?")

    def check_simple(
        self, leaves: list, z: np.ndarray, state: list, residual: np.ndarray, step: np.ndarray, solve: Callable
    ) -> None:
        """Raise Refusal where the last step has changed the matrix itself, as at a multiple root, which is approached
        by half the distance in each step; the matrix of a simple one hardly changes."""
        after = solve(np.asarray(self.residual(leaves, state, z)))
        if np.abs(after).max() < SLOW * np.abs(step).max():
            return  # in one evaluation: the residual has fallen as it does at a simple root
        again = -self.linearized(leaves, state, z, True)(residual)
        if not np.abs(again - step).max() <= CHANGED * np.abs(step).max():
            raise self.refusal("the equations have more than one solution there (a multiple root)")


def invert(matrix: np.ndarray) -> np.ndarray | None:
    """The inverse of an equilibrated matrix; None where it is singular."""
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    size = np.linalg.norm(matrix, 1) * np.linalg.norm(inverse, 1) if matrix.size else 1.0
    return inverse if size < 1 / SINGULAR else None
