"""Primitives as autograd has them: containers among arguments and answers, and rules in curried form.

Under each is a primitive of :mod:`autodiff_trace.core.primitives`, so that every transformation knows it, and a second
one for calls with containers, which sees the values in them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..core.primitives import primitive as native_primitive
from ..core.tracer import box_classes, boxers, fixed_types
from .containers import Form, holds_box, is_container, put_back, take_out
from .curried import Curried, CurriedOverLeaves, Rules, bind_rules, use_rules
from .originals import has_definition, keep_rules, original_of, primitive_of, redirect
from .pullbacks import pullback
from .vspaces import SparseObject, dense

__all__ = ["find_rules", "primitive", "rules_of"]


def is_number(x: Any) -> bool:
    return type(x) in boxers or type(x) is SparseObject


class NotANumber(Exception):
    """The answer of a primitive, ``args[0]``, is no number or array: it is taken apart."""


def primitive(f_raw: Callable) -> Callable:
    """A function that traces see as one step, with rules of :func:`defvjp` and :func:`defjvp`.

    It may take and give lists, tuples and dicts, and values of types that are registered with ``Box`` and ``VSpace``.

    >>> from autodiff_trace.autograd_compat import grad
    >>> from autodiff_trace.autograd_compat.extend import defvjp
    >>> total = primitive(lambda parts: {"sum": parts["a"] + parts["b"]})
    >>> defvjp(total, lambda ans, parts: lambda g: {"a": g["sum"], "b": g["sum"]})
    >>> grad(lambda x: total({"a": x, "b": 3.0 * x})["sum"])(1.0)
    np.float64(4.0)
    """

    @functools.wraps(f_raw, updated=())
    def compute(*args, **kwargs):
        ans = dense(f_raw(*args, **kwargs))
        if type(ans) not in boxers:
            raise NotANumber(ans)
        return ans

    @functools.wraps(f_raw, updated=())
    def compute_over_leaves(form, *leaves):
        args, kwargs = put_back(form.call, leaves)
        ans = form.computed.pop() if form.computed else f_raw(*args, **kwargs)
        form.answer, numbers = take_out(ans, is_number)
        numbers = list(map(dense, numbers))
        form.has_one_answer = is_place(form.answer)
        if not numbers:
            raise TypeError(f"Can't differentiate w.r.t. type {type(put_back(form.answer, ()))}: the answer of "
                            f"{getattr(f_raw, '__name__', f_raw)} has no floating-point number in it.")
        return numbers[0] if form.has_one_answer else tuple(numbers)

    simple = native_primitive(compute)
    over_leaves = native_primitive(compute_over_leaves)

    @functools.wraps(f_raw, updated=())
    def f_wrapped(*args, **kwargs):
        is_traced = is_apart = False
        for arg in args:
            kind = type(arg)
            if kind in box_classes:
                is_traced = True
            elif kind not in fixed_types and is_container(kind) and holds_box(arg):
                is_apart = True
        is_named = bool(kwargs) and any(map(is_or_holds_box, kwargs.values()))
        if not is_traced and not (is_apart or is_named) or not is_traced and not has_rules(rules, f_raw, args, kwargs):
            return f_raw(*args, **kwargs)
        computed = []
        if not is_apart and not f_wrapped.gives_containers:
            try:
                return bind_rules(simple(*args, **kwargs), simple)
            except NotANumber as answer:
                computed = [*answer.args]
                f_wrapped.gives_containers = True
        if is_named:
            args, kwargs = by_position(f_raw, args, kwargs)
        form = Form(args, kwargs, computed, rules.vjpmakers)
        ans = bind_rules(over_leaves(form, *form.boxes), over_leaves)
        return put_back(form.answer, [ans] if form.has_one_answer else ans)

    rules = Rules(f_wrapped)
    f_wrapped.fun = f_raw
    f_wrapped._is_autograd_primitive = True
    f_wrapped.gives_containers = False
    f_wrapped.rules = rules
    use_rules(simple, rules, Curried)
    use_rules(over_leaves, rules, CurriedOverLeaves)
    return f_wrapped


def is_place(form: Any) -> bool:
    return not is_container(type(form))


def is_or_holds_box(x: Any) -> bool:
    return type(x) in box_classes or holds_box(x)


def has_rules(rules: Rules, fun: Callable, args: tuple, kwargs: dict) -> bool:
    """Whether the arguments that hold traced values have rules. Where none is itself one, autograd runs the function on
    what they hold."""
    args, kwargs = by_position(fun, args, kwargs)
    if rules.vjpmaker is None and rules.jvpmaker is None or any(map(is_or_holds_box, kwargs.values())):
        return False
    known = rules.vjpmakers
    return known is None or all(i in known for i, arg in enumerate(args) if is_or_holds_box(arg))


def by_position(fun: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """A call with as many arguments by position as ``fun`` takes."""
    try:
        call = inspect.signature(fun).bind(*args, **kwargs)
    except (TypeError, ValueError):  # the function says it itself, or does not tell its parameters
        return args, kwargs
    call.apply_defaults()
    return call.args, call.kwargs


# Rules of functions that exist


rules_of_others: dict[Callable, Rules] = {}
"""Those of functions that no trace sees: nodes that a client makes by hand ask for them."""


def rules_of(fun: Callable) -> Rules:
    """The rules of ``fun``, to be changed: of a primitive of this package, or of a native function, which from now on
    has these. Of other functions they are kept for who looks for them."""
    fun = primitive_of(fun)
    rules = find_rules(fun)
    if rules is not None:
        return rules
    if hasattr(fun, "vjps"):
        rules = Rules(fun)
        rules.original = original_of(fun)
        rules.undo.append(keep_rules(fun))
        use_rules(fun, rules, Curried)
        fun.overwriting.clear()
        fun.traits.unread.clear()
        fun.traits.linear_in = fun.traits.multilinear_in = ()
        fun.traits.differentiable = True
        return rules
    if has_definition(fun):
        return replace_definition(fun)
    return rules_of_others.setdefault(fun, Rules(fun))


def find_rules(fun: Callable) -> Rules | None:
    """The rules that were given to ``fun``."""
    fun = primitive_of(fun)
    rules = getattr(fun, "rules", None)
    return rules if type(rules) is Rules else rules_of_others.get(fun)


def replace_definition(fun: Callable) -> Rules:
    """Let a function that is defined by others, with ``numpy.canonical.bind`` or ``composite``, be a primitive. In
    reverse mode it has the derivative of the definition until a rule is given."""
    original = original_of(fun)
    replacement = primitive(fun.fun)

    def pull_all(argnums, ans, args, kwargs):
        pulls = [pullback(original, argnum, *args, **kwargs) for argnum in argnums]
        return lambda g: [pull(g) for pull in pulls]

    rules = fun.rules = replacement.rules
    rules.original = original
    rules.set_vjp(pull_all)
    rules.undo.append(redirect(fun, replacement))
    return rules
