"""Fixed points of iterations, with the derivative of the implicit function theorem.

Of x = f(a)(x) the tangent is the fixed point of u ↦ (∂f/∂x) u + (∂f/∂a) t, and the cotangent of a is (∂f/∂a)ᵀ u for
that of u ↦ (∂f/∂x)ᵀ u + g. These are found by the same iteration, so that derivatives of any order follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.pytree import tree_leaves, tree_map
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...transforms.implicit import custom_root
from ..core import defjvp, defvjp, make_jvp, make_vjp, primitive

__all__ = ["fixed_point", "fixed_point_vjp"]


def fixed_point(f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Any:
    """The x with ``f(a)(x) = x``, by iteration from ``x0`` until two have a ``distance`` of at most ``tol``.

    It has derivatives in ``a``, of any order, and in what ``f`` closes over, and none in ``x0``.

    >>> from autodiff_trace import grad
    >>> def root(a):  # by Newton's method
    ...     return fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12)
    >>> round(float(root(4.0)), 12), round(float(grad(root)(4.0)), 12)
    (2.0, 0.25)
    """
    try:
        return iterated(f, a, x0, distance, tol)
    except TracedClosure:
        return fixed_point_of_closure(f, a, x0, distance, tol)


class TracedClosure(Exception):
    """The function of an iteration closes over a traced value."""


@primitive
def iterated(f, a, x0, distance, tol):
    step = f(a)
    x, previous = step(x0), x0
    if any(map(is_box, tree_leaves(x))):
        raise TracedClosure
    while distance(x, previous) > tol:
        x, previous = step(x), x
    return x


def affine_fixed_point(linear: Callable, a: Any, x: Any, constant: Any, distance: Callable, tol: float) -> Any:
    """The fixed point of u ↦ ``linear(a, x)(u) + constant``."""

    def step_of(params):
        a, x, constant = params
        apply = linear(a, x)
        return lambda u: tree_map(anp.add, apply(u), constant)

    return fixed_point(step_of, (a, x, constant), tree_map(anp.zeros_like, constant), distance, tol)


def fixed_point_vjp(ans: Any, f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Callable:
    """The rule of ``fixed_point`` in ``a``."""
    pull_a = make_vjp(lambda a: f(a)(ans), a)[0]
    return lambda g: pull_a(affine_fixed_point(lambda a, x: make_vjp(f(a), x)[0], a, ans, g, distance, tol))


def fixed_point_jvp(t: Any, ans: Any, f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Any:
    """The rule of ``fixed_point`` in ``a``, of forward mode."""

    def linear(a, x):
        push_x = make_jvp(f(a), x)
        return lambda u: push_x(u)[1]

    pushed = make_jvp(lambda a: f(a)(ans), a)(t)[1]
    return affine_fixed_point(linear, a, ans, pushed, distance, tol)


defvjp(iterated, None, fixed_point_vjp, None)
defjvp(iterated, None, fixed_point_jvp, None)


def fixed_point_of_closure(f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Any:
    """The same where ``f`` closes over traced values, which are looked for."""

    def residual(x):
        return tree_map(anp.subtract, f(a)(x), x)

    # (Jᵀ − 1) u = y is the fixed point of u ↦ Jᵀ u − y.
    def solve_linear(g, y):
        def step_of(y):
            return lambda u: tree_map(lambda gu, u, y: gu + u - y, g(u), u, y)

        return fixed_point(step_of, y, tree_map(anp.zeros_like, y), distance, tol)

    return custom_root(residual, x0, lambda _, x: iterated(f, a, x, distance, tol), solve_linear)
