"""Linear problems: ``linprog``, ``nnls``, ``lsq_linear``, differentiable in their data at regular solutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.tracebacks import border
from ...numpy import linalg
from ...numpy import wrapped as anp
from .optimality import Optimum, minimal_value
from .unknowns import Unknowns, bounds_as_arrays, ends_of

__all__ = ["linprog", "lsq_linear", "nnls"]


class Linear(Optimum):
    """A problem without functions of the user: the tree has matrices and vectors, the bounds last."""

    scipy_run: Callable

    def __init__(self, name: str, tree: tuple, size: int) -> None:
        self.size = size
        super().__init__(name, tree, [])

    def examples(self, tree):
        return ()

    def bounds(self, leaves):
        return self.restore(leaves)[0][-1]

    def run(self, tree, hidden=()):
        return self.scipy_run(*tree)


class LinearLeastSquares(Linear):
    """½ |A x − b|² is minimal."""

    def objective(self, leaves, x):
        matrix, b, _ = self.restore(leaves)[0]
        return 0.5 * anp.sum((matrix @ x - b) ** 2)


class LinearProgram(Linear):
    """cᵀ x is minimal. At a vertex of as many active constraints as unknowns they alone determine x."""

    def objective(self, leaves, x):
        return self.restore(leaves)[0][0] @ x

    def rows(self, leaves):
        _, a_ub, b_ub, a_eq, b_eq, _ = self.restore(leaves)[0]
        given = [(a, anp.reshape(b, (-1,)), kind) for a, b, kind in ((a_ub, b_ub, -np.inf), (a_eq, b_eq, 0.0))
                 if a is not None]
        if not given:
            return None
        upper = anp.concatenate([b for _, b, _ in given])
        lower = anp.concatenate([b + kind for _, b, kind in given])
        return lambda x: anp.concatenate([a @ x for a, _, _ in given]), lower, upper


@border
def linprog(
    c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None, bounds: Any = (0, None),
    method: str = "highs", callback: Callable | None = None, options: dict | None = None, x0: Any = None,
    integrality: Any = None,
) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.linprog``, whose ``x``, ``fun``, ``slack`` and ``con`` can be differentiated in all its data.

    Arguments are SciPy's. At a vertex in which as many constraints meet as there are unknowns, and each is needed, the
    solution moves smoothly with the constraints, and does not with ``c``; where others meet, or the solution is not
    unique, its derivative refuses. That of ``fun`` is given by the multipliers.

    >>> import numpy as np
    >>> from autodiff_trace import grad
    >>> best = lambda b: linprog([-1.0, -2.0], [[1.0, 1.0], [0.0, 1.0]], b).fun
    >>> b = np.array([4.0, 3.0])
    >>> float(best(b)), grad(best)(b)
    (-7.0, array([-1., -1.]))
    """
    c = as_matrix(c)
    unknowns = Unknowns(np.zeros(np.size(c)))
    pairs = bounds
    if bounds is None or len(bounds) == 2 and not any(isinstance(x, (list, tuple)) or np.ndim(x) for x in bounds):
        pairs = [bounds or (0, None)] * unknowns.size
    elif len(bounds) == 1:  # one for all, as SciPy takes it
        pairs = [bounds[0]] * unknowns.size
    a_ub, b_ub, a_eq, b_eq = map(as_matrix, (A_ub, b_ub, A_eq, b_eq))
    limits = bounds_as_arrays(pairs, unknowns)
    problem = LinearProgram("linprog", (c, a_ub, b_ub, a_eq, b_eq, limits), unknowns.size)
    if not problem.is_traced:
        return scipy.optimize.linprog(c, a_ub, b_ub, a_eq, b_eq, bounds, method, callback, options, x0, integrality)
    if integrality is not None and np.any(integrality):
        raise TracedValueError(
            f"linprog: a solution in integers has no derivative ({caller_line()}). Take to_numpy of the data, or leave "
            "integrality= away."
        )

    def run(c, a_ub, b_ub, a_eq, b_eq, limits):
        return scipy.optimize.linprog(
            c, a_ub, b_ub, a_eq, b_eq, np.stack(limits, axis=1), method, callback, options, x0)

    problem.scipy_run = run
    problem.finish = lambda leaves, x, fields, traced: {
        "x": x, "fun": traced(fields["fun"]),
        "slack": fields["slack"] if a_ub is None else b_ub - a_ub @ x,
        "con": fields["con"] if a_eq is None else b_eq - a_eq @ x,
    }
    return result_of(problem)


@border
def nnls(A: Any, b: Any, maxiter: int | None = None, **options: Any) -> tuple:
    """``scipy.optimize.nnls``, (x, |A x − b|) with x ≥ 0, which can be differentiated in ``A`` and ``b``.

    >>> import numpy as np
    >>> from autodiff_trace import jacobian
    >>> abs(jacobian(lambda b: nnls(np.eye(2), b)[0])(np.array([1.0, -1.0])))
    array([[1., 0.],
           [0., 0.]])
    """
    A, b = as_matrix(A), as_matrix(b)
    limits = np.zeros(A.shape[1]), np.full(A.shape[1], 1e100)  # programs would rather see finite numbers
    problem = LinearLeastSquares("nnls", (A, b, limits), A.shape[1])
    if not problem.is_traced:
        return scipy.optimize.nnls(A, b, maxiter=maxiter, **options)
    problem.scipy_run = lambda A, b, _: {"x": scipy.optimize.nnls(A, b, maxiter=maxiter, **options)[0]}
    problem.finish = lambda leaves, x, fields, traced: {"x": x}
    x = result_of(problem)["x"]
    return x, linalg.norm(A @ x - b)


@border
def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), *args: Any, **options: Any) -> Any:
    """``scipy.optimize.lsq_linear``, of which ``x``, ``cost``, ``fun`` have derivatives in ``A``, ``b``, ``bounds``.

    Arguments are SciPy's; a traced ``A`` is dense.

    >>> import numpy as np
    >>> from autodiff_trace import jacobian
    >>> abs(jacobian(lambda b: lsq_linear(np.eye(2), b, bounds=(0.0, 1.5)).x)(np.array([1.0, 2.0])))
    array([[1., 0.],
           [0., 0.]])
    """
    given = ends_of(bounds)
    if not isinstance(A, (list, tuple, np.ndarray)) and not hasattr(A, "_trace"):
        return scipy.optimize.lsq_linear(A, b, bounds, *args, **options)
    A, b = as_matrix(A), as_matrix(b)
    limits = bounds_as_arrays(scipy.optimize.Bounds(*given), Unknowns(np.zeros(A.shape[1])))
    problem = LinearLeastSquares("lsq_linear", (A, b, limits), A.shape[1])
    if not problem.is_traced:
        return scipy.optimize.lsq_linear(A, b, bounds, *args, **options)
    problem.scipy_run = lambda A, b, limits: scipy.optimize.lsq_linear(A, b, limits, *args, **options)
    problem.finish = lambda leaves, x, fields, traced: {
        "x": x, "cost": traced(fields["cost"]), "fun": A @ x - b,
    }
    return result_of(problem)


def result_of(problem: Linear) -> Any:
    """The traced result: ``problem.finish`` gives its fields with derivatives."""
    def traced(leaves, x, is_solved, fields):
        solution = problem.solution(leaves, x, is_solved)
        value = lambda found: minimal_value(problem, leaves, x, is_solved, found)  # noqa: E731
        return problem.make_result(leaves, fields, problem.finish(leaves, solution, fields, value))

    problem.traced = traced
    return problem.result()


def as_matrix(x: Any) -> Any:
    return anp.array(x) * 1.0 if isinstance(x, (list, tuple)) else x
