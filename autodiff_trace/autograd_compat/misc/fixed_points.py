"""Fixed points of iterations, with the derivative of the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.pytree import tree_map
from ...core.tracer import running_traces
from ...numpy import wrapped as anp
from ...transforms.implicit import custom_root
from ..pullbacks import pullback

__all__ = ["fixed_point", "fixed_point_vjp"]


def fixed_point(f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Any:
    """The x with ``f(a)(x) = x``, by iteration from ``x0`` until two have a ``distance`` of at most ``tol``.

    It has derivatives in ``a``, of any order, and in what ``f`` closes over, and none in ``x0``. A derivative is the
    fixed point of an iteration too, of the transposed derivative of ``f(a)``, and is found in the same way.

    >>> from autodiff_trace import grad
    >>> def root(a):  # by Newton's method
    ...     return fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12)
    >>> round(float(root(4.0)), 12), round(float(grad(root)(4.0)), 12)
    (2.0, 0.25)
    """

    def iterate(_, x):
        step = f(a)
        x, previous = step(x), x
        while distance(x, previous) > tol:
            x, previous = step(x), x
        return x

    if not running_traces():
        return iterate(None, x0)

    def residual(x):
        return tree_map(anp.subtract, f(a)(x), x)

    # (Jᵀ − 1) u = y is the fixed point of u ← Jᵀ u − y.
    def solve_linear(g, y):
        def step_of(y):
            return lambda u: tree_map(lambda gu, u, y: gu + u - y, g(u), u, y)

        return fixed_point(step_of, y, tree_map(anp.zeros_like, y), distance, tol)

    return custom_root(residual, x0, iterate, solve_linear)


def fixed_point_vjp(ans: Any, f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Callable:
    """The rule of ``fixed_point`` in ``a``."""
    return pullback(fixed_point, 1, f, a, x0, distance, tol)
