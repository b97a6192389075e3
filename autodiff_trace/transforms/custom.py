"""``custom_vjp`` and ``custom_jvp``: functions that bring their own derivative."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..core.pytree import tree_flatten, tree_map
from ..core.rule_checks import check_rules
from ..core.tracebacks import border, hide_frames
from ..core.tracer import find_top_trace
from .custom_calls import JVPCall, VJPCall, insert
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword

__all__ = ["custom_jvp", "custom_vjp"]


class Custom(Transformed):
    """What both kinds share. ``nondiff_argnums`` are positions from 0 on, or one such."""

    call: type
    how: str

    @border
    def __init__(self, fun: Callable, nondiff_argnums: int | Sequence[int] = (), **unknown: NoReturn) -> None:
        name = type(self).__name__
        if unknown:
            raise unknown_keyword(name, unknown)
        places = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(sorted(nondiff_argnums))
        if any(i < 0 for i in places):
            raise ValueError(f"{name}: nondiff_argnums={nondiff_argnums!r}; positions count from 0.")
        super().__init__(name, apply_custom, fun, nondiff_argnums=places or None)
        self.nondiff = places
        self.rules: tuple | None = None
        try:
            self.signature: inspect.Signature | None = inspect.signature(fun)
        except ValueError:  # some C functions have none
            self.signature = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return apply_custom(self, args, kwargs)
        except Exception as error:
            hide_frames(error)
            raise

    @border
    def check(self, *args: Any, **options: Any) -> None:
        """Check the rule against finite differences at ``args``: :func:`autodiff_trace.testing.check_grads`.

        ``options`` are those of that function. Raises AssertionError that names the mode and the argument.
        """
        varied = [i for i in range(len(args)) if i not in self.nondiff]

        def fun(*values):
            every = list(args)
            for i, value in zip(varied, values, strict=True):
                every[i] = value
            return self(*every)

        names = list(self.signature.parameters) if self.signature else []
        shown = ", ".join(names[i] if i < len(names) else str(i) for i in varied)
        from ..testing import check_grads  # only who checks needs it

        check_grads(fun, *[args[i] for i in varied], **{"name": f"{self.__name__}({shown})", **options})


def apply_custom(custom: Custom, args: tuple, kwargs: dict) -> Any:
    if find_top_trace(tree_flatten((args, kwargs))[0]) is None:
        return custom.fun(*args, **kwargs)
    if custom.rules is None:
        raise TypeError(f"{custom.transformation}: {custom.__name__} has no rule yet; give it one with {custom.how}.")
    return custom.call(custom, args, kwargs).result()


class custom_vjp(Custom):
    """A function with its own derivative for reverse mode; forward mode and batching follow from it.

    Arguments:
        fun: a function of numbers, arrays, containers of them and any other values.
        nondiff_argnums: positions of arguments that have no derivative and never hold traced values.

    ``f.defvjp(fwd, bwd)`` gives the rule. ``fwd`` takes the arguments of ``f`` and returns ``(output, residuals)``,
    where residuals are whatever ``bwd`` needs. ``bwd(residuals, g)`` returns a tuple with the cotangent of each
    argument, of its structure and shapes; None is zero. ``g`` is like the output, with None where that is no floating
    array. Where there are ``nondiff_argnums``, ``bwd`` takes these arguments first. Keyword arguments of a call are
    passed by position, with defaults filled in; keyword-only ones go to ``f`` and ``fwd`` and have no derivative.

    The second derivative is that of ``fwd`` and ``bwd``: write both with ``anp``, and let ``fwd`` call ``f`` itself,
    so that its value keeps the custom rule.

    ``f.defvjps(rule, …)`` gives a rule for each argument instead: ``rule(g, output, *args)`` is its cotangent.
    ``f.check(*args)`` checks the rule against finite differences.

    Raises TracedValueError if ``f`` closes over a traced value of the function that is differentiated.

    >>> from autodiff_trace import grad, numpy as anp
    >>> @custom_vjp
    ... def log1pexp(x):
    ...     return anp.log(1 + anp.exp(x))
    >>> def fwd(x):
    ...     return log1pexp(x), x
    >>> def bwd(x, g):
    ...     return (g * (1 - 1 / (1 + anp.exp(x))),)
    >>> log1pexp.defvjp(fwd, bwd)
    >>> float(grad(log1pexp)(0.0))
    0.5
    >>> log1pexp.check(0.3)
    """

    call = VJPCall
    how = "f.defvjp(fwd, bwd)"

    @border
    def defvjp(self, fwd: Callable, bwd: Callable, **unknown: NoReturn) -> None:
        """Give the rule: ``fwd(*args)`` returns ``(output, residuals)``, ``bwd(residuals, g)`` the cotangents."""
        if unknown:
            raise unknown_keyword("custom_vjp.defvjp", unknown)
        self.rules = fwd, bwd

    @border
    def defvjps(self, *rules: Callable | None) -> None:
        """Give a rule an argument: ``rule(g, output, *args)`` is its cotangent; None where it has no derivative."""
        check_rules("f.defvjps", self, rules)
        self.rules = functools.partial(forward_of, self), functools.partial(backward_of, rules)


class custom_jvp(Custom):
    """A function with its own derivative for forward mode; reverse mode, its transpose, and batching follow from it.

    The arguments are those of :func:`custom_vjp`. ``f.defjvp(jvp)`` gives the rule: ``jvp(primals, tangents)``, with
    tuples of the arguments and of their tangents (zeros where there is none), returns ``(output, tangent)``; the
    tangent is like the output, and linear in the tangents. Where there are ``nondiff_argnums``, ``jvp`` takes these
    arguments first.

    ``f.defjvps(rule, …)`` gives a rule for each argument instead: ``rule(t, output, *args)`` is what its tangent
    contributes; None for an argument on which the output does not depend.

    >>> from autodiff_trace import grad, numpy as anp
    >>> @custom_jvp
    ... def cube(x):
    ...     return x**3
    >>> cube.defjvps(lambda t, ans, x: 3 * x * x * t)
    >>> float(grad(grad(cube))(2.0))
    12.0
    """

    call = JVPCall
    how = "f.defjvp(jvp)"

    @border
    def defjvp(self, jvp: Callable, **unknown: NoReturn) -> Callable:
        """Give the rule: ``jvp(primals, tangents)`` returns ``(output, tangent)``. It may be used as a decorator."""
        if unknown:
            raise unknown_keyword("custom_jvp.defjvp", unknown)
        self.rules = (jvp,)
        return jvp

    @border
    def defjvps(self, *rules: Callable | None) -> None:
        """Give a rule an argument: ``rule(t, output, *args)`` is what its tangent contributes; None for nothing."""
        check_rules("f.defjvps", self, rules)
        self.rules = (functools.partial(push_each, self, rules),)


# Rules for single arguments


def forward_of(fun, *args, **kwargs):
    ans = fun(*args, **kwargs)
    return ans, (ans, args)


def backward_of(rules, *args):
    *_, (ans, primals), g = args
    return tuple([None if rule is None else rule(g, ans, *primals) for rule in rules])


def push_each(fun, rules, *args, **kwargs):
    *nondiff, primals, tangents = args
    every = insert(primals, fun.nondiff, nondiff)
    ans = fun(*every, **kwargs)
    terms = [rule(t, ans, *every, **kwargs) for rule, t in zip(rules, tangents, strict=True) if rule is not None]
    return ans, functools.reduce(functools.partial(tree_map, operator.add), terms) if terms else None
