"""Families of derivatives: of a special function all partial derivatives are one primitive, which is its own rule.

``jv_derivative(v, z, i, j)`` is ∂ⁱ⁺ʲ J / ∂vⁱ ∂zʲ. Its derivative in v has i + 1 in the place of i, so that derivatives
of any order are computed directly, and not from each other. Where nothing closed is known, as in the order v, what
SciPy computes for neighbouring parameters is interpolated at Chebyshev's points, and the interpolant differentiated.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from ...core.errors import MissingRuleError, caller_line
from ...core.primitives import primitive
from ...numpy import wrapped as anp
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.definers import defrules, elementwise
from ...numpy.error_states import quiet
from ...transforms import jvp
from . import wrapped as special

__all__ = [
    "differentiate", "differentiate_in_several", "family", "family_of", "in_domain", "partial", "quiet_elementwise",
    "refuse", "slopes_of",
]


def in_domain(ans: Any, slope: Any) -> Any:
    """``slope``, and NaN where the function itself is NaN."""
    return anp.where(anp.isnan(ans), np.nan, slope)


def family(compute: Callable, names: str, **closed: Callable | None) -> Callable:
    """The primitive of all partial derivatives of a function, to be put under the name of ``compute``.

    Arguments:
        compute: ``compute(*args, *orders)`` gives the partial derivative of these orders from arrays of double
            precision. Of what SciPy's functions give for arguments outside their domain it makes NaN.
        names: the names of the arguments. Those of integers stand in parentheses: between them nothing changes.
        closed: by the name of an argument its derivative ``slope(ans, *args, *orders)`` where that is no member of the
            family; there is no order of it among the others. None: it is refused where it is asked for.

    Returns a primitive ``derivative(*args, *orders)``. Its answers have the precision of the arguments.
    """
    arguments = [each.strip("()") for each in names.split()]
    fixed = [each.startswith("(") for each in names.split()]
    has_order = [name not in closed and not is_fixed for name, is_fixed in zip(arguments, fixed)]
    count = len(arguments)

    @functools.wraps(compute)
    def derivative(*args):
        values, orders = args[:count], args[count:]
        dtype = np.result_type(*values)
        if dtype.kind not in "fc":
            dtype = np.dtype(float)
        values = [np.asarray(x, complex if np.asarray(x).dtype.kind == "c" else float) for x in values]
        with np.errstate(all="ignore"):
            ans = np.asarray(compute(*values, *orders))
        return ans.astype(np.result_type(dtype, np.complex64) if ans.dtype.kind == "c" else dtype)[()]

    del derivative.__wrapped__
    derivative = primitive(derivative)

    def partial(i):
        name = arguments[i]
        if fixed[i]:
            return None
        if name in closed:
            return closed[name] or (lambda ans, *args: refuse(compute.__name__.removesuffix("_derivative"), name))
        place = count + has_order[:i].count(True)
        return lambda ans, *args: derivative(*args[:place], args[place] + 1, *args[place + 1 :])

    slopes = [*map(partial, range(count)), *[None] * has_order.count(True)]
    if len(slopes) == 1 and slopes[0]:
        of_one_argument(derivative, slopes[0])
    else:
        quiet_elementwise(derivative, *slopes)
    return derivative


def quiet_elementwise(prim: Callable, *derivatives: Callable | None) -> None:
    """The rules of ``elementwise``, which warn of nothing: outside the domain the value is NaN, and so is the slope."""
    elementwise(prim, *derivatives, singular=True)


def of_one_argument(prim: Callable, slope: Callable) -> None:
    """The rules of ``elementwise``, also where the answer is complex and the argument real."""
    defrules(
        prim, quiet(lambda g, ans, x: unbroadcast(g * slope(ans, x), x)),
        quiet(lambda t, ans, x: broadcast_tangent(t * slope(ans, x), ans)), elementwise=True, answer_tells=True,
    )


def family_of(names: str, **closed: Callable | None) -> Callable[[Callable], Callable]:
    """Decorate ``compute`` of :func:`family`."""
    return lambda compute: family(compute, names, **closed)


def partial(function: Callable, i: int, args: tuple) -> Any:
    """The partial derivative of an elementwise function in its argument ``i``."""
    x = anp.asarray(args[i]) if not hasattr(args[i], "dtype") else args[i]
    return jvp(lambda x: function(*args[:i], x, *args[i + 1 :]), (x,), (anp.ones_like(x),))[1]


def slopes_of(function: Callable) -> Callable[[Callable], Callable]:
    """Decorate what SciPy's elementwise ``function`` is in terms of others: its values stay SciPy's, its slopes are
    those of the definition."""

    def decorate(definition):
        def slope(i):
            return lambda ans, *args: partial(definition, i, args)

        quiet_elementwise(getattr(special, function.__name__), *map(slope, range(definition.__code__.co_argcount)))
        return definition

    return decorate


def refuse(function: str, argument: str) -> None:
    raise MissingRuleError(
        f"{function} has no derivative with respect to {argument} ({caller_line()}). Keep it untraced with "
        f"stop_gradient({argument}), or use another function."
    )


# Differentiation of the interpolant in Chebyshev's points (L. N. Trefethen, "Approximation Theory and Approximation
# Practice", SIAM 2013, chapters 3, 8 and 21). Of an entire function that changes by e^±2 within the radius the
# coefficients fall as 1/k!; errors of its values, of size ε, become N²ε / radius in the first derivative.

POINTS = 24


@functools.cache
def weights(order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points in (−1, 1), what takes values at them to the derivative in the middle, and what takes them to the
    coefficients, of which the last tell whether they have died away."""
    points = chebyshev.chebpts1(POINTS)
    to_coefficients = np.linalg.inv(chebyshev.chebvander(points, POINTS - 1))
    slopes = [chebyshev.chebval(0.0, chebyshev.chebder(row, order)) for row in np.eye(POINTS)]
    return points, np.array(slopes) @ to_coefficients, to_coefficients


def differentiate(
    function: Callable, x: Any, radius: Any, order: int, name: str = "", tolerance: float = 1e-9, centre: Any = None
) -> Any:
    """The derivative of ``function``, of arrays with one more axis in front, at ``x``: of the given order.

    ``radius``: how far around ``x``, or around ``centre`` if that is given, the function is smooth, and changes by no
    more than a factor of ten or so.
    Raises MissingRuleError where the coefficients show that this does not hold; ``name`` says of what.
    """
    if order == 0:
        return function(x[None])[0]
    points, slopes, to_coefficients = weights(order)
    shape = (POINTS,) + (1,) * max(np.ndim(x), np.ndim(radius))
    values = function((x if centre is None else centre) + points.reshape(shape) * radius)
    rest, size = np.abs(np.tensordot(to_coefficients[-2:], values, 1)).max(0), np.abs(values).max(0)
    if np.any(rest > tolerance * size + 1e-290):  # of subnormal numbers there are no digits
        raise MissingRuleError(
            f"{name}: no derivative with an accuracy of 1e-8 is known for such values ({caller_line()}). Keep the "
            "parameter untraced with stop_gradient(x)."
        )
    if centre is None:
        return np.tensordot(slopes, values, 1) / radius**order
    coefficients = chebyshev.chebder(np.tensordot(to_coefficients, values, 1), order)
    return chebyshev.chebval((x - centre) / radius, coefficients, tensor=False) / radius**order


def differentiate_in_several(
    function: Callable, values: list, radii: list, orders: tuple, name: str, tolerance: float = 1e-9
) -> Any:
    """The mixed partial derivative of ``function(*values)``, of these orders."""
    for i, order in enumerate(orders):
        if order:
            function = functools.partial(differentiate_in_one, function, i, radii[i], order, name, tolerance)
    return function(*values)


def differentiate_in_one(function, i, radius, order, name, tolerance, *values):
    values = np.broadcast_arrays(*values)
    return differentiate(
        lambda value: function(*values[:i], value, *values[i + 1 :]), values[i], radius, order, name, tolerance
    )
