"""``minimize``: SciPy's methods with exact derivatives, and the derivative of what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import MissingRuleError, TracedValueError
from ...core.pytree import tree_leaves
from ...numpy import wrapped as anp
from ...transforms.closures import Closure
from ...transforms.gradient import grad, value_and_grad
from ...transforms.implicit_rules import solution, solved
from ...transforms.jacobians import hessian
from ...transforms.second_order import hvp
from .callbacks import make_callback
from .constraints import blocks_of, limits_of
from .evaluation import derived
from .optimality import Optimum, minimal_value
from .results import Template, TracedResult
from .unknowns import Unknowns, bounds_as_arrays

__all__ = ["minimize"]

WITHOUT_GRADIENT = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
WITH_PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov"})
WITH_HESSIAN = frozenset({"dogleg", "trust-exact", "trust-constr"})
MOST_DENSE = 300
"""Unknowns up to which ``trust-constr`` gets the Hessian as a matrix; from there on products with it."""


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

    Returns SciPy's result. Its ``x`` and ``fun`` can be differentiated in ``args``, in bounds and limits, in the data of
    constraints, and in traced values that ``fun`` or constraints close over: by the implicit function theorem, with
    the active bounds and constraints, at the solution after a few Newton steps more, so that the derivative is as
    exact as that of a solution found with tolerance zero. ``x0`` has derivative zero. Of ``fun`` it is the envelope
    theorem's, which needs no unique minimum.

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
    args = args if isinstance(args, tuple) else (args,)
    problem = Minimization(fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, options, jit)
    problem.callback = make_callback(callback, progress, problem)
    return problem.result()


class Minimization(Optimum):
    """One call of ``minimize``."""

    def __init__(self, fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, options, jit):
        self.unknowns = Unknowns(x0)
        self.size = self.unknowns.size
        self.blocks = blocks_of(constraints)
        self.fun = self.first_of_two(fun) if jac is True else fun
        self.with_own_gradient = fun
        self.jac, self.hess, self.hessp = jac, hess, hessp
        self.method, self.tol, self.options, self.jit = method, tol, options, jit
        self.counts = [0] * len(self.blocks)
        self.latest = None
        self.given_bounds = bounds
        closure = Closure(self.call_one)
        closure.name = getattr(fun, "__name__", type(fun).__name__)
        super().__init__(
            "minimize", (x0, args, bounds_as_arrays(bounds, self.unknowns), [each.data for each in self.blocks]), closure)

    @staticmethod
    def first_of_two(fun: Callable) -> Callable:
        return lambda *args: fun(*args)[0]

    def call_one(self, which: int, x: Any, *args: Any) -> Any:
        """The objective, or a block of constraints, of the vector x: what the closure sees."""
        if which < 0:
            return scalar(self.unknowns.of_vector(self.fun)(x, *args))
        block = self.blocks[which]
        fun = None if block.fun is None else self.unknowns.of_vector(block.fun)
        rows = block.rows(fun, args, x)
        self.counts[which] = rows.shape[0]
        return rows

    def discover(self) -> None:
        x0, args, _, data = self.restore([self.tree_leaves[i] for i in self.slots])[0]
        x0 = self.unknowns.ravel(x0) if not self.unknowns.is_vector else anp.atleast_1d(anp.array(x0))
        self.closure.discover(-1, x0, *args)
        for i, each in enumerate(data):
            self.closure.discover(i, x0, *each)

    # What is minimal

    def objective(self, leaves, x):
        (_, args, _, _), hidden = self.restore(leaves)
        return self.closure.call(hidden, -1, x, *args)

    def bounds(self, leaves):
        return self.restore(leaves)[0][2]

    def rows(self, leaves):
        if not self.blocks:
            return None
        (*_, data), hidden = self.restore(leaves)

        def rows(x):
            return anp.concatenate([self.closure.call(hidden, i, x, *each) for i, each in enumerate(data)])

        return rows, *limits_of(self.blocks, data, self.counts)

    # SciPy

    def solve(self, leaves):
        found = self.run(*self.restore(leaves))
        self.template = Template(dict(found))
        return [np.asarray(found.x), np.bool_(found.get("success", True)), *self.template.encoded()]

    def run(self, tree: Any, hidden: Sequence = ()) -> scipy.optimize.OptimizeResult:
        """SciPy's own result, of plain values."""
        x0, args, bounds, data = tree
        x0 = self.unknowns.start(x0)
        method = self.method.lower() if isinstance(self.method, str) else self.method
        self.args = args
        extra: dict[str, Any] = {}
        fun = self.derived(lambda f: f, "value", hidden)
        if method not in WITHOUT_GRADIENT:
            fun, extra["jac"] = self.gradient(fun, hidden)
            exact = callable(extra["jac"]) or extra["jac"] is True
            if exact and self.hess is None and self.hessp is None:
                extra |= self.curvature(method, hidden)
        if self.hess is not None:
            extra["hess"] = self.with_args(self.hess)
        if self.hessp is not None:
            extra["hessp"] = self.product(self.hessp)
        blocks = [
            block.for_scipy(lambda x, i=i, each=each: self.call_one(i, x, *each), each, method == "trust-constr")
            for i, (block, each) in enumerate(zip(self.blocks, data))
        ]
        if bounds is not None and isinstance(self.given_bounds, scipy.optimize.Bounds):
            extra["bounds"] = scipy.optimize.Bounds(*bounds, self.given_bounds.keep_feasible)
        elif bounds is not None:
            extra["bounds"] = scipy.optimize.Bounds(*bounds)
        return scipy.optimize.minimize(
            self.noting(fun), x0, method=self.method, constraints=blocks[0] if len(blocks) == 1 else blocks, tol=self.tol,
            callback=self.callback, options=self.options, **extra)

    def noting(self, fun: Callable) -> Callable:
        """``fun``, with its latest value for the line of progress."""
        def call(x):
            answer = fun(x)
            self.latest = answer[0] if isinstance(answer, tuple) else answer
            return answer

        return call

    def derived(self, derive: Callable, key: str, hidden: Sequence) -> Callable:
        evaluate = derived(
            self.fun, lambda f: plain_results(derive(lambda x, *args: scalar(self.unknowns.of_vector(f)(x, *args)))),
            (key, self.unknowns.key, self.jac is True), self.closure, list(hidden), self.jit)
        return lambda *xs: evaluate(*xs[:1], *self.args, *xs[1:])

    def gradient(self, fun: Callable, hidden: Sequence) -> tuple[Callable, Any]:
        """What SciPy gets for ``fun`` and ``jac``."""
        if self.jac is None:
            return self.untraced(self.derived(value_and_grad, "gradient", hidden)), True
        if self.jac is True:
            own = self.with_args(self.with_own_gradient)

            def both(x):
                value, slope = own(x)
                return value, np.asarray(self.unknowns.ravel(slope))

            return both, True
        if callable(self.jac):
            own = self.with_args(self.jac)
            return fun, lambda x: np.asarray(self.unknowns.ravel(own(x)))
        return fun, self.jac

    def curvature(self, method: Any, hidden: Sequence) -> dict:
        if method in WITH_PRODUCTS or method == "trust-constr" and self.size > MOST_DENSE:
            product = self.derived(lambda f: product_of(f), "product", hidden)
            return {"hessp": product}
        return {"hess": self.derived(hessian, "hessian", hidden)} if method in WITH_HESSIAN else {}

    def with_args(self, fun: Any) -> Any:
        if not callable(fun):
            return fun
        own = self.unknowns.of_vector(fun)
        return lambda x, *more: own(x, *more, *self.args)

    def product(self, hessp: Callable) -> Callable:
        unravel = self.unknowns.unravel
        return lambda x, p: np.asarray(self.unknowns.ravel(hessp(unravel(x), unravel(p), *self.args)))

    def untraced(self, fun: Callable) -> Callable:
        """``fun``, whose errors say what to do with a function that cannot be traced."""
        def call(x):
            try:
                return fun(x)
            except (TracedValueError, MissingRuleError) as error:
                raise type(error)(
                    f"{error} (minimize has run {self.closure.name} for its gradient: where it cannot be traced, give "
                    'jac= as a function, or jac="2-point" for SciPy\'s finite differences.)'
                ) from error

        return call

    # The result

    def result(self) -> scipy.optimize.OptimizeResult:
        if self.closure.traces:
            self.discover()
            if self.is_traced:
                return self.traced_result()
            return self.like_user(self.closure.run([], self.run, self.restore(self.leaves)[0]))
        return self.like_user(self.run(self.restore(self.leaves)[0]))

    def like_user(self, found: scipy.optimize.OptimizeResult) -> scipy.optimize.OptimizeResult:
        if not self.unknowns.is_vector:
            for name in ("x", "jac"):
                if name in found and np.shape(found[name]) == (self.size,):
                    found[name] = self.unknowns.unravel(found[name])
        return found

    def traced_result(self) -> TracedResult:
        leaves, (x, is_solved, *values) = solved(self)
        fields = self.template.decoded(values)
        known = {
            "x": self.unknowns.unravel(solution(self, leaves, x, is_solved)),
            "fun": minimal_value(self, leaves, x, is_solved, fields["fun"]),
        }
        return TracedResult.make(self.name, self.template.names, fields, leaves, known)


def scalar(value: Any) -> Any:
    """What the objective returns as a number, of an array of one element that element."""
    shape = np.shape(value)
    if shape == ():
        return value
    if shape and all(length == 1 for length in shape):
        return anp.reshape(value, ())
    raise TypeError(f"minimize: the objective returns an array of shape {shape}, not a number.")


def product_of(fun: Callable) -> Callable:
    """(x, *args, v) ↦ H v."""
    return hvp(fun)


def plain_results(fun: Callable) -> Callable:
    return fun
