"""Rules in autograd's form, made of native functions: ``maker(ans, *args, **kwargs)`` gives the pullback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...transforms import jvp, vjp

__all__ = ["pullback_of", "pullback_of_each", "pushforward_of"]


def pullback_of(fun: Callable, argnum: int = 0) -> Callable:
    """The rule of ``fun`` in argument ``argnum``: ``rule(ans, *args, **kwargs)(g)``.

    >>> import numpy as np
    >>> rule = pullback_of(np.multiply, 1)
    >>> rule(12.0, 3.0, 4.0)(1.0)
    np.float64(3.0)
    """

    def maker(ans, *args, **kwargs):
        def function(x):
            return fun(*args[:argnum], x, *args[argnum + 1 :], **kwargs)

        output, pullback = vjp(function, args[argnum])
        return lambda g: pullback(like_output(g, output))[0]

    return maker


def like_output(g: Any, output: Any) -> Any:
    """A cotangent of several outputs, one array or a tuple, as a container like them."""
    if not isinstance(output, (tuple, list)) or type(g) is type(output):
        return g
    return type(output)(*g) if hasattr(output, "_fields") else type(output)(g)


def pullback_of_each(fun: Callable) -> Callable:
    """The same for any argument, whose number the rule is told first: ``rule(argnum, ans, *args, **kwargs)(g)``."""

    def maker(argnum, ans, *args, **kwargs):
        return pullback_of(fun, argnum)(ans, *args, **kwargs)

    return maker


def pushforward_of(fun: Callable) -> Callable:
    """The rule of forward mode: ``rule(g, ans, x, *args, **kwargs)`` is the tangent of the answer.

    >>> import numpy as np
    >>> pushforward_of(np.square)(1.0, 9.0, 3.0)
    np.float64(6.0)
    """

    def rule(g: Any, ans: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        return jvp(lambda x: fun(x, *args, **kwargs), (x,), (g,))[1]

    return rule
