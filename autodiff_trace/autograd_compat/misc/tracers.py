"""Graphs of calls, recorded with node classes of their own: run again on other values, or walked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tracer import Node, toposort, trace
from ..util import subvals
from ..wrap_util import wraps

__all__ = ["ConstGraphNode", "FullGraphNode", "const_graph", "const_graph_unary", "full_graph"]


class ConstGraphNode(Node):
    """A call that can be made again: ``partial_fun(values)``, with other values of its ``parents``."""

    __slots__ = ("parents", "partial_fun")

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        constants = subvals(args, [(argnum, None) for argnum in parent_argnums])

        def partial_fun(values):
            return fun(*subvals(constants, zip(parent_argnums, values)), **kwargs)

        self.parents = parents
        self.partial_fun = partial_fun

    def initialize_root(self):
        self.parents = ()


def const_graph_unary(fun: Callable) -> Callable:
    """``fun``, a function of one argument, with the calls of its first run made again in all others: loops and
    branches are those of the first argument.

    >>> f = const_graph_unary(lambda x: x * x if x > 0 else x)
    >>> float(f(3.0)), float(f(-3.0))
    (9.0, 9.0)
    """
    waiting = [fun]  # taken out when it has run, so that what it refers to is let go
    graph: list = []

    def recorded(x):
        if not graph:
            start = ConstGraphNode.new_root()
            value, end = trace(start, waiting[0], x)
            if end is None:
                raise ValueError("const_graph: the output does not depend on the input, so there is no graph.")
            waiting.clear()
            graph.extend(reversed(list(toposort(end))))
            return value
        start, *calls = graph
        values = {start: x}
        for node in calls:
            values[node] = node.partial_fun([values[parent] for parent in node.parents])
        return values[graph[-1]]

    return recorded


def const_graph(fun: Callable, *args: Any, **kwargs: Any) -> Callable:
    """The same for a function of several arguments, after the first ``args`` and ``kwargs`` have been given to it."""
    of_tuple = const_graph_unary(lambda rest: fun(*args, *rest, **kwargs))

    @wraps(fun)
    def recorded(*rest):
        return of_tuple(rest)

    return recorded


class FullGraphNode(Node):
    """A call with its ``value``, and ``recipe``: the function, its arguments, and pairs of position and parent."""

    __slots__ = ("value", "recipe")

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.value = value
        self.recipe = (fun, args, kwargs, list(zip(parent_argnums, parents)))

    def initialize_root(self):
        self.value = None
        self.recipe = (identity, (), {}, [])


def identity(x: Any) -> Any:
    return x


def full_graph(fun: Callable, *args: Any, **kwargs: Any) -> FullGraphNode | None:
    """The last node of ``fun(args, **kwargs)``, from which the whole graph is reached; None without one.

    As in autograd ``fun`` gets its positional arguments one by one, and the traced value is the tuple of them.
    """
    return trace(FullGraphNode.new_root(), lambda args: fun(*args, **kwargs), args)[1]
