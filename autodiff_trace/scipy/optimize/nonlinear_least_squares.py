"""Nonlinear least squares with exact Jacobians, sparse ones where that pays, and the derivative of the solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse

from ...core.tracebacks import border
from ...core.transformed import Transformed
from ...numpy import wrapped as anp
from ...transforms.jacobians import jacobian
from ...transforms.sparsity import detect_sparsity, sparse_jacobian
from .calls import as_tuple, with_remedy
from .optimality import Optimum, minimal_value
from .unknowns import Unknowns, as_vector, bounds_as_arrays, ends_of

__all__ = ["least_squares"]

REMEDY = 'it has been run for its Jacobian: where it cannot be traced, give jac= as a function, or jac="2-point"'
SPARSE_UNKNOWNS, SPARSE_DENSITY = 200, 0.1
"""From how many unknowns on the pattern of the Jacobian is looked for, and the share of nonzeros that counts as few."""

LOSSES: dict[str, Callable] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * ((1 + z) ** 0.5 - 1),
    "huber": lambda z: anp.where(z <= 1, z, 2 * anp.where(z <= 1, 1.0, z) ** 0.5 - 1),
    "cauchy": lambda z: anp.log1p(z),
    "arctan": lambda z: anp.arctan(z),
}
"""ρ(z) of SciPy's losses."""


@border
def least_squares(
    fun: Callable, x0: Any, jac: Any = None, bounds: Any = (-np.inf, np.inf), method: str = "trf", *,
    loss: Any = "linear", f_scale: float = 1.0, tr_solver: str | None = None, jac_sparsity: Any = None, args: Any = (),
    kwargs: dict | None = None, jit: bool | None = None, **options: Any,
) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.least_squares`` with an exact Jacobian, of which the result can be differentiated.

    Arguments are SciPy's, and:
        x0: a vector, or a container of arrays; then ``fun`` gets such ones.
        jac: None for the exact Jacobian; a function, or "2-point" and SciPy's other finite differences. Of many
            unknowns the pattern of nonzeros is looked for, and where there are few (or ``jac_sparsity`` says so) the
            Jacobian is sparse, computed with few passes.
        jit: as for :func:`minimize`.

    Returns SciPy's result. Its ``x`` and ``cost`` can be differentiated in ``args``, ``kwargs``, ``bounds`` and traced
    values that ``fun`` closes over, with the exact second derivatives of the cost, whatever the loss; ``fun``, ``jac``
    and ``grad`` follow from ``x``.

    >>> import numpy as np
    >>> from autodiff_trace import grad
    >>> t, y = np.arange(4.0), np.array([1.0, 3.0, 5.0, 7.5])
    >>> slope = lambda y: least_squares(lambda p: p[0] + p[1] * t - y, np.ones(2)).x[1]
    >>> round(float(slope(y)), 9), grad(slope)(y).round(9)
    (2.15, array([-0.3, -0.1,  0.1,  0.3]))
    """
    problem = LeastSquares("least_squares", fun, x0, as_tuple(args), kwargs or {}, jac, bounds, loss, jit)
    problem.f_scale, problem.tr_solver, problem.jac_sparsity = f_scale, tr_solver, jac_sparsity
    problem.options = {"method": method, **options}
    return problem.result()


class LeastSquares(Optimum):
    """½ Σ C² ρ(rᵢ²/C²) is minimal, of the residuals r."""

    f_scale: Any
    tr_solver: str | None
    jac_sparsity: Any
    options: dict
    further = "jac", "loss"

    def __init__(self, name, fun, x0, args, kwargs, jac, bounds, loss, jit):
        self.unknowns = Unknowns(x0)
        self.size = self.unknowns.size
        self.jac, self.loss, self.jit = jac, loss, jit
        given = ends_of(bounds)
        self.has_bounds = not all(type(x) is float and abs(x) == np.inf for x in given)
        ends = scipy.optimize.Bounds(*given) if self.unknowns.is_vector else given
        limits = bounds_as_arrays(ends, self.unknowns) if self.has_bounds else None
        super().__init__(name, (x0, args, kwargs, limits), [fun])

    def with_keywords(self, fun: Callable) -> Callable:
        return lambda x, *args, **kwargs: fun(self.unknowns.unravel(x), *args, **kwargs)

    def call_one(self, which, x, args, kwargs):
        return residuals_of(self.functions[0], self.unknowns)(x, args, kwargs)

    def examples(self, tree):
        x0, args, kwargs, _ = tree
        yield 0, anp.atleast_1d(anp.array(x0)) if self.unknowns.is_vector else self.unknowns.ravel(x0), args, kwargs

    def bounds(self, leaves):
        return self.restore(leaves)[0][3]

    def objective(self, leaves, x):
        (_, args, kwargs, _), hidden = self.restore(leaves)
        residuals = self.call(hidden, 0, x, args, kwargs)
        square = self.f_scale**2
        if callable(self.loss):
            raise self.refusal("its loss is a function of SciPy's form; write it into fun, or use one of SciPy's names")
        return 0.5 * square * anp.sum(LOSSES[self.loss](residuals**2 / square))

    def run(self, tree, hidden=()):
        x0, args, kwargs, bounds = tree
        x0 = self.unknowns.start(x0)
        evaluate = self.evaluated(lambda fun: fun, "value", args, kwargs, hidden)
        slopes, pattern = self.jac, None
        if slopes is None:
            pattern = self.pattern(evaluate, x0)
            if pattern is None:
                slopes = self.evaluated(jacobian, "jacobian", args, kwargs, hidden)
            else:
                slopes = self.sparse(evaluate, pattern)
            slopes = self.outward(with_remedy(slopes, REMEDY))
        elif callable(slopes):
            own = self.with_keywords(slopes)
            slopes = lambda x: own(x, *args, **kwargs)  # noqa: E731
        return scipy.optimize.least_squares(
            self.outward(evaluate), x0, slopes, (-np.inf, np.inf) if bounds is None else bounds, loss=self.loss,
            f_scale=self.f_scale, tr_solver=self.tr_solver,
            jac_sparsity=None if callable(slopes) else self.jac_sparsity, **self.options)

    def evaluated(self, derive: Callable, key: str, args: tuple, kwargs: dict, hidden: Sequence) -> Callable:
        evaluate = self.derived(
            0, lambda fun: derive(residuals_of(fun, self.unknowns)), (key, self.unknowns.key), hidden)
        return lambda x: evaluate(x, args, kwargs)

    def pattern(self, fun: Callable, x0: np.ndarray) -> np.ndarray | None:
        """The pattern of a Jacobian with few nonzeros; None where it is to be dense."""
        if self.jac_sparsity is not None:
            return np.stack(np.nonzero(np.asarray(scipy.sparse.coo_matrix(self.jac_sparsity).toarray())), axis=1)
        if self.size < SPARSE_UNKNOWNS or self.tr_solver == "exact" or self.options["method"] == "lm":
            return None
        indices = with_remedy(detect_sparsity, REMEDY)(fun, x0)
        count = np.size(fun(x0))
        return indices if len(indices) <= SPARSE_DENSITY * count * self.size else None

    def sparse(self, fun: Callable, pattern: np.ndarray) -> Callable:
        slopes = sparse_jacobian(fun, sparsity=pattern)

        def matrix(x):
            indices, values = slopes(x)
            shape = int(np.size(fun(x))), self.size
            return scipy.sparse.csr_matrix((values, (indices[:, 0], indices[:, 1])), shape=shape)

        return matrix

    def plain(self, found):
        found.x = self.unknowns.unravel(found.x)
        return found

    def traced(self, leaves, x, is_solved, fields):
        _, args, kwargs, _ = self.restore(leaves)[0]
        x_traced = self.solution(leaves, x, is_solved)

        def residuals(x):
            self.recall()
            return residuals_of(self.functions[0], self.unknowns)(x, args, kwargs)

        known = {
            "x": self.unknowns.unravel(x_traced),
            "cost": minimal_value(self, leaves, x, is_solved, fields["cost"]),
        }
        later = {"fun": lambda: residuals(x_traced), "jac": lambda: jacobian(residuals)(x_traced)}
        if self.loss == "linear":
            later["grad"] = lambda: jacobian(residuals)(x_traced).T @ residuals(x_traced)
        else:
            later.pop("jac")  # SciPy's is scaled by the loss
        return self.make_result(leaves, fields, known, later)


def residuals_of(fun: Callable, unknowns: Unknowns) -> Callable:
    """``fun`` as a function of a vector, a tuple of arguments and a dict of them, that returns a vector."""
    return Transformed("residuals", apply_residuals, fun, unknowns=unknowns)


def apply_residuals(fun, options, args, kwargs):
    x, args, kwargs = args
    return as_vector(fun(options["unknowns"].unravel(x), *args, **kwargs))
