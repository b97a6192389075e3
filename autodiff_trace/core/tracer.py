"""Tracing: boxes, traces and primitives. Knows no NumPy function and no derivative.

A *primitive* is a function at which tracing stops. Called with a *box* (a value that a trace watches), it hands the
call to the highest trace among its arguments. That trace takes its own boxes off, calls the primitive again, so that
the traces below see it too, records what it needs and boxes the answer:

    sin(Box(Box(1.0, outer), inner))
      inner.process: sin(Box(1.0, outer))        the inner box is off
        outer.process: np.sin(1.0)               no box is left: NumPy computes
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from .array_ops import array_ops
from .errors import EndedTraceError, TracedValueError, caller_line

__all__ = [
    "NO_KEYWORDS", "Box", "DerivativeTrace", "RuleTable", "Trace", "boxers", "dispatch", "find_top_trace", "is_box",
    "nondifferentiable", "notrace_primitive", "primitive", "register_box", "rule_table_makers",
    "to_value", "trace_stack",
]

new_level = itertools.count(1).__next__
"""Levels are never reused: an inner trace is higher than the traces around it, in whatever thread it runs."""

trace_stack: ContextVar[tuple[Trace, ...]] = ContextVar("trace_stack", default=())
"""The traces that run in this context, innermost last. Each thread and each asyncio task has its own."""

box_classes: set[type] = set()
"""The classes of box."""

watched_types: set[type] = {list, tuple}
"""The types of argument a primitive has to look at: boxes, and the sequences that may hold some."""

boxers: dict[type, Callable[[Any, Trace, Any], Box]] = {}
"""For each type of value what makes a box of it. Box classes are in it themselves: boxes nest."""

NO_KEYWORDS: dict[str, Any] = {}


class Box:
    """A value that a trace watches.

    ``value`` is a plain value or the box of a lower trace. ``node`` is what the trace knows of it: its node in the
    graph, its tangent, its batch axis; None for a value that does not depend on the trace's inputs.
    """

    __slots__ = ("value", "trace", "node", "__weakref__")

    def __init__(self, value: Any, trace: Trace, node: Any) -> None:
        self.value = value
        self.trace = trace
        self.node = node


def register_box(box_class: type[Box], *value_types: type, convert: Callable[[Any], Any] | None = None) -> None:
    """Let values of these types be boxed in ``box_class``, after ``convert(value)`` if that is given."""
    box_classes.add(box_class)
    watched_types.add(box_class)
    boxers[box_class] = box_class
    for value_type in value_types:
        boxers[value_type] = (
            box_class if convert is None else lambda value, trace, node: box_class(convert(value), trace, node)
        )


def is_box(value: Any) -> bool:
    """Whether ``value`` is a box, of whatever trace."""
    return type(value) in box_classes


def to_value(value: Any) -> Any:
    """The plain value under all boxes."""
    while type(value) in box_classes:
        value = value.value
    return value


# Traces


class Trace:
    """One running transformation. A subclass says what becomes of a primitive that meets its boxes."""

    __slots__ = ("level",)

    def __init__(self) -> None:
        self.level = new_level()

    def process(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The answer of ``prim(*args, **kwargs)``, where this trace is the highest that has a box among ``args``;
        ``kwargs`` and sequences among the arguments hold none."""
        raise NotImplementedError

    def process_one(self, prim: Callable, box: Box, argnum: int, values: list) -> Any:
        """The same for a call with one box: ``values`` are its arguments, with ``box.value`` at ``argnum``.

        Functions of one argument, and operators with a constant, come here: without the loop of ``process`` they take
        0.25 µs less of 1.0.
        """
        return self.process(prim, (*values[:argnum], box, *values[argnum + 1 :]), NO_KEYWORDS)

    def process_general(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The same where keyword arguments, and sequences among the arguments, may hold boxes."""
        raise NotImplementedError

    def process_nondifferentiable(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The same for a primitive that is piecewise constant."""
        return self.process_general(prim, args, kwargs)

    def metadata(self, box: Box) -> Any:
        """An object with the shape, dtype, ndim and size that the user sees in ``box``."""
        return box.value

    def python_value(self, box: Box, use: Callable) -> Any:
        """``use(box)`` where Python itself asks for a plain value: bool, int, float, complex, operator.index …"""
        raise NotImplementedError

    def start(self) -> None:
        """Enter the stack of running traces. Each ``start`` has its ``end``, in a ``finally``."""
        trace_stack.set((*trace_stack.get(), self))

    def end(self) -> None:
        """Leave the stack; from now on the boxes of this trace are spent."""
        trace_stack.set(trace_stack.get()[:-1])
        # A spent trace changes its class, so that the hot path need not ask whether its trace still runs.
        self.__class__ = EndedTrace


class EndedTrace(Trace):
    """What a trace becomes when its transformation has returned."""

    __slots__ = ()

    def process(self, prim, args, kwargs):
        raise EndedTraceError(
            f"{prim.__name__} got a traced value whose trace has ended ({caller_line()}). A value that was computed "
            "inside a transformed function cannot be used after that function has returned: return it (has_aux=True "
            "returns extra values), or store the plain number, to_numpy(x)."
        )

    process_general = process

    def python_value(self, box, use):
        return self.process(use, (box,), {})


class RuleTable(dict):
    """The rules of one primitive in one mode, by argument: a position, or the name of a keyword-only argument.

    ``find_missing(argument)`` makes a rule for an argument that has none, or raises.
    """

    def __init__(self, find_missing: Callable[[int | str], Callable]) -> None:
        super().__init__()
        self.find_missing = find_missing

    def __missing__(self, argument: int | str) -> Callable:
        return self.find_missing(argument)


class DerivativeTrace(Trace):
    """What reverse and forward mode share: take this trace's boxes off, compute, record the arguments it follows."""

    __slots__ = ()

    rules_of: Callable[[Callable], RuleTable]
    """The rules of a primitive in this mode."""

    make_node: Callable[[Callable, list, Any, list, dict], Any]
    """``make_node(prim, followed, ans, values, kwargs)``: what the box of the answer carries, where ``followed`` lists
    (rule, node) for each argument that depends on the inputs of this trace, and ``values`` are the arguments unboxed."""

    def process(self, prim, args, kwargs):
        # Half the cost of an operation is here. Whether a lower trace has to see the call is read off the values, so
        # the innermost call goes straight to NumPy (saves a second scan, 0.15 of 1.0 µs).
        rules = self.rules_of(prim)
        function = prim.fast_fun
        values = []
        followed = []
        argnum = 0
        for arg in args:
            if type(arg) in box_classes:
                if arg.trace is self:
                    node = arg.node
                    if node is not None:
                        followed.append((rules[argnum], node))
                    arg = arg.value
                    if type(arg) in box_classes:
                        function = prim
                else:
                    function = prim
            values.append(arg)
            argnum += 1
        ans = function(*values)
        node = self.make_node(prim, followed, ans, values, kwargs) if followed else None
        try:
            return boxers[type(ans)](ans, self, node)
        except KeyError:
            return self.box_outputs(ans, node, prim)

    def process_one(self, prim, box, argnum, values):
        function = prim if type(values[argnum]) in box_classes else prim.fast_fun
        ans = function(*values)
        node = box.node
        if node is not None:
            node = self.make_node(prim, [(self.rules_of(prim)[argnum], node)], ans, values, NO_KEYWORDS)
        try:
            return boxers[type(ans)](ans, self, node)
        except KeyError:
            return self.box_outputs(ans, node, prim)

    def process_general(self, prim, args, kwargs):
        followed = []
        rules = self.rules_of(prim)
        values = []
        for argnum, arg in enumerate(args):
            value, node = self.unbox(arg)
            if node is not None:
                followed.append((rules[argnum], node))
            values.append(value)
        keywords = {}
        for name, arg in kwargs.items():
            keywords[name], node = self.unbox(arg)
            if node is not None:
                followed.append((rules[name], node))
        ans = prim(*values, **keywords)
        node = self.make_node(prim, followed, ans, values, keywords) if followed else None
        boxer = boxers.get(type(ans))
        return self.box_outputs(ans, node, prim) if boxer is None else boxer(ans, self, node)

    def process_nondifferentiable(self, prim, args, kwargs):
        values = [self.unbox(arg)[0] for arg in args]
        return prim(*values, **{name: self.unbox(arg)[0] for name, arg in kwargs.items()})

    def python_value(self, box, use):
        if use is float or use is complex:
            raise TracedValueError(
                f"{use.__name__}() of a traced value would drop its derivative ({caller_line()}). Leave the call out: "
                "the value works as a number; or take it out of the derivative: to_numpy(x)."
            )
        return use(box.value)

    def unbox(self, arg: Any) -> tuple[Any, Any]:
        """``arg`` without the boxes of this trace, and its node; for a list or tuple a list of nodes; else None."""
        kind = type(arg)
        if kind in box_classes:
            return (arg.value, arg.node) if arg.trace is self else (arg, None)
        if kind not in watched_types or find_top_trace(arg) is None:
            return arg, None
        values, nodes = zip(*map(self.unbox, arg))
        if all(node is None for node in nodes):
            nodes = None
        return (list(values) if kind is list else values), nodes and list(nodes)

    def box_outputs(self, ans: Any, node: Any, prim: Callable) -> Any:
        """Box the items of a tuple or list of outputs."""
        if not isinstance(ans, (tuple, list)):
            raise TypeError(
                f"{prim.__name__} returned a {type(ans).__name__}, which cannot be traced: a primitive returns an "
                "array, a number, or a tuple or list of them. register_array_type admits further array types."
            )
        items = [
            boxers[type(item)](item, self, None if node is None else self.output_node(node, ans, i))
            for i, item in enumerate(ans)
        ]
        return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)

    def output_node(self, node: Any, outputs: Any, i: int) -> Any:
        """What the box of output ``i`` carries, where ``node`` is that of all outputs together."""
        raise NotImplementedError


# Primitives


def primitive(fun: Callable, *, fast_fun: Callable | None = None, sequence_args: tuple[int, ...] = ()) -> Callable:
    """Make ``fun`` a function that traces see as one step.

    Arguments:
        fun: computes the value, from plain arguments.
        fast_fun: computes the same quicker where at least one argument is an array or a NumPy scalar: an operator.
        sequence_args: positions of arguments that are sequences of arrays by nature, as in ``concatenate``. Elsewhere
            a list that holds traced values is made an array first.

    Returns a function with the same signature, to which rules are attached with ``defvjp`` and ``defjvp``.
    """

    return make_primitive(fun, fast_fun, sequence_args, "process")


def nondifferentiable(fun: Callable, *, fast_fun: Callable | None = None) -> Callable:
    """Make ``fun``, whose derivative is zero wherever it exists, a primitive that derivatives skip: ``floor``, ``>``.

    Unlike :func:`notrace_primitive` it is seen by traces that are not derivatives (batching, recording).
    """
    return make_primitive(fun, fast_fun, (), "process_nondifferentiable")


def notrace_primitive(fun: Callable) -> Callable:
    """Make ``fun``, which reads only shape and dtype, a function that no trace sees: ``shape``, ``ndim``, ``size``."""

    @functools.wraps(fun, updated=())
    def call(*args, **kwargs):
        return fun(*map(metadata, args), **{name: metadata(arg) for name, arg in kwargs.items()})

    return call


def make_primitive(fun, fast_fun, sequence_args, method):
    differentiable = method == "process"

    @functools.wraps(fun, updated=())
    def call(*args, **kwargs):
        # The scan stands here and not in dispatch(), which costs a second scan and a call (0.2 of 1.0 µs).
        top = None
        for arg in args:
            kind = type(arg)
            if kind in watched_types:
                if kind in box_classes:
                    trace = arg.trace
                    if trace is not top and (top is None or trace.level > top.level):
                        top = trace
                else:
                    return dispatch(call, args, kwargs)
        if kwargs:
            return dispatch(call, args, kwargs)
        if top is None:
            return fun(*args)
        if differentiable:
            if len(args) == 1:
                return top.process_one(call, arg, 0, [arg.value])
            return top.process(call, args, kwargs)
        return top.process_nondifferentiable(call, args, kwargs)

    call.fun = fun
    call.fast_fun = fast_fun or fun
    call.sequence_args = sequence_args
    call.differentiable = differentiable
    call.keyword_handler = None  # (prim, args, kwargs) → answer, for keywords that stand for other primitives
    for add_table in rule_table_makers:
        add_table(call)
    return call


rule_table_makers: list[Callable[[Callable], None]] = []
"""Each mode adds a function that gives a new primitive the mode's empty table of rules."""


def metadata(value: Any) -> Any:
    """What stands for ``value`` where only its shape and dtype are read."""
    while type(value) in box_classes:
        value = value.trace.metadata(value)
    return value


# The path from a call to a trace


def dispatch(prim: Callable, args: tuple, kwargs: dict) -> Any:
    """Any call of ``prim``, also with boxes in keyword arguments and in sequences."""
    top = find_top_trace(kwargs.values(), find_top_trace(args))
    if top is None:
        return prim.fun(*args, **kwargs)
    if kwargs:
        if prim.keyword_handler is not None:
            return prim.keyword_handler(prim, args, kwargs)
        args, kwargs = bind_traced_keywords(prim, args, kwargs)
    args = convert_sequences(prim, args)
    if prim.differentiable:
        return top.process_general(prim, args, kwargs)
    return top.process_nondifferentiable(prim, args, kwargs)


def find_top_trace(args: Iterable, top: Trace | None = None) -> Trace | None:
    """The highest trace, at least ``top``, that has a box among ``args`` or in the lists and tuples among them."""
    for arg in args:
        kind = type(arg)
        if kind in watched_types:
            if kind in box_classes:
                if top is None or arg.trace.level > top.level:
                    top = arg.trace
            else:
                top = find_top_trace(arg, top)
    return top


def bind_traced_keywords(prim: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Make keyword arguments that hold boxes positional where ``prim`` allows it, so that rules find them by number."""
    traced = [name for name, arg in kwargs.items() if find_top_trace((arg,)) is not None]
    parameters = positional_parameters(prim.fun) if traced else []
    last = max((i for i, parameter in enumerate(parameters) if parameter.name in traced), default=-1)
    if last < len(args):
        return args, kwargs
    kwargs = dict(kwargs)
    return (*args, *(kwargs.pop(p.name, p.default) for p in parameters[len(args) : last + 1])), kwargs


@functools.cache
def positional_parameters(fun: Callable) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(fun).parameters.values()
    except (TypeError, ValueError):  # some C functions have none
        return []
    return [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


def convert_sequences(prim: Callable, args: tuple) -> tuple:
    """Replace lists and tuples that hold boxes by one traced array, unless ``prim`` takes a sequence there."""
    return tuple(
        array_ops.array(arg)
        if type(arg) in (list, tuple) and i not in prim.sequence_args and find_top_trace(arg) is not None
        else arg
        for i, arg in enumerate(args)
    )
