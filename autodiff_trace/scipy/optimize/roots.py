"""Roots of functions of several unknowns: ``root``, ``fsolve``, ``fixed_point``, with exact Jacobians."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...core.transformed import Transformed
from ...numpy import wrapped as anp
from ...transforms.jacobians import jacobian
from .progress_lines import make_callback
from .calls import SolverCall, apply_first, as_tuple, with_remedy
from .results import TracedResult
from .unknowns import Unknowns, as_vector

__all__ = ["fixed_point", "fsolve", "root"]

REMEDY = 'it has been run for its Jacobian: where it cannot be traced, give jac= as a function, or jac="2-point"'
WITH_JACOBIAN = frozenset({"hybr", "lm"})


def root(
    fun: Callable, x0: Any, args: Any = (), method: str = "hybr", jac: Any = None, tol: float | None = None,
    callback: Callable | None = None, options: dict | None = None, *, progress: bool = False, jit: bool | None = None,
) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.root`` with an exact Jacobian, of which the result can be differentiated.

    Arguments are SciPy's. ``x0`` may be a container of arrays; then so are the unknowns, and ``fun`` returns such.
    ``jac``: None for the exact Jacobian, "2-point" for SciPy's finite differences. ``progress`` and ``jit`` are those
    of :func:`minimize`.

    The ``x`` of the result can be differentiated in ``args``, and in traced values that ``fun`` closes over, by the
    implicit function theorem; ``x0`` has derivative zero. TracedValueError where a derivative is asked for and the
    method has not converged, or the Jacobian is singular.

    >>> import numpy as np
    >>> from autodiff_trace import grad, numpy as anp
    >>> def x(a):
    ...     return root(lambda x: x**2 - a, np.array([1.0])).x[0]
    >>> round(float(x(4.0)), 9), round(float(grad(x)(4.0)), 9)
    (2.0, 0.25)
    """
    problem = Roots("root", fun, x0, as_tuple(args), jac, jit)
    problem.callback = make_callback(callback, progress, problem)
    exact = jac is None and method.lower() in WITH_JACOBIAN

    def run(values, x0, slopes):
        return scipy.optimize.root(values, x0, (), method, slopes, tol, problem.callback, options)

    problem.scipy_run, problem.exact = run, exact
    return problem.result()


class Roots(SolverCall):
    """A call of ``root``, or of what is like it."""

    reached: Any = None
    further = "given", "jac"
    scipy_run: Callable
    exact: bool

    def __init__(self, name, fun, x0, args, jac, jit):
        self.unknowns = Unknowns(x0)
        self.given = fun
        self.jac, self.jit = jac, jit
        super().__init__(name, (x0, args), [Transformed("first", apply_first, fun) if jac is True else fun])

    def call_one(self, which, x, *args):
        return self.unknowns.vector(self.functions[0])(x, *args)

    def examples(self, tree):
        x0, args = tree
        yield 0, anp.atleast_1d(anp.array(x0)) if self.unknowns.is_vector else self.unknowns.ravel(x0), *args

    def residual(self, leaves, state, z):
        (_, args), hidden = self.restore(leaves)
        values = self.call(hidden, 0, z, *args)
        if values.shape != z.shape:
            raise self.refusal(f"there are {values.shape[0]} equations for {z.shape[0]} unknowns")
        return values

    def run(self, tree, hidden=()):
        x0, args = tree
        evaluate = {
            key: self.derived(0, lambda fun, derive=derive: derive(self.unknowns.vector(fun)), (key, self.unknowns.key),
                              hidden)
            for key, derive in (("value", lambda fun: fun), ("jacobian", jacobian))
        }
        slopes = self.slopes(args, with_remedy(evaluate["jacobian"], REMEDY))
        fun = self.unknowns.of_vector(self.given) if self.jac is True else evaluate["value"]
        slopes = self.outward(slopes) if callable(slopes) else slopes
        values = self.outward(fun)

        def noting(x):
            answer = values(x, *args)
            self.reached = np.linalg.norm(answer[0] if self.jac is True else answer)
            return answer

        return self.scipy_run(noting, self.unknowns.start(x0), slopes)

    def slopes(self, args: tuple, exact: Callable) -> Any:
        if self.exact:
            return lambda x: exact(x, *args)
        if callable(self.jac):
            own = self.unknowns.of_vector(self.jac)
            return lambda x: own(x, *args)
        return None if self.jac == "2-point" else self.jac

    def plain(self, found):
        found.x = self.unknowns.unravel(found.x)
        return found

    def traced(self, leaves, x, is_solved, fields):
        return self.make_result(leaves, fields, {"x": self.unknowns.unravel(self.solution(leaves, x, is_solved))})


def fsolve(
    func: Callable, x0: Any, args: Any = (), fprime: Callable | None = None, full_output: bool = False,
    col_deriv: bool = False, xtol: float = 1.49012e-8, maxfev: int = 0, band: tuple | None = None,
    epsfcn: float | None = None, factor: float = 100, diag: Any = None, *, jit: bool | None = None,
) -> Any:
    """``scipy.optimize.fsolve`` with an exact Jacobian, whose solution can be differentiated: see :func:`root`.

    >>> from autodiff_trace import grad
    >>> round(float(grad(lambda a: fsolve(lambda x, a: x**3 - a, 1.0, a)[0])(8.0)), 9)
    0.083333333
    """
    problem = Fsolve("fsolve", func, x0, as_tuple(args), fprime, jit)
    problem.exact = fprime is None and band is None and epsfcn is None

    def run(values, x0, slopes):
        answer = scipy.optimize.fsolve(
            values, x0, (), slopes, True, col_deriv, xtol, maxfev, band, epsfcn, factor, diag)
        return dict(zip(("x", "infodict", "ier", "mesg"), answer))

    problem.scipy_run, problem.is_full = run, full_output
    return problem.result()


class Fsolve(Roots):
    is_full: bool

    def unpack(self, found):
        return found["x"], found["ier"] == 1, found

    def plain(self, found):
        return self.like_scipy(self.unknowns.unravel(found["x"]), found)

    def traced(self, leaves, x, is_solved, fields):
        x = self.unknowns.unravel(self.solution(leaves, x, is_solved))
        return self.like_scipy(x, self.make_result(leaves, fields, {"x": x}))

    def like_scipy(self, x: Any, found: Any) -> Any:
        if self.is_full:
            return x, found["infodict"], found["ier"], found["mesg"]
        if not isinstance(found, TracedResult) and found["ier"] != 1:
            warnings.warn(found["mesg"], RuntimeWarning, stacklevel=5)
        return x


def fixed_point(
    func: Callable, x0: Any, args: Any = (), xtol: float = 1e-8, maxiter: int = 500, method: str = "del2", *,
    jit: bool | None = None,
) -> Any:
    """``scipy.optimize.fixed_point``, x with func(x, *args) = x, which can be differentiated: see :func:`root`.

    >>> from autodiff_trace import grad, numpy as anp
    >>> round(float(grad(lambda a: fixed_point(lambda x: anp.sqrt(a + x), 1.0))(2.0)), 9)
    0.333333333
    """
    problem = FixedPoint("fixed_point", func, x0, as_tuple(args), None, jit)
    problem.shape = np.shape(x0)
    problem.options = xtol, maxiter, method
    return problem.result()


class FixedPoint(Roots):
    """The equations x − func(x) = 0 of unknowns of any shape."""

    shape: tuple
    options: tuple

    def call_one(self, which, x, *args):
        return x - as_vector(self.functions[0](anp.reshape(x, self.shape)[()], *args))

    def examples(self, tree):
        x0, args = tree
        yield 0, anp.reshape(anp.array(x0), (-1,)) * 1.0, *args

    def run(self, tree, hidden=()):
        x0, args = tree
        return {"x": scipy.optimize.fixed_point(self.outward(self.functions[0]), x0, args, *self.options)}

    def unpack(self, found):
        return np.reshape(found["x"], -1), True, {}

    def plain(self, found):
        return found["x"]

    def traced(self, leaves, x, is_solved, fields):
        return anp.reshape(self.solution(leaves, x, is_solved), self.shape)[()]


