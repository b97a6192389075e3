"""Traces of one's own: node classes that see each primitive, as autograd's tracer shows them.

Derivatives run on the traces of :mod:`autodiff_trace.core`. Here is what clients import: boxes and their registry,
``primitive``, and :func:`trace`, which runs a function with a class of nodes.
"""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.pytree import tree_map
from ..core.tracer import (
    Box, Trace, box_classes, boxers, find_top_trace, innermost_trace, is_box, trace_stack as running, watched_types,
)
from ..core.traits import traits_of
from .containers import holds_box, put_back, take_out
from .own_dispatch import CallNode
from .primitives import primitive, rules_of
from .public_calls import known_call, public_call, with_items
from .util import subval, subvals, toposort
from .wrap_util import wraps

__all__ = [
    "Box", "Node", "NodeTrace", "SequenceBox", "TraceStack", "box_type_mappings", "box_types", "find_top_boxed_args",
    "getval", "isbox", "new_box", "notrace_primitive", "notrace_primitives", "primitive", "register_notrace", "subval",
    "subvals", "toposort", "trace", "trace_primitives_map", "trace_stack", "wraps",
]

box_type_mappings = boxers
box_types = box_classes
Box.type_mappings = boxers
Box.types = box_classes

notrace_primitives: dict[type, set] = defaultdict(set)
"""For a class of nodes the primitives that it does not see."""

trace_primitives_map: dict[Callable, Callable] = {}
"""For a function of NumPy the primitive of that function."""


class Node:
    """What a trace of one's own makes of a call: ``__init__(value, fun, args, kwargs, parent_argnums, parents)``.

    ``value`` is the answer of ``fun(*args, **kwargs)``, ``parents`` are the nodes of the arguments at
    ``parent_argnums``. ``initialize_root`` makes the node of an input.
    """

    __slots__ = ()

    def __init__(
        self, value: Any, fun: Callable, args: Sequence, kwargs: dict, parent_argnums: tuple, parents: tuple
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no __init__(value, fun, args, kwargs, argnums, parents)")

    def initialize_root(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no initialize_root")

    @classmethod
    def new_root(cls, *args: Any, **kwargs: Any) -> Node:
        """The node of an input."""
        root = cls.__new__(cls)
        root.initialize_root(*args, **kwargs)
        return root


class NodeTrace(Trace):
    """Makes a node, of the class of the nodes of the arguments, for each primitive."""

    holds_values = True

    def process_general(self, prim, args, kwargs):
        argnums = tuple([i for i, arg in enumerate(args) if self.is_mine(arg) and arg._node is not None])
        if kwargs or any(map(holds_box, args)):
            form, boxes = take_out((args, kwargs), self.is_mine)
            values = [box._value for box in boxes]
            parents = tuple([box._node for box in boxes if box._node is not None])
            args, kwargs = put_back(form, values)
        else:  # as a rule (60 µs)
            parents = tuple([args[i]._node for i in argnums])
            args = [arg._value if self.is_mine(arg) else arg for arg in args]
        ans = prim(*args, **kwargs)
        if not parents:
            return ans
        kind = type(parents[0])
        if issubclass(kind, DerivativeNode) and not traits_of(prim).differentiable:
            return ans
        if len(argnums) == len(parents):
            is_seen = "is_unseen" not in vars(kind)
            fun, args, kwargs = (public_call if is_seen else known_call)(prim, tuple(args), kwargs, ans)
        else:
            fun, args, kwargs = with_items(prim), (form, *values), {}
            argnums = tuple([i for i, box in enumerate(boxes, 1) if box._node is not None])
        if fun in notrace_primitives[kind]:
            return ans
        return self.boxed(ans, kind(ans, fun, args, kwargs, argnums, parents))

    def boxed(self, value: Any, node: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return SequenceBox(value, self, node)
        boxer = boxers.get(type(value))
        return value if boxer is None else boxer(value, self, node)

    def is_mine(self, arg: Any) -> bool:
        return type(arg) in box_classes and arg._trace is self

    def python_value(self, box, use):
        return use(box._value)


class KnownAsSequence(type(tuple)):
    def __instancecheck__(cls, instance):
        return type.__instancecheck__(cls, instance) or isinstance(instance, (list, tuple)) and holds_box(instance)


class SequenceBox(tuple, metaclass=KnownAsSequence):
    """A tuple that a trace of one's own watches: its items are boxes. (Elsewhere a traced sequence is a tuple or list
    of boxes; both are instances of this class.)"""

    def __new__(cls, value: Sequence, trace: Any = None, node: Any = None) -> SequenceBox:
        items = value
        if isinstance(node, Node):
            items = [new_box(item, trace, type(node)(item, container_take, (value, i), {}, (0,), (node,)))
                     for i, item in enumerate(value)]
        self = super().__new__(cls, items)
        self._value, self._trace, self._node = value, trace, node
        return self


watched_types.add(SequenceBox)


@primitive
def container_take(A: Any, idx: Any) -> Any:
    """``A[idx]`` of a list, tuple or dict."""
    return A[idx]


@functools.cache
def numbered_trace(number: int) -> NodeTrace:
    """The trace of boxes that a client numbers itself: below all traces that run."""
    numbered = NodeTrace()
    numbered.level = 0.5 + number / 2**20
    return numbered


def new_box(value: Any, trace: Any, node: Any) -> Any:
    """The box of ``value`` in a trace, which may be a number.

    Raises TypeError for a value of a type that has no box.
    """
    trace = numbered_trace(trace) if isinstance(trace, int) else trace
    if isinstance(node, CallNode):
        return node.box(value, trace)
    if isinstance(value, (list, tuple)) and type(value) not in boxers:
        return SequenceBox(value, trace, node)
    boxer = boxers.get(type(value))
    if boxer is None:
        raise TypeError(f"Can't differentiate w.r.t. type {type(value)}")
    return boxer(value, trace, node)


def isbox(x: Any) -> bool:
    """Whether ``x`` is a traced value."""
    return type(x) in box_classes or type(x) is SequenceBox


def getval(x: Any) -> Any:
    """The plain value under all boxes; of a container that of its items."""
    while isbox(x):
        x = x._value
    return tree_map(lambda leaf: getval(leaf) if is_box(leaf) else leaf, x) if holds_box(x) else x


def trace(start_node: Node, fun: Callable, x: Any) -> tuple[Any, Any]:
    """Run ``fun`` on ``x`` with nodes of the class of ``start_node``: its value, and the node of that, None where the
    value does not depend on ``x``."""
    with trace_stack.new_trace() as t:
        end_box = fun(new_box(x, t, start_node))
    if isbox(end_box) and end_box._trace is t:
        return end_box._value, end_box._node
    warnings.warn("Output seems independent of input.", stacklevel=2)
    return end_box, None


class TraceStack:
    """The traces that run, as autograd's users reach them."""

    @property
    def top(self) -> float:
        """The level of the innermost trace, -1 where none runs."""
        innermost = innermost_trace()
        return -1 if innermost is None else innermost.level

    @contextmanager
    def new_trace(self) -> Iterator[NodeTrace]:
        """A trace for nodes of one's own, while the block runs."""
        own = NodeTrace()
        stack = running.get()
        running.set((*stack, own))
        try:
            yield own
        finally:
            running.set(stack)


trace_stack = TraceStack()


def find_top_boxed_args(args: Sequence) -> tuple[list, Any, Any, bool]:
    """The arguments that belong to the innermost trace, with their positions; that trace; the class of their nodes;
    and False: operands with ``__array_ufunc__`` of their own are asked by the boxes."""
    top = find_top_trace(args)
    boxed = [(i, arg) for i, arg in enumerate(args) if isbox(arg) and arg._trace is top]
    kind = type(boxed[0][1]._node) if boxed else None
    return boxed, -1 if top is None else top, kind if kind is None or issubclass(kind, Node) else CallNode, False


def notrace_primitive(f_raw: Callable) -> Callable:
    """A function that gets the plain values of traced arguments, and that no trace sees."""

    # Not all that `wraps` copies: in Python 3.12 `type.__type_params__` is an attribute that a function cannot have.
    @functools.wraps(f_raw, assigned=("__module__", "__name__", "__qualname__", "__doc__"), updated=())
    def f_wrapped(*args, **kwargs):
        return f_raw(*map(getval, args), **kwargs)

    f_wrapped._is_primitive = True
    return f_wrapped


def register_notrace(trace_type: type, primitive_fun: Callable) -> None:
    """Let nodes of the class ``trace_type`` not be made for a primitive: its answer is a constant to them."""
    notrace_primitives[trace_type].add(primitive_fun)
    if issubclass(trace_type, DerivativeNode):
        rules_of(primitive_fun).be_constant()


class DerivativeNode(Node):
    """A node of reverse or forward mode, which native traces make. One of a class that has ``is_unseen`` does not show
    the function that it is of."""

    __slots__ = ()
