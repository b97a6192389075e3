"""``custom_linear_solve``: solutions of linear systems, found by whatever solver, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.pytree import tree_map
from ..core.tracebacks import border
from ..core.transformed import check_function
from ..core.unknown_names import unknown_keyword
from ..numpy import linalg
from ..numpy import wrapped as anp
from .closures import Closure, sample
from .custom_rules import VJPRule, apply_rule
from .implicit_problems import Implicit
from .implicit_rules import pull_leaves, run_solver
from .jacobians import jacobian
from .products import vjp
from .raveling import Raveling
from .steps import number

__all__ = ["custom_linear_solve"]


@border
def custom_linear_solve(
    matvec: Callable, b: Any, solve: Callable | None = None, transpose_solve: Callable | None = None,
    symmetric: bool = False,
    **unknown: NoReturn,
) -> Any:
    """The solution of a linear system, x with matvec(x) = b, with its derivative in ``b`` and in what ``matvec`` reads.

    Arguments:
        matvec: a linear function of arrays or containers like ``b``, that returns such. It may close over traced
            values.
        b: the right-hand side: a number, an array, or a container of them.
        solve: ``solve(matvec, b)`` is the solution, found by whatever means: it is called on plain values. None: the
            matrix is formed.
        transpose_solve: ``transpose_solve(vecmat, b)`` the same of the transposed function, for derivatives; it is not
            needed where no derivative is asked for, where the system is ``symmetric``, and without ``solve``.
        symmetric: ``matvec`` is its own transpose, so that ``solve`` solves both.

    Returns x, like ``b``. All modes and orders follow; under ``jit`` the solution is one step of the program.

    Raises TypeError where a derivative needs the solution of the transposed system, and ``transpose_solve`` is missing.

    Source: the signature is that of ``jax.lax.custom_linear_solve``.

    >>> from autodiff_trace import grad
    >>> float(grad(lambda a: custom_linear_solve(lambda x: a * x, 3.0))(2.0))
    -0.75
    """
    if unknown:
        raise unknown_keyword("custom_linear_solve", unknown)
    check_function("custom_linear_solve", matvec, "custom_linear_solve(matvec, b)")
    transposed = solve if symmetric else transpose_solve
    system = LinearSystem(matvec, b, solve, transposed, symmetric)
    if not system.closure.traces:
        return system.plain(matvec, b)
    system.closure.discover(b)
    system.remember()
    return system.closure.attempt(lambda: system.raveling.unravel(system.result([*system.leaves])))


class LinearSystem(Implicit):
    """Solutions of a linear system: the leaves of ``b`` are part of the tree."""

    def __init__(self, matvec, b, solve, transpose_solve, is_symmetric):
        super().__init__("custom_linear_solve", b, Closure(matvec))
        self.matvec, self.find, self.find_transposed = matvec, solve, transpose_solve
        self.raveling = Raveling(tree_map(sample, b))
        self.is_symmetric = is_symmetric

    def users_functions(self):
        return [self.closure.fun, *[each for each in (self.find, self.find_transposed) if each is not None]]

    def set_users_functions(self, functions):
        functions = iter(functions)
        self.closure.fun = next(functions)
        self.find = self.find and next(functions)
        self.find_transposed = self.find_transposed and next(functions)

    def plain(self, matvec: Callable, b: Any) -> Any:
        return self.unraveled_solution(matvec, tree_map(number, b), self.find)

    def unraveled_solution(self, matvec: Callable, b: Any, find: Callable | None) -> Any:
        raveling = self.raveling
        if find is not None:
            return find(matvec, b)
        zeros = np.zeros(raveling.size, raveling.dtype)
        matrix = jacobian(lambda x: raveling.ravel(matvec(raveling.unravel(x))))(zeros)
        return raveling.unravel(linalg.solve(matrix, raveling.ravel(b)))

    def apply(self, hidden: Sequence, x: Any, transposed: bool) -> Any:
        """A x or Aᵀ x, of vectors, by traced functions."""
        raveling = self.raveling

        def forward(x):
            return raveling.ravel(self.closure.call(hidden, raveling.unravel(x)))

        return vjp(forward, anp.zeros_like(x))[1](x)[0] if transposed and not self.is_symmetric else forward(x)

    def result(self, leaves: list) -> Any:
        b, hidden = self.restore(leaves)
        return self.solution(hidden, self.raveling.ravel(b), False)

    def solution(self, hidden: Sequence, b: Any, transposed: bool) -> Any:
        """The solution of the system or of the transposed one, as one step of the hidden values and the vector b."""
        step = Solve(self, transposed)

        def fwd(*leaves):
            outputs = apply_rule(rule, leaves)
            return outputs, (list(leaves[:-1]), outputs[0])

        def bwd(residuals, gs):
            hidden, x = residuals
            self.recall()
            v = self.solution(hidden, gs[0], not transposed)
            return [*pull_leaves(lambda *hidden: self.apply(hidden, x, transposed), hidden, -v), v]

        rule = VJPRule(self.name, lambda *leaves: list(run_solver(step, *leaves)), fwd, bwd)
        return apply_rule(rule, [*map(number, hidden), b])[0]


class Solve:
    """One direction of a linear system, as a problem for ``run_solver``."""

    slots = ()

    def __init__(self, system: LinearSystem, transposed: bool) -> None:
        self.system, self.transposed, self.closure = system, transposed, Unsubstituted

    def recall(self) -> None:
        self.system.recall()

    def solve(self, leaves: list) -> list:
        *hidden, b = leaves
        system, raveling = self.system, self.system.raveling
        find = system.find_transposed if self.transposed else system.find
        if self.transposed and find is None and system.find is not None:
            raise TypeError(
                f"custom_linear_solve: the derivative needs the solution of the transposed system ({system.place}). "
                "Give transpose_solve=, or say symmetric=True."
            )

        def matvec(x):
            return raveling.unravel(system.apply(hidden, raveling.ravel(x), self.transposed))

        return [raveling.ravel(system.unraveled_solution(matvec, raveling.unravel(b), find))]


class Unsubstituted:
    """Stands for a closure where the functions see to their hidden values by themselves."""

    @staticmethod
    def run(values: Sequence, thunk: Callable, *args: Any) -> Any:
        return thunk(*args)
