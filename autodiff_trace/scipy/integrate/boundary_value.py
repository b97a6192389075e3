"""``solve_bvp``: SciPy solves the collocation equations, whose solution has the derivative of the implicit function
theorem."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_flatten
from ...core.tracer import is_box, running_traces, to_value
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.implicit import custom_root
from .problems import Problem
from .solutions import failed
from .whole_steps import call_whole

__all__ = ["solve_bvp"]


def solve_bvp(
    fun: Callable, bc: Callable, x: Any, y: Any, p: Any = None, S: Any = None, fun_jac: Callable | None = None,
    bc_jac: Callable | None = None, **options: Any,
) -> Any:
    """SciPy's ``solve_bvp``, whose ``y``, ``yp``, ``p`` and ``sol(x)`` have derivatives in what its functions read from
    around them.

    All arguments are SciPy's. ``x``, ``y`` and ``p`` are where to start, on which the solution does not depend. Raises
    TracedValueError for a traced ``x``, whose ends it does depend on (map the interval to one of fixed length), and for
    ``S`` where a derivative is asked for. A solution that is differentiated solves the collocation equations on SciPy's
    mesh to the last digits, where SciPy stops at its tolerance. Of one that has not been found, asking for the
    derivative is an error.

    >>> import numpy as np
    >>> from autodiff_trace import grad
    >>> def middle(k):                                    # y'' = k, y(0) = y(1) = 0: y(1/2) = -k / 8
    ...     result = solve_bvp(
    ...         lambda x, y: anp.stack([y[1], k + 0 * y[0]]), lambda a, b: anp.stack([a[0], b[0]]),
    ...         np.linspace(0, 1, 5), np.zeros((2, 5)))
    ...     return result.sol(0.5)[0]
    >>> round(float(grad(middle)(3.0)), 6)
    -0.125
    """
    given = {"S": S, "fun_jac": fun_jac, "bc_jac": bc_jac, **options}
    if not running_traces() and not any(map(is_box, tree_flatten((x, y, p))[0])):
        return scipy.integrate.solve_bvp(fun, bc, x, y, p, **given)
    if any(map(is_box, tree_flatten((x, given))[0])):
        raise TracedValueError(
            f"solve_bvp has derivatives in what its functions read alone, not in x, S or options ({caller_line()}): "
            "map the interval to one of fixed length."
        )
    problem = BoundaryValueProblem(fun, bc, x, [to_value(y), None if p is None else to_value(p)], given)
    return problem.closure.attempt(problem.solve)


class BoundaryValueProblem(Problem):
    """One call of ``solve_bvp``."""

    def __init__(self, fun, bc, x, start, given):
        self.x, self.start = x, start
        jacobians = {name: given.pop(name) for name in ("fun_jac", "bc_jac")}
        self.jacobians = {name: jac for name, jac in jacobians.items() if jac is not None}
        self.given = given
        super().__init__("solve_bvp", [fun, bc, *self.jacobians.values()], [], tree_flatten(())[1])
        y, p = (value if value is None else np.asarray(value, float) for value in start)
        more = () if p is None else (p,)
        x = np.asarray(x, float)
        for which in range(len(self.functions)):
            ends = which == 1 or which > 1 and [*self.jacobians][which - 2] == "bc_jac"
            self.closure.discover(which, *((y[:, 0], y[:, -1]) if ends else (x, y)), *more)

    def solve(self):
        values = self.values()
        y, p = self.start
        if not values:
            result = scipy.integrate.solve_bvp(*self.functions[:2], self.x, y, p, **self.given, **self.jacobians)
            result.sol = PlainSpline(result.sol, HermiteSpline(result.x, result.y, result.yp))
            return result
        if self.given["S"] is not None:
            raise TracedValueError(f"solve_bvp: S= is not there for traced values ({caller_line()}).")
        result = None

        def fun(*values):
            nonlocal result
            result = self.run(values)
            return self.fields(result, values)

        result_y, yp, *found = call_whole("solve_bvp", fun, values)
        result = type(result)(result)
        result.update(y=result_y, yp=yp, sol=HermiteSpline(result.x, result_y, yp))
        if p is not None:
            result["p"] = found[0]
        return result

    def fields(self, result, values):
        """y, yp and the parameters."""
        hidden = self.hidden_of(values)
        shape, size = result.y.shape, result.y.size
        parts = [result.y.reshape(-1), *([] if result.p is None else [result.p])]
        z = np.concatenate(parts)
        if result.success:
            z = custom_root(
                lambda z: self.closure.run(hidden, functools.partial(self.residual, result.x, shape), z), z,
                solve=lambda f, start: start)
        else:
            z = apply_rule(failed("solve_bvp", result.message, z), values)[0]
        y, p = anp.reshape(z[:size], shape), z[size:]
        yp = self.closure.run(hidden, self.call, result.x, y, p)
        return [y, yp, *([] if result.p is None else [p])]

    def call(self, x, y, p):
        return self.functions[0](x, y, *([] if self.start[1] is None else [p]))

    def residual(self, x, shape, z):
        """SciPy's equations: collocation with cubic polynomials (Kierzenka, Shampine, A BVP solver based on residual
        control and the MATLAB PSE, 2001)."""
        size = shape[0] * shape[1]
        y, p = anp.reshape(z[:size], shape), z[size:]
        h = np.diff(x)
        f = self.call(x, y, p)
        middle = (y[:, 1:] + y[:, :-1]) / 2 - h / 8 * (f[:, 1:] - f[:, :-1])
        f_middle = self.call(x[:-1] + h / 2, middle, p)
        inner = y[:, 1:] - y[:, :-1] - h / 6 * (f[:, :-1] + f[:, 1:] + 4 * f_middle)
        outer = self.functions[1](y[:, 0], y[:, -1], *([] if self.start[1] is None else [p]))
        outer = anp.array(outer) if isinstance(outer, (list, tuple)) else outer
        return anp.concatenate([anp.reshape(inner, (-1,)), outer])

    def run_scipy(self, arguments, plain_form):
        y, p = self.start
        fun, bc, *jacobians = map(plain_form, self.functions)
        jacobians = dict(zip(self.jacobians, jacobians))
        return scipy.integrate.solve_bvp(fun, bc, self.x, y, p, **self.given, **jacobians)


class HermiteSpline:
    """The cubic spline through values and slopes, as SciPy's ``sol`` is, of traced ones."""

    def __init__(self, x: np.ndarray, y: Any, slopes: Any) -> None:
        self.x, self.y, self.slopes = x, y, slopes

    def __call__(self, t: Any) -> Any:
        """The state (n,), or (n, m), at one or more points."""
        x = self.x
        i = np.clip(np.searchsorted(x, np.asarray(to_value(t)), side="right") - 1, 0, len(x) - 2)
        h = x[i + 1] - x[i]
        s = (t - x[i]) / h
        start, end = self.y[:, i], self.y[:, i + 1]
        return (
            (1 + 2 * s) * (1 - s) ** 2 * start + s**2 * (3 - 2 * s) * end
            + h * s * (1 - s) * ((1 - s) * self.slopes[:, i] - s * self.slopes[:, i + 1])
        )


class PlainSpline:
    """SciPy's spline, which takes traced points, too."""

    def __init__(self, plain: Any, traced: HermiteSpline) -> None:
        self._plain, self._traced = plain, traced

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._plain, name)

    def __call__(self, x, *args, **kwargs):
        return self._traced(x, *args, **kwargs) if is_box(x) else self._plain(x, *args, **kwargs)
