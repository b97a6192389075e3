"""``minimize``: SciPy's methods with exact derivatives, and the derivative of what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize

from ...core.tracebacks import border
from ...core.transformed import Transformed
from ...numpy import wrapped as anp
from ...transforms.gradient import value_and_grad
from ...transforms.jacobians import hessian
from ...transforms.second_order import hvp
from .progress_lines import make_callback
from .calls import apply_first, as_tuple, with_remedy
from .constraints import blocks_of, limits_of
from .optimality import Optimum, minimal_value
from .unknowns import Unknowns, bounds_as_arrays

__all__ = ["minimize"]

REMEDY = (
    "minimize has run it for its gradient: where a function cannot be traced, give jac= as a function, or "
    "jac=\"2-point\" for SciPy's finite differences"
)

WITHOUT_GRADIENT = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
WITH_PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov"})
WITH_HESSIAN = frozenset({"dogleg", "trust-exact", "trust-constr"})
MOST_IN_MATRIX = 300
"""Unknowns up to which ``trust-constr`` gets the Hessian as a matrix; from there on products with it."""


@border
def minimize(
    fun: Callable, x0: Any, args: Any = (), method: Any = None, jac: Any = None, hess: Any = None, hessp: Any = None,
    bounds: Any = None, constraints: Any = (), tol: float | None = None, callback: Callable | None = None,
    options: dict | None = None, *, progress: bool = False, jit: bool | None = None,
) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.minimize`` with exact derivatives, of which the result can be differentiated.

    Arguments are SciPy's, with more:
        fun: written with traced functions, or plain NumPy.
        x0: a vector, or a container (dict, list …) of arrays, or an array of more axes: then ``fun`` gets and the
            result has such ones. (A list of numbers is a vector, as in SciPy.)
        jac, hess, hessp: where the method needs one that is not given, it is computed exactly: the gradient together
            with the value, the Hessian, or its products with vectors. ``jac="2-point"``: SciPy's finite differences,
            for a function that cannot be traced.
        bounds: for a container also a pair of containers like it, or of numbers.
        constraints: of each kind of SciPy's; their Jacobians are exact, too.
        progress: show a line with the iteration and the value, a few times a second.
        jit: compile what is evaluated; None: when that pays. ``fun`` then runs when it is traced alone, so that what it
            prints, or does to lists around it, is seen less often: ``jit=False`` leaves it as it is.

    Returns SciPy's result. Its ``x`` and ``fun`` can be differentiated in ``args``, in bounds and limits, in the data
    of constraints, and in traced values that ``fun`` or constraints close over: by the implicit function theorem, with
    the active bounds and constraints; ``fun`` by the envelope theorem, which needs no unique minimum. Where they are
    differentiated they are refined by a few steps of Newton's method, so that values and derivatives are those of a
    tolerance of zero. ``x0`` has derivative zero.

    Raises TracedValueError where a derivative is asked for that is not there: the method has not converged, the Hessian
    is singular, a constraint is met without being needed.

    >>> import numpy as np
    >>> from autodiff_trace import grad, numpy as anp
    >>> def ridge(penalty, x, y):
    ...     loss = lambda w: anp.sum((x @ w - y) ** 2) + penalty * anp.sum(w**2)
    ...     return minimize(loss, np.zeros(2)).x
    >>> x, y = np.eye(2), np.array([1.0, 2.0])
    >>> ridge(1.0, x, y).round(6), grad(lambda p: anp.sum(ridge(p, x, y)))(1.0).round(6)
    (array([0.5, 1. ]), np.float64(-0.75))
    """
    problem = Minimization(
        fun, x0, as_tuple(args), method, jac, hess, hessp, bounds, constraints, tol, options, jit)
    problem.callback = make_callback(callback, progress, problem)
    return problem.result()


class Minimization(Optimum):
    """One call of ``minimize``. Function -1 is the objective; the others are the blocks of constraints."""

    reached: Any = None

    def __init__(self, fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, options, jit):
        self.unknowns = Unknowns(x0)
        self.size = self.unknowns.size
        self.blocks = blocks_of(constraints)
        self.with_own_gradient = fun
        self.jac, self.hess, self.hessp = jac, hess, hessp
        self.method, self.tol, self.options, self.jit = method, tol, options, jit
        self.counts = [0] * len(self.blocks)
        self.given_bounds = bounds
        data = [each.data for each in self.blocks]
        fun = Transformed("first", apply_first, fun) if jac is True else fun
        functions = [fun, *[block.fun for block in self.blocks if block.fun is not None]]
        super().__init__("minimize", (x0, args, bounds_as_arrays(bounds, self.unknowns), data), functions)

    further = "with_own_gradient", "jac", "hess", "hessp", "callback"

    def set_users_functions(self, functions):
        super().set_users_functions(functions)
        own = iter(self.functions[1:])
        self.blocks = [block if block.fun is None else block._replace(fun=next(own)) for block in self.blocks]

    def call_one(self, which, x, *args):
        if which < 0:
            return self.unknowns.number(self.functions[0])(x, *args)
        block = self.blocks[which]
        rows = block.rows(None if block.fun is None else self.unknowns.of_vector(block.fun), args, x)
        self.counts[which] = rows.shape[0]
        return rows

    def examples(self, tree):
        x0, args, _, data = tree
        x0 = anp.atleast_1d(anp.array(x0)) if self.unknowns.is_vector else self.unknowns.ravel(x0)
        yield -1, x0, *args
        for i, each in enumerate(data):
            yield i, x0, *each

    # What is minimal

    def objective(self, leaves, x):
        (_, args, _, _), hidden = self.restore(leaves)
        return self.call(hidden, -1, x, *args)

    def bounds(self, leaves):
        return self.restore(leaves)[0][2]

    def rows(self, leaves):
        if not self.blocks:
            return None
        (*_, data), hidden = self.restore(leaves)

        def rows(x):
            return anp.concatenate([self.call(hidden, i, x, *each) for i, each in enumerate(data)])

        return rows, *limits_of(self.blocks, data, self.counts)

    # SciPy

    def run(self, tree: Any, hidden: Sequence = ()) -> scipy.optimize.OptimizeResult:
        """SciPy's own result, of plain values."""
        x0, args, bounds, data = tree
        x0 = self.unknowns.start(x0)
        method = self.method.lower() if isinstance(self.method, str) else self.method
        self.args = args
        extra: dict[str, Any] = {}
        fun = self.evaluated(lambda fun: fun, "value", hidden)
        if method not in WITHOUT_GRADIENT:
            fun, extra["jac"] = self.gradient(fun, hidden)
            exact = callable(extra["jac"]) or extra["jac"] is True
            if exact and self.hess is None and self.hessp is None:
                extra |= self.curvature(method, hidden)
        if self.hess is not None:
            extra["hess"] = self.with_args(self.hess)
        if self.hessp is not None:
            extra["hessp"] = self.product(self.hessp)
        blocks = [self.block_for_scipy(i, each, method == "trust-constr") for i, each in enumerate(data)]
        if bounds is not None and isinstance(self.given_bounds, scipy.optimize.Bounds):
            extra["bounds"] = scipy.optimize.Bounds(*bounds, self.given_bounds.keep_feasible)
        elif bounds is not None:
            extra["bounds"] = scipy.optimize.Bounds(*bounds)
        return scipy.optimize.minimize(
            self.noting(fun), x0, method=self.method, constraints=blocks[0] if len(blocks) == 1 else blocks,
            tol=self.tol, callback=self.callback, options=self.options, **extra)

    def block_for_scipy(self, i: int, data: tuple, has_hessian: bool) -> Any:
        def values(x):
            return self.call_one(i, x, *data)

        return self.blocks[i].for_scipy(values, self.outward, self.unknowns.of_vector, data, has_hessian)

    def noting(self, fun: Callable) -> Callable:
        """``fun``, with its value for the line of progress."""
        fun = self.outward(fun)

        def call(x):
            answer = fun(x)
            self.reached = answer[0] if isinstance(answer, tuple) else answer
            return answer

        return call

    def evaluated(self, derive: Callable, key: str, hidden: Sequence) -> Callable:
        evaluate = self.derived(
            0, lambda fun: derive(self.unknowns.number(fun)), (key, self.unknowns.key, self.jac is True), hidden)
        return lambda x, *more: evaluate(x, *self.args, *more)

    def gradient(self, fun: Callable, hidden: Sequence) -> tuple[Callable, Any]:
        """What SciPy gets for ``fun`` and ``jac``."""
        if self.jac is None:
            return with_remedy(self.evaluated(value_and_grad, "gradient", hidden), REMEDY), True
        if self.jac is True:
            own = self.with_args(self.with_own_gradient)

            def both(x):
                value, slope = own(x)
                return value, self.unknowns.ravel(slope)

            return both, True
        if callable(self.jac):
            own = self.with_args(self.jac)
            return fun, self.outward(lambda x: self.unknowns.ravel(own(x)))
        return fun, self.jac

    def curvature(self, method: Any, hidden: Sequence) -> dict:
        if method in WITH_PRODUCTS or method == "trust-constr" and self.size > MOST_IN_MATRIX:
            return {"hessp": self.outward(self.evaluated(hvp, "product", hidden))}
        return {"hess": self.outward(self.evaluated(hessian, "hessian", hidden))} if method in WITH_HESSIAN else {}

    def with_args(self, fun: Any) -> Any:
        if not callable(fun):
            return fun
        own = self.unknowns.of_vector(fun)
        return self.outward(lambda x, *more: own(x, *more, *self.args))

    def product(self, hessp: Callable) -> Callable:
        unravel = self.unknowns.unravel
        return self.outward(lambda x, p: self.unknowns.ravel(hessp(unravel(x), unravel(p), *self.args)))

    # The result

    def unpack(self, found):
        fields = dict(found)
        if isinstance(fields.get("hess_inv"), np.ndarray):  # at first it is an identity of integers
            fields["hess_inv"] = fields["hess_inv"].astype(float)
        return found.x, found.get("success", True), fields

    def plain(self, found):
        if not self.unknowns.is_vector:
            for name in ("x", "jac"):
                if name in found and np.shape(found[name]) == (self.size,):
                    found[name] = self.unknowns.unravel(found[name])
        return found

    def traced(self, leaves, x, is_solved, fields):
        known = {
            "x": self.unknowns.unravel(self.solution(leaves, x, is_solved)),
            "fun": minimal_value(self, leaves, x, is_solved, fields["fun"]),
        }
        return self.make_result(leaves, fields, known)
