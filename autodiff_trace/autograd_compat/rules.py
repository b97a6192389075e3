"""Rules in curried form: how clients give them to their primitives, and the sums of what they return."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from .primitives import rules_of
from .util import subval
from .vspaces import SparseObject, VSpace, dense, vspace

__all__ = [
    "add_outgrads", "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums", "defvjp", "defvjp_argnum",
    "defvjp_argnums", "identity_jvp", "identity_vjp", "sparse_add", "sum_outgrads", "translate_jvp", "translate_vjp",
]


# Rules of reverse mode


def defvjp_argnums(fun: Callable, vjpmaker: Callable) -> None:
    """Give ``fun`` one rule for all arguments: ``vjpmaker(argnums, ans, args, kwargs)`` gives the function from a
    cotangent to those of the arguments."""
    rules_of(fun).set_vjp(vjpmaker)


def defvjp_argnum(fun: Callable, vjpmaker: Callable) -> None:
    """The same with ``vjpmaker(argnum, ans, args, kwargs)`` for one argument at a time."""

    def make_all(argnums, ans, args, kwargs):
        vjps = [vjpmaker(argnum, ans, args, kwargs) for argnum in argnums]
        return lambda g: [vjp(g) for vjp in vjps]

    defvjp_argnums(fun, make_all)


def defvjp(fun: Callable, *vjpmakers: Callable | None, argnums: Iterable[int] | None = None) -> None:
    """Give ``fun`` its rules, one an argument: ``vjpmaker(ans, *args, **kwargs)`` gives the function from the cotangent
    of the answer to that of the argument; None stands for zero.

    >>> from autodiff_trace.autograd_compat import grad
    >>> from autodiff_trace.autograd_compat.extend import primitive
    >>> square = primitive(lambda x: x * x)
    >>> defvjp(square, lambda ans, x: lambda g: 2.0 * x * g)
    >>> float(grad(square)(3.0))
    6.0
    """
    makers = {
        argnum: translate_vjp(maker, fun, argnum)
        for argnum, maker in zip(itertools.count() if argnums is None else argnums, vjpmakers)
    }

    def make_all(argnums, ans, args, kwargs):
        vjps = [makers[argnum](ans, *args, **kwargs) for argnum in argnums]
        return lambda g: [vjp(g) for vjp in vjps]

    rules_of(fun).set_vjp(make_all, makers)


def translate_vjp(vjpfun: Callable | None, fun: Callable, argnum: int) -> Callable:
    """A rule's maker, also of None."""
    if vjpfun is None:
        return lambda ans, *args, **kwargs: lambda g: vspace(args[argnum]).zeros()
    if callable(vjpfun):
        return vjpfun
    raise TypeError(f"Bad VJP {vjpfun!r} for {getattr(fun, '__name__', fun)!r}: a rule is a function, or None.")


# Rules of forward mode


def defjvp_argnums(fun: Callable, jvpmaker: Callable) -> None:
    """Give ``fun`` one rule for all arguments: ``jvpmaker(argnums, tangents, ans, args, kwargs)`` is the tangent of the
    answer."""
    rules_of(fun).set_jvp(jvpmaker)


def defjvp_argnum(fun: Callable, jvpmaker: Callable) -> None:
    """The same with ``jvpmaker(argnum, tangent, ans, args, kwargs)`` for one argument at a time."""

    def push_all(argnums, gs, ans, args, kwargs):
        return sum_outgrads([jvpmaker(argnum, g, ans, args, kwargs) for argnum, g in zip(argnums, gs)])

    defjvp_argnums(fun, push_all)


def defjvp(fun: Callable, *jvpfuns: Callable | str | None, argnums: Iterable[int] | None = None) -> None:
    """Give ``fun`` its rules, one an argument: ``jvpfun(g, ans, *args, **kwargs)`` is the tangent of the answer; "same"
    says that it is ``fun`` with the tangent in the place of the argument, None that it is zero."""
    rules = {
        argnum: translate_jvp(rule, fun, argnum)
        for argnum, rule in zip(itertools.count() if argnums is None else argnums, jvpfuns)
    }

    def push_one(argnum, g, ans, args, kwargs):
        if argnum not in rules:
            raise NotImplementedError(f"JVP of {getattr(fun, '__name__', fun)} wrt argnums ({argnum},) not defined")
        return rules[argnum](g, ans, *args, **kwargs)

    defjvp_argnum(fun, push_one)


def translate_jvp(jvpfun: Callable | str | None, fun: Callable, argnum: int) -> Callable:
    """A rule, also of None and "same"."""
    if jvpfun is None:
        return lambda g, ans, *args, **kwargs: vspace(ans).zeros()
    if isinstance(jvpfun, str) and jvpfun == "same":
        return lambda g, ans, *args, **kwargs: fun(*subval(args, argnum, g), **kwargs)
    if callable(jvpfun):
        return jvpfun
    raise TypeError(f"Bad JVP {jvpfun!r} for {getattr(fun, '__name__', fun)!r}: a rule is a function, 'same' or None.")


def def_linear(fun: Callable) -> None:
    """Say that ``fun`` is linear in each argument: its tangents follow."""
    defjvp_argnum(fun, lambda argnum, g, ans, args, kwargs: fun(*subval(args, argnum, g), **kwargs))


# Sums of cotangents


def add_outgrads(prev_g_flagged: tuple[Any, bool] | None, g: Any) -> tuple[Any, bool]:
    """The sum of cotangents so far and one more, and whether its memory is nobody else's."""
    g = dense(g)
    if prev_g_flagged is None:
        return g, False
    space, (total, is_own) = vspace(g), prev_g_flagged
    return (space.mut_add if is_own else space.add)(total, g), True


def sum_outgrads(gs: Iterable) -> Any:
    """The sum of cotangents or tangents of one value."""
    total = None
    for g in gs:
        total = add_outgrads(total, g)
    return total[0]


def sparse_add(vs: VSpace, x_prev: Any, x_new: SparseObject) -> Any:
    """``x_prev``, None is zero, with a sparse object added."""
    return x_new.mut_add(vs.zeros() if x_prev is None else x_prev)


def identity_vjp(argnums: Any, *args: Any) -> Callable:
    return lambda g: g


def identity_jvp(g: Any, *args: Any, **kwargs: Any) -> Any:
    return g
