"""Checks of derivatives against differences, for tests: ``check_grads(f)(x)``.

Of a function of the user's. ``autodiff_trace.testing`` has a check that finds its step and tolerance itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .core import make_jvp, make_vjp
from .vspaces import vspace
from .wrap_util import get_name, unary_to_nary

__all__ = [
    "EPS", "RTOL", "TOL", "check_equivalent", "check_grads", "check_jvp", "check_vjp", "combo_check",
    "make_numerical_jvp", "scalar_close",
]

TOL = 1e-6
RTOL = 1e-6
EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers differ by less than ``TOL``, or than ``RTOL`` of their sum.

    >>> scalar_close(1e9, 1e9 + 1), scalar_close(1.0, 1.1)
    (True, False)
    """
    difference = abs(a - b)
    return difference < TOL or difference / abs(a + b) < RTOL


def make_numerical_jvp(f: Callable, x: Any) -> Callable[[Any], Any]:
    """The function from a tangent of ``x`` to that of ``f(x)``, by a central difference.

    >>> round(float(make_numerical_jvp(lambda x: x**2, 3.0)(1.0)), 6)
    6.0
    """
    of_input, of_output = vspace(x), vspace(f(x))

    def moved(v, step):
        return f(of_input.add(x, of_input.scalar_mul(v, step)))

    def jvp(v):
        above, below = moved(v, EPS / 2), moved(v, -EPS / 2)
        return of_output.scalar_mul(of_output.add(above, of_output.scalar_mul(below, -1.0)), 1.0 / EPS)

    return jvp


def check_vjp(f: Callable, x: Any) -> None:
    """Raise AssertionError if reverse mode and differences disagree on the derivative of ``f`` at ``x``, along a random
    direction and for a random cotangent."""
    pull, y = make_vjp(f, x)
    of_input, of_output = vspace(x), vspace(y)
    t, g = of_input.randn(), of_output.randn()
    pulled = of_input.covector(pull(of_output.covector(g)))
    assert vspace(pulled) == of_input, (
        f"(VJP) check of {get_name(f)} failed: the cotangent of {x} is of {vspace(pulled)}, but should be of {of_input}"
    )
    by_rule = of_input.inner_prod(t, pulled)
    by_difference = of_output.inner_prod(g, make_numerical_jvp(f, x)(t))
    assert scalar_close(by_difference, by_rule), (
        f"(VJP) check of {get_name(f)} failed at {x}: {by_rule} by its rules, {by_difference} by differences"
    )


def check_jvp(f: Callable, x: Any) -> None:
    """The same for forward mode."""
    t = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(t)[1], make_numerical_jvp(f, x)(t))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise AssertionError if two values are not of one vector space, or differ along a random direction."""
    space = vspace(x)
    assert space == vspace(y), f"the values are of different spaces: {space} and {vspace(y)}"
    t = space.randn()
    assert scalar_close(space.inner_prod(x, t), space.inner_prod(y, t)), f"the values differ: {x} and {y}"


@unary_to_nary
def check_grads(f: Callable, x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Check derivatives up to some order: ``check_grads(f, argnum=0, modes=["fwd", "rev"], order=2)(*args)``.

    Raises AssertionError where they disagree with differences.

    >>> from autodiff_trace import numpy as anp
    >>> check_grads(anp.multiply, (0, 1))(2.0, 3.0)
    """
    assert set(modes) <= {"fwd", "rev"}, f"modes={modes!r} is not of 'fwd' and 'rev'"
    for mode in modes:
        (check_jvp if mode == "fwd" else check_vjp)(f, x)
        if order > 1:
            derivative = pushed(f) if mode == "fwd" else pulled(f)
            t = vspace(x if mode == "fwd" else f(x)).randn()
            check_grads(derivative, (0, 1), modes, order - 1)(x, t)


def pushed(f: Callable) -> Callable:
    def jvp(x, t):
        return make_jvp(f, x)(t)[1]

    jvp.__name__ = f"jvp_{get_name(f)}"
    return jvp


def pulled(f: Callable) -> Callable:
    def vjp(x, g):
        return make_vjp(f, x)[0](g)

    vjp.__name__ = f"vjp_{get_name(f)}"
    return vjp


def combo_check(fun: Callable, *args: Any, **kwargs: Any) -> Callable:
    """``combo_check(fun, *options)(values, …, keyword=values)`` runs ``check_grads(fun, *options)`` on each combination
    of the values of each argument.

    >>> from autodiff_trace import numpy as anp
    >>> combo_check(anp.multiply, (0, 1), order=1)([1.0, 2.0], [3.0])
    """
    check = check_grads(fun, *args, **kwargs)

    def check_all(*choices, **keyword_choices):
        for chosen in itertools.product(*choices):
            for keywords in itertools.product(*keyword_choices.values()):
                check(*chosen, **dict(zip(keyword_choices, keywords)))

    return check_all
