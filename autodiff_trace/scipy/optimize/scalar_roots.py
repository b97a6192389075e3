"""Roots of functions of one number: ``root_scalar``, ``brentq`` and its like, ``newton``, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from ...core.tracebacks import border
from ...core.transformed import Transformed
from ...numpy import wrapped as anp
from ...transforms.products import vjp
from .calls import SolverCall, apply_first, as_tuple

__all__ = ["bisect", "brenth", "brentq", "newton", "ridder", "root_scalar", "toms748"]

XTOL, RTOL, ITERATIONS = 2e-12, 4 * np.finfo(float).eps, 100
"""SciPy's defaults for methods that have a bracket."""


class ScalarRoot(SolverCall):
    """The equation f(x, *args) = 0; for arrays of unknowns one for each element.

    ``tree`` is (args, numbers that SciPy's function takes); ``scipy_run(f, args, numbers)`` calls it and gives
    (root, whether it has converged, the fields of its result).
    """

    scipy_run: Callable
    shape: tuple = ()
    finish: Callable

    def examples(self, tree):
        args, numbers = tree
        given = [x for x in numbers if x is not None]
        if given:  # else SciPy says what is missing
            yield 0, anp.array(given[0])[()] * 1.0, *args

    def residual(self, leaves, state, z):
        (args, _), hidden = self.restore(leaves)
        return anp.reshape(self.call(hidden, 0, anp.reshape(z, self.shape)[()], *args), (-1,))

    def slopes(self, leaves: Any, z: Any) -> Any:
        """The diagonal of the Jacobian."""
        return slope_of(lambda z: self.residual(leaves, [], z))(z)

    def linearized(self, leaves, state, z, is_strict):
        slopes = np.asarray(self.slopes(leaves, z))
        if not np.isfinite(slopes).all():
            raise self.refusal("the slope of the function is not finite there")
        if not slopes.all():
            raise self.refusal("the slope of the function is zero there")
        return lambda residual: residual / slopes

    def solve_transposed(self, leaves, state, z, g):
        return g / self.slopes(leaves, z)

    def run(self, tree, hidden=()):
        args, numbers = tree
        return self.scipy_run(self.outward(self.functions[0]), args, numbers)

    def unpack(self, found):
        x, is_solved, fields = found
        return np.reshape(x, -1), np.all(is_solved), fields

    def plain(self, found):
        return self.finish(found[0], found[2], None)

    def traced(self, leaves, x, is_solved, fields):
        x = anp.reshape(self.solution(leaves, x, is_solved), self.shape)[()]
        return self.finish(x, fields, leaves)


@border
def root_scalar(
    f: Callable, args: Any = (), method: str | None = None, bracket: Any = None, fprime: Any = None,
    fprime2: Any = None, x0: Any = None, x1: Any = None, xtol: float | None = None, rtol: float | None = None,
    maxiter: int | None = None, options: dict | None = None,
) -> scipy.optimize.RootResults:
    """``scipy.optimize.root_scalar``, whose ``root`` can be differentiated in ``args`` and in what ``f`` closes over.

    Arguments are SciPy's. For the methods "newton" and "halley" slopes that are not given are exact.

    >>> from autodiff_trace import grad
    >>> cube_root = lambda a: root_scalar(lambda x: x**3 - a, bracket=(0, 10)).root
    >>> round(float(grad(cube_root)(8.0)), 9)
    0.083333333
    """
    call = ScalarRoot("root_scalar", (as_tuple(args), [*([None, None] if bracket is None else bracket), x0, x1]),
                      [Transformed("first", apply_first, f) if fprime is True or fprime2 is True else f])

    def run(own, args, numbers):
        low, high, x0, x1 = numbers
        f = call.functions[0]
        own = call.outward(f.fun) if fprime is True or fprime2 is True else own
        slope, curvature = fprime, fprime2
        if method in ("newton", "halley") and fprime is None:
            slope = call.outward(slope_of(f))
        if method == "halley" and fprime2 is None and fprime is not True:
            curvature = call.outward(slope_of(slope_of(f)))
        ends = None if low is None else (low, high)
        found = scipy.optimize.root_scalar(
            own, args, method, ends, slope, curvature, x0, x1, xtol, rtol, maxiter, options)
        return found.root, found.converged, found

    def finish(x, found, leaves):
        return found if leaves is None else call.make_result(leaves, found, {"root": x})

    call.scipy_run, call.finish = with_dict(run, call), finish
    return call.result()


def slope_of(f: Callable) -> Callable:
    """The elementwise derivative in the first argument, also of a complex one."""
    def slope(x, *args):
        values, pull = vjp(lambda x: f(x, *args), x)
        return pull(anp.ones_like(values))[0]

    return slope


def with_dict(run: Callable, call: SolverCall) -> Callable:
    """``run``, that gives its result object as a dict where the call is traced."""
    def runs(*args):
        x, is_solved, found = run(*args)
        return x, is_solved, dict(found) if call.is_traced else found

    return runs


def bracketing(function: Callable, more: tuple = ()) -> Callable:
    """A method of SciPy that takes a bracket (a, b), with the derivative of the root."""
    name = function.__name__

    def find(
        f: Callable, a: Any, b: Any, args: Any = (), *rest: Any, xtol: float = XTOL, rtol: float = RTOL,
        maxiter: int = ITERATIONS, full_output: bool = False, disp: bool = True, **options: Any,
    ) -> Any:
        names = [*more, "xtol", "rtol", "maxiter", "full_output", "disp"]
        given = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, "full_output": full_output, "disp": disp, **options}
        given |= dict(zip(names, rest))
        is_full = given.pop("full_output")
        call = ScalarRoot(name, (as_tuple(args), [a, b]), [f])

        def run(own, args, numbers):
            x, found = function(own, *numbers, args, full_output=True, **given)
            return x, found.converged, found

        def finish(x, found, leaves):
            if not is_full:
                return x
            return x, found if leaves is None else call.make_result(leaves, found, {"root": x})

        call.scipy_run, call.finish = with_dict(run, call), finish
        return call.result()

    find.__name__ = find.__qualname__ = name
    find.__doc__ = f"""``scipy.optimize.{name}``, whose root can be differentiated.

    Arguments are SciPy's. Derivatives are in ``args``, and in traced values that ``f`` closes over; the bracket has
    derivative zero.

    >>> from autodiff_trace import grad
    >>> round(float(grad(lambda c: {name}(lambda x: x**3 - c, 0.0, 10.0))(8.0)), 9)
    0.083333333
    """
    return find


bisect, brenth, brentq, ridder = [
    bracketing(getattr(scipy.optimize, name)) for name in ("bisect", "brenth", "brentq", "ridder")
]
toms748 = bracketing(scipy.optimize.toms748, ("k",))


@border
def newton(
    func: Callable, x0: Any, fprime: Callable | None = None, args: Any = (), tol: float = 1.48e-8, maxiter: int = 50,
    fprime2: Callable | None = None, x1: Any = None, rtol: float = 0.0, full_output: bool = False, disp: bool = True,
) -> Any:
    """``scipy.optimize.newton``, whose root can be differentiated in ``args`` and in what ``func`` closes over.

    Arguments are SciPy's. For an array ``x0`` each element is a root by itself.

    >>> import numpy as np
    >>> from autodiff_trace import grad
    >>> root = lambda a: newton(lambda x: x**2 - a, np.ones(2))
    >>> grad(lambda a: root(a).sum())(np.array([4.0, 9.0])).round(9)
    array([0.25      , 0.16666667])
    """
    call = Newton("newton", (as_tuple(args), [x0, x1]), [func])
    call.shape = np.shape(x0)

    def run(own, args, numbers):
        x0, x1 = numbers
        is_traced = call.is_traced
        answer = scipy.optimize.newton(
            own, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output or is_traced, disp)
        if not is_traced:
            return answer
        if np.ndim(x0):
            return answer[0], answer[1], answer._asdict()
        return answer[0], answer[1].converged, dict(answer[1])

    def finish(x, found, leaves):
        if not full_output:
            return x
        if call.shape:
            return Roots(x, found["converged"], found["zero_der"])
        return x, call.make_result(leaves, found, {"root": x})

    call.scipy_run, call.finish = run, finish
    return call.result()


class Roots(NamedTuple):
    """What SciPy gives of an array of roots, with ``full_output``."""

    root: Any
    converged: Any
    zero_der: Any


class Newton(ScalarRoot):
    def plain(self, found):
        return found
