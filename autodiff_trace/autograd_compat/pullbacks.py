"""What rules are made of in autograd's modules, from the derivatives that the functions have here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..numpy import wrapped as anp
from ..transforms.gradient import elementwise_grad
from ..transforms.products import vjp

__all__ = ["pullback", "slope"]


def pullback(function: Callable, argnum: int, *args: Any, **kwargs: Any) -> Callable:
    """From the cotangent of ``function(*args, **kwargs)`` to that of one argument.

    >>> float(pullback(anp.power, 0, 3.0, 2.0)(10.0))
    60.0
    """

    def of_one(x):
        return function(*args[:argnum], x, *args[argnum + 1 :], **kwargs)

    pull = vjp(of_one, args[argnum])[1]
    return lambda g: pull(g)[0]


def slope(function: Callable, argnum: int) -> Callable:
    """The derivative of an elementwise function in one argument, of the shape of the answer.

    >>> slope(anp.multiply, 1)(anp.array([2.0, 5.0]), 3.0)
    array([2., 5.])
    """
    derivative = elementwise_grad(function, argnums=argnum)
    return lambda *args: derivative(*anp.broadcast_arrays(*args))
