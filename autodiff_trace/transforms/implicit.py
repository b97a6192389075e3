"""``custom_root``: roots of equations, found by whatever solver, with derivatives by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.pytree import tree_leaves, tree_map
from ..core.tracebacks import border
from ..core.transformed import check_function
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .closures import Closure, sample
from .implicit_problems import Implicit
from .implicit_rules import solution, solved
from .jacobians import jacobian
from .products import vjp
from .raveling import Raveling
from .steps import number

__all__ = ["custom_root"]

MOST_STEPS = 100


@border
def custom_root(
    f: Callable, initial_guess: Any, solve: Callable | None = None, tangent_solve: Callable | None = None,
    **unknown: NoReturn,
) -> Any:
    """The root of ``f``, x with f(x) = 0, with the derivative of the implicit function theorem.

    Arguments:
        f: a function of a number, an array, or a container of them, that returns as many numbers. What it closes over
            may be traced: the root is differentiated with respect to that.
        initial_guess: where to start, like x. The root does not depend on it: its derivative is zero.
        solve: ``solve(f, initial_guess)`` is the root, found by whatever means: it is called on plain values, and
            need not be written with traced functions. None: Newton's method with a line search.
        tangent_solve: ``tangent_solve(g, y)`` is the u with g(u) = y, for a linear function ``g``, the derivative of
            ``f`` at the root or its transpose; written with traced functions. None: the matrix of ``g`` is formed,
            after a few steps of Newton's method that refine the point where the derivative is taken.

    Returns the root, like ``initial_guess``. All modes and orders follow; under ``jit`` the solution is one step of
    the program, under ``vmap`` each element is solved by itself.

    Raises RuntimeError if Newton's method does not converge; TracedValueError where a derivative is asked for at a root
    that has none, as where the Jacobian is singular.

    Source: the signature is that of ``jax.lax.custom_root``.

    >>> from autodiff_trace import grad
    >>> def cube_root(a):
    ...     return custom_root(lambda x: x**3 - a, 1.0)
    >>> round(float(cube_root(8.0)), 12), round(float(grad(cube_root)(8.0)), 12)
    (2.0, 0.083333333333)
    """
    if unknown:
        raise unknown_keyword("custom_root", unknown)
    check_function("custom_root", f, "custom_root(f, initial_guess)")
    problem = Root("custom_root", f, initial_guess, solve, tangent_solve)
    if not problem.closure.traces:
        return problem.plain(initial_guess)
    problem.closure.discover(initial_guess)
    leaves, (x, is_solved) = solved(problem)
    return problem.raveling.unravel(solution(problem, leaves, x, is_solved))


class Root(Implicit):
    """The equations of a root: the unknown is a container."""

    def __init__(self, name: str, f: Callable, guess: Any, solve: Callable | None, tangent_solve: Callable | None):
        super().__init__(name, guess, Closure(f))
        self.f, self.find, self.tangent_solve = f, solve, tangent_solve
        self.raveling = Raveling(tree_map(sample, guess))

    def users_functions(self):
        return [self.f, *[each for each in (self.find, self.tangent_solve) if each is not None]]

    def set_users_functions(self, functions):
        functions = iter(functions)
        self.f = self.closure.fun = next(functions)
        self.find = self.find and next(functions)
        self.tangent_solve = self.tangent_solve and next(functions)

    def plain(self, guess: Any) -> Any:
        guess = tree_map(number, guess)
        if self.find is not None:
            return self.find(self.f, guess)
        return self.raveling.unravel(newton(self.name, self.flat(self.f), self.raveling.ravel(guess)))

    def flat(self, f: Callable) -> Callable:
        """``f`` of a vector."""
        def of_vector(z):
            parts = [anp.reshape(x, (-1,)) for x in tree_leaves(f(self.raveling.unravel(z))) if x is not None]
            found = sum([part.shape[0] for part in parts])
            if found != self.raveling.size:
                raise TypeError(
                    f"{self.name}: {getattr(f, '__name__', 'the function')} returns {found} numbers, but has "
                    f"{self.raveling.size} unknowns ({self.place})."
                )
            return parts[0] if len(parts) == 1 else anp.concatenate(parts)

        return of_vector

    def solve(self, leaves):
        x = self.raveling.ravel(self.plain(self.restore(leaves)[0]))
        return [x, np.bool_(np.isfinite(x).all())]

    def residual(self, leaves, state, z):
        hidden = self.restore(leaves)[1]
        return self.flat(lambda x: self.closure.call(hidden, x))(z)

    def refine(self, leaves, x, is_solved, is_strict=True):
        if self.tangent_solve is None:
            return super().refine(leaves, x, is_solved, is_strict)
        return [x]

    def solve_transposed(self, leaves, state, z, g):
        if self.tangent_solve is None:
            return super().solve_transposed(leaves, state, z, g)
        raveling = self.raveling
        pull = vjp(lambda z: self.residual(leaves, state, z), z)[1]

        def transposed(u):
            return raveling.unravel(pull(raveling.ravel(u))[0])

        return raveling.ravel(self.tangent_solve(transposed, raveling.unravel(g)))


def newton(name: str, f: Callable, x: np.ndarray) -> np.ndarray:
    """Newton's method for a function of a vector, with steps halved until the residual falls."""
    x = np.asarray(x)
    residual = np.asarray(f(x))
    slopes = jacobian(f)
    for _ in range(MOST_STEPS):
        size = np.linalg.norm(residual)
        try:
            step = np.linalg.solve(np.asarray(slopes(x)), -residual)
        except np.linalg.LinAlgError:
            break
        for _ in range(40):
            new = x + step
            new_residual = np.asarray(f(new))
            if np.linalg.norm(new_residual) < size or np.abs(step).max(initial=0) <= 1e-14 * np.abs(x).max(initial=0):
                break
            step = step / 2
        else:
            if size <= 1e-12 * (1 + np.abs(x).max(initial=0)):
                return x
            break
        is_last = np.abs(step).max(initial=0) <= 4e-16**0.75 * (1e-30 + np.abs(new).max(initial=0))
        x, residual = new, new_residual
        if is_last or not residual.any():
            return x
    raise RuntimeError(
        f"{name}: Newton's method does not converge, from this guess it comes to a residual of "
        f"{np.linalg.norm(residual):.1e}. Give another initial_guess, or a solver of your own with solve=."
    )
