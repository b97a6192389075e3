"""L-BFGS: quasi-Newton steps from a short history of steps and of changes of the gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..core.errors import caller_line
from ..core.tracebacks import border
from ..core.tracer import is_box
from ..core.tree_paths import path_text
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..transforms.border import to_input
from ..transforms.gradient import value_and_grad
from ..transforms.raveling import Raveling
from .hyperparameters import count_of_steps
from .leaves import conjugate_of, flat_gradients
from .line_search import Point, strong_wolfe
from .stepping import Optimizer

__all__ = ["LBFGSState", "Objective", "lbfgs", "quasi_newton_step"]


class LBFGSState(NamedTuple):
    """The number of steps so far, and the last steps with the changes of the gradient along them, as vectors."""

    count: int
    steps: tuple
    changes: tuple


class Objective:
    """A function of a container as one of a vector, with its gradient, the direction of steepest ascent; and how often
    it was evaluated."""

    def __init__(self, name: str, fun: Callable, params: Any) -> None:
        self.name, self.fun = name, fun
        self.with_gradient = value_and_grad(fun)
        self.raveling = Raveling(params)
        self.evaluations = 0

    def __call__(self, vector: Any) -> tuple[Any, Any]:
        self.evaluations += 1
        value, gradient = self.with_gradient(self.raveling.unravel(vector))
        return check_value(self.name, value), self.ravel_gradient(gradient)

    def ravel_gradient(self, gradient: Any) -> Any:
        return conjugate_of(self.raveling.ravel(gradient))


def check_value(name: str, value: Any) -> Any:
    if np.shape(value) != () or getattr(value, "dtype", np.dtype(float)).kind == "c":
        what = f"an array of shape {np.shape(value)}" if np.shape(value) else "a complex number"
        raise TypeError(f"{name}: the function returns {what}, not one real number ({caller_line()}).")
    return value


def quasi_newton_step(
    objective: Callable, state: LBFGSState, vector: Any, value: Any, gradient: Any, history: int, limit: int
) -> tuple[Point | None, LBFGSState]:
    """The point that a step reaches, and the next state; None where no lower value is found."""
    rounding = 10 * float(np.finfo(vector.dtype).eps)
    direction = -descent_of(state, gradient)
    slope = dot(gradient, direction)
    if not slope < 0:  # the history has become useless
        state = LBFGSState(state.count, (), ())
        direction, slope = -gradient, -dot(gradient, gradient)

    def at(step):
        there = vector + as_step(step, vector) * direction
        found, uphill = objective(there)
        return Point(step, found, dot(uphill, direction), there, uphill)

    first = 1.0 if state.steps else first_step(gradient)
    point = strong_wolfe(at, Point(0.0, value, slope, vector, gradient), first, limit, rounding)
    if point is None:
        return None, LBFGSState(state.count, (), ())
    step, change = point.params - vector, point.gradient - gradient
    steps, changes = state.steps, state.changes
    if dot(step, change) > rounding * dot(change, change) ** 0.5 * dot(step, step) ** 0.5:
        steps, changes = (*steps, step)[-history:], (*changes, change)[-history:]
    return point, LBFGSState(state.count + 1, steps, changes)


def descent_of(state: LBFGSState, gradient: Any) -> Any:
    """The gradient times the inverse of the Hessian as the history has it (Nocedal and Wright, algorithm 7.4)."""
    q, parts = gradient, []
    for step, change in zip(reversed(state.steps), reversed(state.changes)):
        curvature = dot(step, change)
        part = dot(step, q) / curvature
        parts.append((step, change, curvature, part))
        q = q - as_step(part, q) * change
    if parts:
        _, change, curvature, _ = parts[0]
        q = as_step(curvature / dot(change, change), q) * q
    for step, change, curvature, part in reversed(parts):
        q = q + as_step(part - dot(change, q) / curvature, q) * step
    return q


def dot(a: Any, b: Any) -> Any:
    """The inner product of vectors; of complex ones that of their real and imaginary parts."""
    return anp.real(anp.vdot(a, b))


def as_step(x: Any, like: Any) -> Any:
    """A real number in the precision of ``like``."""
    return x if is_box(x) else np.asarray(x, like.real.dtype)[()]


def first_step(gradient: Any) -> Any:
    """A step of length 1 at most, where nothing is known of the curvature."""
    length = anp.sum(anp.abs(gradient))
    return 1.0 / length if length > 1.0 else 1.0


@dataclass(frozen=True)
class LBFGSInit:
    @border
    def __call__(self, params: Any) -> LBFGSState:
        return LBFGSState(0, (), ())


@dataclass(frozen=True)
class LBFGSStep:
    fun: Callable
    history: int
    limit: int

    @border
    def __call__(self, grads: Any, state: Any, params: Any) -> tuple[Any, LBFGSState]:
        if type(state) is not LBFGSState:
            raise TypeError(
                f"lbfgs: the state is a {type(state).__name__}, but has to be LBFGSState, what init(params) gave. The "
                "order is update(grads, state, params).")
        leaves, weights, structure = flat_gradients("lbfgs", grads, params)
        for i, (g, p) in enumerate(zip(leaves, weights)):
            if g is None and to_input(p) is not None:
                raise ValueError(f"lbfgs: the gradient{path_text(structure, i)} is None, the parameter a number.")
        objective = Objective("lbfgs", self.fun, params)
        vector, gradient = objective.raveling.ravel(params), objective.ravel_gradient(grads)
        if state.steps and state.steps[0].shape != vector.shape:
            raise ValueError(
                f"lbfgs: the state is one of other parameters, {state.steps[0].size} numbers instead of {vector.size}. "
                "Begin with state = init(params).")
        value = check_value("lbfgs", self.fun(params))
        if not dot(gradient, gradient) > 0:
            return params, state
        step = functools.partial(quasi_newton_step, objective, vector=vector, value=value, gradient=gradient,
                                 history=self.history, limit=self.limit)
        point, new = step(state)
        if point is None and state.steps:
            point, new = step(new)
        return params if point is None else objective.raveling.unravel(point.params), new


@border
def lbfgs(fun: Callable, history: int = 10, limit: int = 25, **unknown: NoReturn) -> Optimizer:
    """L-BFGS with a line search, step by step; :func:`minimize` takes all steps.

    Arguments:
        fun: the function that is minimised, of the parameters: the line search evaluates it, with its gradient.
        history: how many of the last steps are kept.
        limit: evaluations at most in a step.

    A step in which no lower value is found changes nothing but the state, which forgets its history.

    Source: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.

    >>> from autodiff_trace import grad, optim, numpy as anp
    >>> f = lambda p: anp.sum((p - 3.0) ** 2)
    >>> optimizer = optim.lbfgs(f)
    >>> p = np.zeros(2)
    >>> state = optimizer.init(p)
    >>> for _ in range(3):
    ...     p, state = optimizer.update(grad(f)(p), state, p)
    >>> p.round(6)
    array([3., 3.])
    """
    if unknown:
        raise unknown_keyword("lbfgs", unknown)
    if not callable(fun):
        raise TypeError(f"lbfgs: the function that is minimised comes first, lbfgs(f), got {fun!r}.")
    return Optimizer(LBFGSInit(), LBFGSStep(
        fun, count_of_steps("lbfgs", "history", history, 1), count_of_steps("lbfgs", "limit", limit, 1)))
