"""Definers: several rules of a primitive from one statement, with un-broadcasting and dtypes taken care of."""

from __future__ import annotations

import cmath
import opcode
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.forward import defjvp
from ..core.reverse import defvjp
from ..core.primitives import composite
from ..core.tracebacks import border
from ..core.traits import ANSWER, declare, several_of
from .broadcasting import broadcast_tangent, unbroadcast
from .canonical import bind
from .error_states import quiet
from .namespace import replace_wrapped, underlying, wrapped_functions
from .taylor.series import product_series
from .ufunc_methods import add_ufunc_methods, with_keywords

__all__ = ["define", "defrules", "elementwise", "is_surely_finite", "linear", "multilinear"]

Derivative = Callable[..., Any] | int | None


@border
def elementwise(prim: Callable[..., Any], *derivatives: Derivative, singular: bool = False, **facts: Any) -> None:
    """Give an elementwise primitive its VJP and JVP rules.

    Arguments:
        derivatives: for each argument ``derivative(ans, *args)``, the partial derivative at each element; a plain 1
            or -1 for a constant; None where the answer does not change with the argument.
        singular: the derivative can be infinite, of which NumPy is not to warn.
        facts: more that is declared of the function, as ``declare`` has it.

    >>> import math
    >>> from autodiff_trace import grad, numpy as anp
    >>> from autodiff_trace.extend import primitive
    >>> sin = primitive(math.sin)
    >>> elementwise(sin, lambda ans, x: anp.cos(x))
    >>> float(grad(sin)(0.0))
    1.0
    """
    for argnum, derivative in enumerate(derivatives):
        if derivative is None:
            rules = None, None
        elif isinstance(derivative, int):
            rules = constant_rules(derivative, len(derivatives), argnum)
        elif len(derivatives) == 1:
            rules = singular_unary_rules(derivative) if singular else unary_rules(derivative)
        else:
            rules = binary_rules(derivative, argnum)
            if singular:
                rules = tuple(map(quiet, rules))
        defvjp(prim, rules[0], argnums=(argnum,))
        defjvp(prim, rules[1], argnums=(argnum,))
    if all(isinstance(derivative, int) for derivative in derivatives):
        facts["linear_in"] = tuple(range(len(derivatives)))
    elif facts.keys().isdisjoint(("reads", "unread")):
        facts["unread"] = unread_by_slopes(derivatives)
    declare(prim, elementwise=True, answer_tells=True, **facts)


def unread_by_slopes(derivatives: tuple[Derivative, ...]) -> dict[Any, tuple]:
    """What each of the derivatives, and several of them together, do not read: what their code does not name."""
    unread = [unread_by(derivative, len(derivatives)) for derivative in derivatives]
    found = dict(enumerate(unread))
    for places in several_of(range(len(unread))):
        found[places] = frozenset.intersection(*[unread[i] for i in places])
    return {place: tuple(each) for place, each in found.items() if each}


def unread_by(derivative: Derivative, count: int) -> frozenset:
    """The places among the ``count`` arguments, and ANSWER, of which a derivative reads no value."""
    if not isinstance(derivative, types.FunctionType):
        return frozenset([ANSWER, *range(count)] if derivative is None or isinstance(derivative, int) else ())
    code = derivative.__code__
    loaded = {code.co_varnames.index(name) for name in code.co_cellvars if name in code.co_varnames}
    for operation, number in zip(code.co_code[::2], code.co_code[1::2]):
        if operation in LOADS:
            loaded.add(number)
        elif operation in PAIRS:
            loaded.update((number >> 4, number & 15))
    places = (ANSWER, *range(count))[:code.co_argcount]
    return frozenset(place for i, place in enumerate(places) if i not in loaded)


LOADS, PAIRS = [
    {number for name, number in opcode.opmap.items() if "LOAD_FAST" in name and name.count("FAST") == count}
    for count in (1, 2)
]
"""Python's instructions that load a local variable, and those that do it with two at once."""


@border
def define(*functions: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate the definition of functions by primitives. Traced calls follow it, plain ones go to the function.

    All modes follow from the definition; rules are for what is no short composition, or has to be quick. A function of
    NumPy is defined under all its names, by its parameters (``canonical``).

    >>> import math
    >>> @define(math.hypot)
    ... def hypot(x, y):
    ...     return (x * x + y * y) ** 0.5
    >>> hypot(3.0, 4.0)
    5.0
    """

    def decorate(definition):
        for function in functions:
            new = public_form(function, definition)
        return new

    return decorate


def public_form(function, definition):
    function = underlying(function)
    if function not in wrapped_functions:
        return composite(function)(definition)
    if not isinstance(function, np.ufunc):
        return replace_wrapped(function, bind(function, definition))
    if function.signature is None:  # others (vecdot) have keywords of their own
        definition = with_keywords(function, definition)
    new = composite(function)(definition)
    add_ufunc_methods(new, function)
    return replace_wrapped(function, new)


def unary_rules(derivative):
    return lambda g, ans, x: g * derivative(ans, x), lambda t, ans, x: t * derivative(ans, x)


def singular_unary_rules(derivative):
    @quiet
    def rule(g, ans, x):
        return g * derivative(ans, x)

    return rule, rule


def binary_rules(derivative, argnum):
    def vjp(g, ans, *args):
        return unbroadcast(g * derivative(ans, *args), args[argnum])

    def jvp(t, ans, *args):
        return broadcast_tangent(t * derivative(ans, *args), ans)

    return vjp, jvp


def constant_rules(sign, count, argnum):
    if count == 1:
        return (lambda g, ans, x: g, lambda t, ans, x: t) if sign == 1 else (lambda g, ans, x: -g, lambda t, ans, x: -t)
    if sign == -1:
        return lambda g, ans, x, y: unbroadcast(-g, y if argnum else x), lambda t, ans, x, y: broadcast_tangent(-t, ans)

    def jvp(t, ans, x, y):
        return broadcast_tangent(t, ans)

    # Where the other operand is a Python number, nothing is to be summed or cast back (0.15 of 0.25 µs on arrays).
    if argnum == 0:
        return lambda g, ans, x, y: g if type(y) is float else unbroadcast(g, x), jvp
    return lambda g, ans, x, y: g if type(x) is float else unbroadcast(g, y), jvp


SHORT = 8192
"""Elements up to which BLAS computes a product of vectors on one thread: waking another can take milliseconds."""


def is_surely_finite(x: np.ndarray) -> bool:
    """Whether no element is infinite or NaN, which shows in a sum of all; so does an overflow, which does no harm."""
    if x.size > SHORT:
        return cmath.isfinite(np.add.reduce(x, axis=None))
    flat = x if x.ndim == 1 else x.ravel("K")
    return cmath.isfinite(flat.dot(flat))  # of short arrays 0.3 instead of 0.7 µs


def defrules(prim: Callable, vjps: Any, jvps: Any, **facts: Any) -> None:
    """Give a primitive its rules of reverse and of forward mode: one, or a tuple with one for each argument.

    ``facts``: more that is declared of the function, as ``declare`` has it.

    >>> from autodiff_trace import grad
    >>> from autodiff_trace.extend import primitive
    >>> square = primitive(lambda x: x * x)
    >>> defrules(square, lambda g, ans, x: 2 * x * g, lambda t, ans, x: 2 * x * t, reads="args")
    >>> float(grad(square)(3.0))
    6.0
    """
    defvjp(prim, *(vjps if type(vjps) is tuple else (vjps,)))
    defjvp(prim, *(jvps if type(jvps) is tuple else (jvps,)))
    declare(prim, **facts)


@border
def linear(prim: Callable[..., Any], transpose: Callable[..., Any], *others: None, **facts: Any) -> None:
    """Give a primitive that is linear in its first argument its rules.

    Arguments:
        transpose: the VJP rule ``transpose(g, ans, x, *args, **kwargs)``, of which only ``g`` and the shape and dtype
            of ``x`` may be read. The JVP is the function itself.
        others: None for each further argument with which the answer changes in steps, if at all.
        facts: more that is declared of the function, as ``declare`` has it.

    >>> from autodiff_trace import grad, numpy as anp
    >>> from autodiff_trace.extend import primitive
    >>> double_sum = primitive(lambda x: 2 * np.sum(x))
    >>> linear(double_sum, lambda g, ans, x: anp.full(x.shape, 2 * g))
    >>> grad(double_sum)(np.zeros(3))
    array([2., 2., 2.])
    """
    defvjp(prim, transpose, *others)
    declare(prim, linear_in=(0,), **facts)
    defjvp(prim, lambda t, ans, x, *args, **kwargs: prim(t, *args, **kwargs), *others)


@border
def multilinear(prim: Callable[..., Any], *transposes: Callable[..., Any], **facts: Any) -> None:
    """Give a product, a primitive that is linear in each of its first arguments, its rules.

    Arguments:
        transposes: for each of these arguments the VJP rule ``transpose(g, ans, *args)``, which reads the values of the
            others, but of its own argument shape and dtype alone, and not ``ans``. The JVP is the function itself, and
            the series Cauchy's product.
        facts: more that is declared of the function, as ``declare`` has it.

    >>> from autodiff_trace import grad, numpy as anp
    >>> from autodiff_trace.extend import primitive
    >>> scale = primitive(lambda x, y: x * np.sum(y))
    >>> multilinear(scale, lambda g, ans, x, y: g * anp.sum(y), lambda g, ans, x, y: anp.full(y.shape, g * x))
    >>> grad(scale, argnums=1)(3.0, np.ones(2))
    array([3., 3.])
    """
    defvjp(prim, *transposes)
    defjvp(prim, *[jvp_in(prim, argnum) for argnum in range(len(transposes))])
    facts = {"series": product_series(prim), "answer_tells": True, **facts}
    declare(prim, multilinear_in=tuple(range(len(transposes))), **facts)


def jvp_in(prim, argnum):
    def jvp(t, ans, *args, **kwargs):
        return broadcast_tangent(prim(*args[:argnum], t, *args[argnum + 1 :], **kwargs), ans)

    return jvp
