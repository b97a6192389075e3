"""Primitives: the functions at which tracing stops, and the path from a call to a trace."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from .array_ops import array_ops
from .foreign import array_types
from .other_operands import call_with_others
from .parameters import is_own_out, positional_parameters
from .shape_errors import name_shapes
from .tracebacks import hide_frames
from .tracer import box_classes, find_top_trace, metadata, passed_types, watched_types
from .traits import Traits, table

__all__ = [
    "add_rule_table", "composite", "dispatch", "nondifferentiable", "notrace_primitive", "primitive",
    "with_rules", "wrap_function",
]

F = TypeVar("F", bound=Callable[..., Any])


def primitive(
    fun: F,
    *,
    fast_fun: Callable[..., Any] | None = None,
    sequence_args: tuple[int, ...] = (),
    makes_view: bool = False,
    out_position: int | None = None,
    out_name: str = "out",
) -> F:
    """Make ``fun`` a function that traces see as one step.

    Arguments:
        fun: computes the value, from plain arguments.
        fast_fun: computes the same quicker, from the same arguments, where at least one is an array or a NumPy scalar.
        sequence_args: positions of arguments that are sequences of arrays by nature, as in ``concatenate``. Elsewhere
            a list that holds traced values is made an array first.
        makes_view: the answer may share its memory with the first argument, so that writing into one changes the other.
        out_position: where ``out`` can be passed by position, if ``fun`` is no ufunc. A parameter ``out`` whose default
            is not None is one like others.
        out_name: the name of that parameter, which calls of the primitive have as a keyword alone.

    Returns a function with the same signature, to which rules are attached with ``defvjp`` and ``defjvp``.

    >>> import math
    >>> from autodiff_trace import extend, grad
    >>> exp = primitive(math.exp)
    >>> extend.defvjp(exp, lambda g, ans, x: g * ans)
    >>> float(grad(exp)(0.0))
    1.0
    """
    return make_primitive(
        fun, fast_fun, out_position, sequence_args=sequence_args, makes_view=makes_view, out_name=out_name
    )


def nondifferentiable(fun: F, *, fast_fun: Callable[..., Any] | None = None, out_position: int | None = None) -> F:
    """Make ``fun``, whose derivative is zero wherever it exists, a primitive that derivatives skip: ``floor``, ``>``.

    Unlike :func:`notrace_primitive` it is seen by traces that are not derivatives (batching, recording).

    >>> from autodiff_trace import grad
    >>> floor = nondifferentiable(lambda x: x // 1)
    >>> float(grad(lambda x: x * floor(x))(2.5))
    2.0
    """
    return make_primitive(fun, fast_fun, out_position, differentiable=False)


def notrace_primitive(fun: F) -> F:
    """Make ``fun``, which reads only shape and dtype, a function that no trace sees: ``shape``, ``ndim``, ``size``.

    >>> from autodiff_trace import grad
    >>> name_of_dtype = notrace_primitive(lambda x: x.dtype.name)
    >>> grad(lambda x: (x, name_of_dtype(x)), has_aux=True)(1.0)
    (np.float64(1.0), 'float64')
    """

    def shown(arg):
        is_traced_sequence = (type(arg) is list or type(arg) is tuple) and find_top_trace(arg) is not None
        found = metadata(array_ops.array(arg) if is_traced_sequence else arg)
        return array_ops.outline_foreign(found) if type(found) in array_types else found

    @functools.wraps(fun, updated=())
    def call(*args, **kwargs):
        try:
            if len(args) == 1 and not kwargs and type(args[0]) not in (list, tuple):  # 0.4 instead of 1.4 µs
                return fun(shown(args[0]))
            return fun(*map(shown, args), **{name: shown(arg) for name, arg in kwargs.items()})
        except Exception as error:
            hide_frames(error)
            raise

    return call


def composite(fun: Callable[..., Any]) -> Callable[[F], F]:
    """Decorate the definition of ``fun`` by primitives: plain arguments go to ``fun``, traced ones to the definition.

    >>> import math
    >>> @composite(math.hypot)
    ... def hypot(x, y):
    ...     return (x * x + y * y) ** 0.5
    >>> hypot(3.0, 4.0)
    5.0
    """

    def decorate(definition):
        @functools.wraps(fun, updated=())
        def call(*args, **kwargs):
            try:
                for arg in args:
                    kind = type(arg)
                    if kind in watched_types and (kind in box_classes or find_top_trace(arg)):
                        return definition(*args, **kwargs)
                if kwargs and find_top_trace(kwargs.values()) is not None:
                    return definition(*args, **kwargs)
                return fun(*args, **kwargs)
            except Exception as error:
                hide_frames(error)
                raise

        call.fun = fun
        return call

    return decorate


def make_primitive(fun: Callable, fast_fun: Callable | None, out_position: int | None, **facts: Any) -> Callable:
    """The primitive of ``fun``, of which ``facts`` are declared."""
    most_args = getattr(fun, "nin", sys.maxsize if out_position is None else out_position)
    if root_module(fun) in ("numpy", "_operator", __name__.partition(".")[0]):
        traits = Traits(fun, fast_fun or fun, most_args=most_args, **facts)
        table.setdefault(fun, traits)  # of users' functions, which may be many, there is no list
    else:
        fun = array_ops.with_own_results(fun)
        fast_fun = array_ops.with_own_results(fast_fun) if fast_fun else fun
        traits = Traits(fun, fast_fun, is_users=True, most_args=most_args, **facts)
    return wrap_function(fun, traits)


def wrap_function(fun: Callable, traits: Traits) -> Callable:
    """The primitive of ``fun``, of which ``traits`` are declared."""

    @functools.wraps(fun, updated=())
    def call(*args, **kwargs):
        try:
            if not all([type(arg) in passed_types or type(arg) in watched_types for arg in args]):
                return call_with_others(call, args, kwargs)
            return dispatch(call, args, kwargs)
        except Exception as error:
            name_shapes(error, call, args)
            hide_frames(error)
            raise

    return with_rules(call, fun, traits)


def with_rules(call: Callable, fun: Callable, traits: Traits) -> Callable:
    """``call``, the primitive of ``fun``, with places for the rules of all modes."""
    call.fun = fun
    call.traits = traits
    call.sequence_handler = None  # (prim, args, kwargs) → answer, for calls with sequences, or with outputs among them
    for add_table in rule_table_makers:
        add_table(call)
    return call


def root_module(function: Callable) -> str:
    """The package that defines ``function``; of ufuncs, which do not say, NumPy."""
    return (getattr(function, "__module__", None) or "numpy").partition(".")[0]


rule_table_makers: list[Callable[[Callable], None]] = []


def add_rule_table(maker: Callable[[Callable], None]) -> None:
    """Let ``maker`` give each new primitive the table of rules of a mode. Modes call it before primitives are made."""
    rule_table_makers.append(maker)


# The path from a call to a trace


def dispatch(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """Any call of ``prim``, also with boxes in keyword arguments and in sequences."""
    keywords_top = find_top_trace(kwargs.values()) if kwargs else None
    top = find_top_trace(args, keywords_top)
    if top is None:
        return prim.fun(*args, **kwargs)
    traits = prim.traits
    at = traits.most_args
    if prim.sequence_handler is not None and (kwargs or len(args) > at or has_sequence(args)):
        return prim.sequence_handler(prim, args, kwargs)
    if len(args) > at:
        out, rest = args[at], args[at + 1 :]
        args = (*args[:at], None, *rest) if rest else args[:at]
        if out is not None:
            kwargs = {**kwargs, traits.out_name: out}
    if kwargs:
        if "out" in kwargs and not is_own_out(prim, kwargs["out"]):
            kwargs = dict(kwargs)
            out = kwargs.pop("out")
            return array_ops.store(out, prim(*args, **kwargs))
        if keywords_top is not None:
            args, kwargs = bind_traced_keywords(prim, args, kwargs)
    args, has_traced_sequence = convert_sequences(prim, args)
    if not traits.differentiable:
        return top.process_nondifferentiable(prim, args, kwargs)
    is_general = keywords_top is not None or has_traced_sequence
    ans = (top.process_general if is_general else top.process)(prim, args, kwargs)
    if traits.makes_view and type(ans) in box_classes and args and type(args[0]) in box_classes:
        array_ops.note_view(ans, args[0], prim, args[1:], kwargs)
    elif traits.is_users:
        array_ops.note_shared(prim.__name__, ans, (*args, *kwargs.values()), refuses_plain=True)
    return ans


def has_sequence(args: tuple) -> bool:
    return not {list, tuple}.isdisjoint(map(type, args))


def bind_traced_keywords(prim: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Make keyword arguments that hold boxes positional where ``prim`` allows it, so that rules find them by number."""
    traced = [name for name, arg in kwargs.items() if find_top_trace((arg,)) is not None]
    parameters = positional_parameters(prim)
    last = max((i for i, parameter in enumerate(parameters) if parameter.name in traced), default=-1)
    if last < len(args):
        return args, kwargs
    kwargs = dict(kwargs)
    return (*args, *(kwargs.pop(p.name, p.default) for p in parameters[len(args) : last + 1])), kwargs


def convert_sequences(prim: Callable, args: tuple) -> tuple[tuple, bool]:
    """Replace lists and tuples that hold boxes by one traced array, unless ``prim`` takes a sequence there; and whether
    there were any."""
    found = False
    for i, arg in enumerate(args):
        if (type(arg) is list or type(arg) is tuple) and find_top_trace(arg) is not None:
            found = True
            if i not in prim.traits.sequence_args:
                args = (*args[:i], array_ops.array(arg), *args[i + 1 :])
    return args, found
