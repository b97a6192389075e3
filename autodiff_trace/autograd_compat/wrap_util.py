"""``unary_to_nary``: an operator on functions of one argument becomes one with ``argnum``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .util import subval, subvals

__all__ = ["get_doc", "get_name", "unary_to_nary", "wrap_nary_f", "wraps"]


def get_name(f: Any) -> str:
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    return getattr(f, "__doc__", "")


def wraps(
    fun: Callable, namestr: str = "{fun}", docstr: str = "{doc}", **kwargs: Any
) -> Callable[[Callable], Callable]:
    """Decorate a function that stands for ``fun``: its name and docstring are made from those of ``fun``.

    >>> @wraps(abs, "{what}_of_{fun}", what="sign")
    ... def f(x):
    ...     pass
    >>> f.__name__
    'sign_of_abs'
    """

    def decorate(f):
        try:
            if (namestr, docstr) == ("{fun}", "{doc}"):  # as at each call of an operator (0.5 instead of 4 µs)
                f.__name__, f.__doc__ = get_name(fun), get_doc(fun)
                return f
            names = {"fun": get_name(fun), **kwargs}
            f.__name__ = namestr.format(**names)
            f.__doc__ = docstr.format(doc=get_doc(fun), **names)
        except Exception:  # a callable object may have no place for them, a docstring braces of its own
            pass
        return f

    return decorate


def wrap_nary_f(fun: Callable, op: Callable, argnum: Any) -> Callable[[Callable], Callable]:
    """Name a function after the operator that made it: ``grad_of_loss_wrt_argnum_0``."""
    return wraps(
        fun, "{op}_of_{fun}_wrt_argnum_{argnum}",
        "    {op} of function {fun} with respect to argument number {argnum}: a function of the same arguments.",
        op=get_name(op), argnum=argnum,
    )


def unary_to_nary(unary_operator: Callable) -> Callable:
    """From ``operator(fun, x, …)``, where ``fun`` has one argument, to ``operator(fun, argnum=0, …)(*args, **kwargs)``.

    ``argnum`` is the position of the argument x, or a tuple or list of positions, of which x is the tuple.

    >>> @unary_to_nary
    ... def double_and_call(fun, x):
    ...     return fun(2 * x)
    >>> double_and_call(pow, 1)(3, 2)
    81
    """

    @wraps(unary_operator)
    def nary_operator(fun, argnum=0, *nary_op_args, **nary_op_kwargs):
        assert type(argnum) in (int, tuple, list), argnum
        is_single = type(argnum) is int

        @wrap_nary_f(fun, unary_operator, argnum)
        def nary_f(*args, **kwargs):
            if is_single:
                x = args[argnum]
                if argnum == 0 and len(args) == 1 and not kwargs:
                    return unary_operator(fun, x, *nary_op_args, **nary_op_kwargs)
            else:
                x = tuple([args[i] for i in argnum])

            @wraps(fun)
            def unary_f(x):
                changed = subval(args, argnum, x) if is_single else subvals(args, zip(argnum, x))
                return fun(*changed, **kwargs)

            return unary_operator(unary_f, x, *nary_op_args, **nary_op_kwargs)

        return nary_f

    return nary_operator
