"""What rules are made of in autograd's modules, from the derivatives that the functions have here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..numpy import wrapped as anp
from ..transforms.gradient import elementwise_grad
from ..transforms.products import jvp, vjp

__all__ = ["pullback", "pullback_of", "pullback_of_each", "pushforward_of", "slope"]


def pullback(function: Callable, argnum: int, *args: Any, **kwargs: Any) -> Callable:
    """From the cotangent of ``function(*args, **kwargs)`` to that of one argument.

    >>> float(pullback(anp.power, 0, 3.0, 2.0)(10.0))
    60.0
    """

    def of_one(x):
        return function(*args[:argnum], x, *args[argnum + 1 :], **kwargs)

    output, pull = vjp(of_one, args[argnum])
    return lambda g: pull(like_output(g, output))[0]


def like_output(g: Any, output: Any) -> Any:
    """A cotangent of several outputs, one array or a tuple, as a container like them."""
    if not isinstance(output, (tuple, list)) or type(g) is type(output):
        return g
    return type(output)(*g) if hasattr(output, "_fields") else type(output)(g)


def pullback_of(function: Callable, argnum: int = 0) -> Callable:
    """The rule of ``function`` in one argument, in autograd's form: ``rule(ans, *args, **kwargs)(g)``.

    >>> float(pullback_of(anp.multiply, 1)(12.0, 3.0, 4.0)(1.0))
    3.0
    """
    return lambda ans, *args, **kwargs: pullback(function, argnum, *args, **kwargs)


def pullback_of_each(function: Callable) -> Callable:
    """The same for any argument, whose number the rule is told first: ``rule(argnum, ans, *args, **kwargs)(g)``."""
    return lambda argnum, ans, *args, **kwargs: pullback(function, argnum, *args, **kwargs)


def pushforward_of(function: Callable) -> Callable:
    """The rule of forward mode: ``rule(g, ans, x, *args, **kwargs)`` is the tangent of the answer.

    >>> float(pushforward_of(anp.square)(1.0, 9.0, 3.0))
    6.0
    """
    return lambda g, ans, x, *args, **kwargs: jvp(lambda x: function(x, *args, **kwargs), (x,), (g,))[1]


def slope(function: Callable, argnum: int) -> Callable:
    """The derivative of an elementwise function in one argument, of the shape of the answer.

    >>> slope(anp.multiply, 1)(anp.array([2.0, 5.0]), 3.0)
    array([2., 5.])
    """
    derivative = elementwise_grad(function, argnums=argnum)
    return lambda *args: derivative(*anp.broadcast_arrays(*args))
