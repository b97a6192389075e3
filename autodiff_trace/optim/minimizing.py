"""``minimize``: L-BFGS until the gradient is small, and the derivative of the minimum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..core.pytree import tree_leaves, tree_map
from ..core.tracebacks import border
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..transforms.border import to_input
from ..transforms.gradient import grad, value_and_grad
from ..transforms.implicit import Root
from ..transforms.implicit_rules import solution, solved
from .hyperparameters import count_of_steps, not_negative
from .quasi_newton import LBFGSState, Objective, quasi_newton_step

__all__ = ["Minimum", "minimize"]

LIMIT = 25
"""Evaluations at most along a line."""

STALLED = 10
"""So many steps one after the other that lower neither the value, by more than rounding, nor the gradient end it."""


class Minimum(NamedTuple):
    """What :func:`minimize` found: parameters, with value and gradient there.

    ``nit`` steps and ``nfev`` evaluations were made (None within a transformation); ``success`` says whether the
    gradient is as small as wanted, ``message`` why the search has ended.

    >>> from autodiff_trace import optim
    >>> optim.minimize(lambda x: x**2, 3.0).message
    'the gradient is small'
    """

    x: Any
    fun: Any
    jac: Any
    nit: int | None
    nfev: int | None
    success: bool
    message: str


@border
def minimize(
    fun: Callable, params: Any, *, maxiter: int = 1000, tol: float = 1e-6, history: int = 10, **unknown: NoReturn
) -> Minimum:
    """A minimum of ``fun``, found by L-BFGS with a line search for the strong Wolfe conditions.

    Arguments:
        fun: a smooth function of the parameters that returns a number. It is evaluated with its gradient; a function
            that is called often may be compiled: ``minimize(jit(fun), params)``.
        params: where to begin: a number, an array, or a container of them. It is not changed.
        maxiter: steps at most.
        tol: how small no element of the gradient may be larger than.
        history: how many of the last steps are kept.

    Returns ``(x, fun, jac, nit, nfev, success, message)`` as a named tuple, with ``x`` and ``jac`` like ``params``.

    The minimum can be differentiated in what ``fun`` closes over, by the implicit function theorem, and ``params`` has
    derivative zero; it is one step under ``jit``, and under ``vmap`` each example has a search of its own. There,
    ``success`` is computed from the gradient, and RuntimeError is raised where ``maxiter`` steps are no minimum yet.

    Source: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.

    >>> from autodiff_trace import grad, optim, numpy as anp
    >>> result = optim.minimize(lambda p: (p["a"] - 1.0) ** 2 + anp.sum((p["b"] - p["a"]) ** 4), {"a": 0.0, "b": 3.0})
    >>> result.success, round(float(result.x["a"]), 3)
    (True, 1.0)
    >>> slope = grad(lambda c: optim.minimize(lambda x: (x - c) ** 2 + x**4, 1.0).x)(3.0)
    >>> round(float(slope), 6)
    0.142857
    """
    if unknown:
        raise unknown_keyword("minimize", unknown)
    if not callable(fun):
        raise TypeError(f"minimize: the function comes first, minimize(f, params), got {fun!r}.")
    search = Search(
        fun, count_of_steps("minimize", "maxiter", maxiter, 1), not_negative("minimize", "tol", tol),
        count_of_steps("minimize", "history", history, 1))
    problem = Root("minimize", grad(fun), params, search.root, None)
    if not problem.closure.traces:
        return search(params)
    if any(getattr(leaf, "dtype", np.dtype(type(leaf) if type(leaf) is complex else float)).kind == "c"
           for leaf in tree_leaves(params)):
        raise TypeError(
            "minimize: the parameters are complex, and within a transformation that is not there; minimise over the "
            "real and imaginary parts.")
    problem.closure.discover(params)
    leaves, (x, is_solved) = solved(problem)
    x = problem.raveling.unravel(solution(problem, leaves, x, is_solved))
    value, jac = value_and_grad(fun)(x)  # which may write into its argument
    return Minimum(x, value, jac, None, None, is_small(jac, search.tol), "success says whether the gradient is small")


def is_small(jac: Any, tol: Any) -> Any:
    answer: Any = True
    for g in tree_leaves(jac):
        if g is not None:
            answer = anp.logical_and(answer, anp.all(anp.abs(g) <= tol))
    return answer


@dataclass(frozen=True)
class Search:
    fun: Callable
    maxiter: int
    tol: float
    history: int

    def root(self, gradient: Callable, params: Any) -> Any:
        """The minimum as the root of the gradient."""
        found = self(params)
        if not found.success and found.nit >= self.maxiter:
            raise RuntimeError(
                f"minimize: {found.message}, and the largest element of the gradient is "
                f"{max([float(np.max(np.abs(g), initial=0.0)) for g in tree_leaves(found.jac) if g is not None]):.1e}, "
                f"not {self.tol:.1e}: that is no minimum yet. Raise maxiter or tol.")
        return found.x

    def __call__(self, params: Any) -> Minimum:
        objective = Objective("minimize", self.fun, params)
        raveling = objective.raveling
        vector, state = raveling.ravel(params).copy(), LBFGSState(0, (), ())
        value, gradient = objective(vector)
        if not math.isfinite(value):
            raise ValueError(f"minimize: the function is {value} at the parameters to begin with.")
        rounding, stalled, smallest = 10 * float(np.finfo(vector.dtype).eps), 0, math.inf
        success, message = False, f"maxiter={self.maxiter} steps have been made"
        while True:
            largest = float(np.max(np.abs(gradient), initial=0.0))
            if largest <= self.tol:
                success, message = True, "the gradient is small"
                break
            if state.count >= self.maxiter:
                break
            point, new = quasi_newton_step(objective, state, vector, value, gradient, self.history, LIMIT)
            if point is None and state.steps:
                state = new
                continue
            is_level = point is not None and abs(point.value - value) <= rounding * abs(value)
            stalled = stalled + 1 if is_level and largest > 0.9 * smallest else 0
            smallest = min(smallest, largest)
            if point is not None:
                vector, value, gradient, state = point.params, point.value, point.gradient, new
            if point is None or stalled >= STALLED:
                message = f"no lower value is found, where the largest element of the gradient is {largest:.1e}"
                break
        jac = tree_map(lambda p, g: None if to_input(p) is None else g, params,
                       raveling.unravel(gradient.conj() if gradient.dtype.kind == "c" else gradient))
        return Minimum(
            raveling.unravel(vector), value, jac, state.count, objective.evaluations, success, message)
