"""What reverse and forward mode share: a trace that follows the arguments that depend on its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from .asking import why_not
from .errors import TracedValueError, caller_line
from .tracer import (
    Trace, box_classes, boxers, find_top_trace, snapshot, watched_types,
)

__all__ = [
    "DerivativeTrace", "RuleTable", "by_argument", "dropped", "is_followed", "new_object", "without_derivatives",
]

dropped: ContextVar[set | None] = ContextVar("dropped", default=None)
"""Where somebody asks: the traces of the values of which plain numbers were taken with ``to_numpy``."""

new_object = object.__new__


class RuleTable(dict):
    """The rules of one primitive in one mode, by argument: a position, or the name of a keyword-only argument.

    ``find_missing(argument)`` makes a rule for an argument that has none, or raises. A table may have rules for several
    arguments at once, by the tuple of them.
    """

    def __init__(self, find_missing: Callable[[int | str], Callable]) -> None:
        super().__init__()
        self.find_missing = find_missing

    def __missing__(self, argument: int | str) -> Callable:
        return self.find_missing(argument)


class DerivativeTrace(Trace):
    """What reverse and forward mode share: take this trace's boxes off, compute, record the arguments it follows."""

    holds_values = True

    make_node: Callable[[Callable, Any, Any, Any, Sequence, dict], Any]
    """``make_node(prim, argument, node, ans, values, kwargs)``: what the box of the answer carries, where ``argument``
    is the one that depends on the inputs of this trace, a position or a keyword, and ``node`` what it carries. Where
    several do, they are a tuple and a list. ``values`` are the arguments unboxed."""

    def make_lasting_node(self, *call):
        """The same for a call with arguments that others may change afterwards. A trace that reads them later than now
        overrides it."""
        return self.make_node(*call)

    def process_general(self, prim, args, kwargs):
        followed = {}
        values = []
        for argnum, arg in enumerate(args):
            value, node = self.unbox(arg)
            if node is not None:
                followed[argnum] = node
            values.append(value)
        keywords = {}
        for name, arg in kwargs.items():
            keywords[name], node = self.unbox(arg)
            if node is not None:
                followed[name] = node
        lower = find_top_trace((*values, *keywords.values()))
        ans = (prim.traits.fast_fun if lower is None else prim)(*values, **keywords)
        if len(followed) == 1:
            node = self.make_lasting_node(prim, *followed.popitem(), ans, values, keywords)
        else:
            several = tuple(followed), list(followed.values())
            node = self.make_lasting_node(prim, *several, ans, values, keywords) if followed else None
        boxer = boxers.get(type(ans))
        return self.box_outputs(ans, node, prim) if boxer is None else boxer(ans, self, node)

    def process_nondifferentiable(self, prim, args, kwargs):
        values = [self.unbox(arg)[0] for arg in args]
        return prim(*values, **{name: self.unbox(arg)[0] for name, arg in kwargs.items()})

    def python_value(self, box, use):
        if box._node is not None and (use is float or use is complex):
            line = caller_line()
            raise TracedValueError(why_not(line) or (
                f"{use.__name__}() of a traced value would drop its derivative ({line}). A traced value works as a "
                "number without it: instead of math.f(x) write anp.f(x), of autodiff_trace.numpy; for the plain number "
                "take to_numpy(x), to print it f\"{x:.3f}\"."
            ))
        return use(box._value)

    def plain(self, box):
        if box._node is not None and (traces := dropped.get()) is not None:
            traces.add(self)
        return box._value

    def unbox(self, arg: Any) -> tuple[Any, Any]:
        """``arg`` without the boxes of this trace, and its node; for a list or tuple a list of nodes; else None."""
        kind = type(arg)
        if kind in box_classes:
            return (arg._value, arg._node) if arg._trace is self else (snapshot(arg), None)
        if kind not in watched_types:
            return arg, None
        values, nodes = [], []
        is_followed = is_unboxed = False
        for item in arg:
            value, node = self.unbox(item)
            is_followed |= node is not None
            is_unboxed |= value is not item
            values.append(value)
            nodes.append(node)
        if is_unboxed:
            arg = values if kind is list else tuple(values)
        return arg, nodes if is_followed else None

    def box_outputs(self, ans: Any, node: Any, prim: Callable) -> Any:
        """Box the items of a tuple or list of outputs."""
        if not isinstance(ans, (tuple, list)):
            raise TypeError(
                f"{prim.__name__} returned a {type(ans).__name__}, which cannot be traced: a primitive returns an "
                "array, a number, or a tuple or list of them. register_array_type admits further array types."
            )
        outputs = ans if node is None else self.what_output_nodes_read(ans)
        items = [
            boxers[type(item)](item, self, None if node is None else self.output_node(node, outputs, i))
            for i, item in enumerate(ans)
        ]
        return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)

    def what_output_nodes_read(self, outputs: Any) -> Any:
        """What :meth:`output_node` gets for ``outputs``."""
        return outputs

    def output_node(self, node: Any, outputs: Any, i: int) -> Any:
        """What the box of output ``i`` carries, where ``node`` is that of all outputs together."""
        raise NotImplementedError


def by_argument(argument: Any, node: Any) -> dict:
    """What :attr:`DerivativeTrace.make_node` gets, as a dict from arguments to what they carry."""
    return dict(zip(argument, node)) if type(argument) is tuple else {argument: node}


def is_followed(x: Any, trace: Any) -> bool:
    """Whether ``x`` depends on the inputs of ``trace``."""
    while type(x) in box_classes:
        if x._trace is trace:
            return x._node is not None
        x = x._value
    return False


def without_derivatives(x: Any) -> Any:
    """``x``, or the items of a list, tuple or dict, without the boxes of derivatives, whose traces may have ended."""
    while type(x) in box_classes and x._trace.holds_values:
        x = x._value
    if type(x) is dict:
        return {name: without_derivatives(each) for name, each in x.items()}
    return type(x)(map(without_derivatives, x)) if type(x) in (list, tuple) else x
