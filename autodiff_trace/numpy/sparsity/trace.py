"""The dependence trace: each value carries, element by element, the set of the inputs on which it may depend.

A rule ``rule(nodes, ans, *args, **kwargs)`` gives the sets of the answer from those of the arguments, ``nodes``, by
position. Without one, what moves elements is applied to numbers of the elements, and elementwise functions unite the
sets that meet; and else every element of the answer is taken to depend on all that the arguments depend on: the sets
can be too large, never too small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.derivative import DerivativeTrace, by_argument
from ...core.tracer import boxers, to_value
from .index_sets import IndexSets, stack, union

__all__ = ["trace_dependence"]


class DependenceTrace(DerivativeTrace):
    """Carries :class:`IndexSets` as the node of each box."""

    output_node = staticmethod(lambda node, outputs, i: node[i])

    @staticmethod
    def make_node(prim, argument, node, ans, values, kwargs):
        nodes = by_argument(argument, node)
        traits = prim.traits
        sets = NotImplemented
        if any(isinstance(argument, str) for argument in nodes):
            pass
        elif traits.sparsity is not None:
            sets = traits.sparsity(nodes, ans, *values, **kwargs)
        elif traits.moves_from and not kwargs:
            sets = move(prim, nodes, values)
        elif traits.elementwise or isinstance(prim.fun, np.ufunc) and prim.fun.signature is None:
            sets = union_by_element(nodes, ans, *values)
        return depend_on_all(nodes, ans) if sets is NotImplemented else sets


def leaves_of(node: Any) -> list[IndexSets]:
    """The sets of an argument, or of the items of a sequence that are followed."""
    if isinstance(node, IndexSets):
        return [node]
    return [leaf for each in node if each is not None for leaf in leaves_of(each)]


def depend_on_all(nodes: dict, ans: Any) -> Any:
    together = stack([leaf for node in nodes.values() for leaf in leaves_of(node)])
    if isinstance(ans, (tuple, list)):
        return [together.fill(np.size(output)) for output in ans]
    return together.fill(ans.size)


# Functions that move elements. The elements of the operands are numbered from 1; those that do not depend on the inputs
# are 0, and so are the zeros that such functions put in. What the function makes of the numbers says where each element
# of the answer comes from.


def move(prim, nodes, args):
    positions = prim.traits.moves_from
    if not nodes.keys() <= set(positions):
        return NotImplemented
    new = list(args)
    start = 1
    for argnum in positions:
        new[argnum], start = number(args[argnum], nodes.get(argnum), start)
    numbers = prim.fun(*map(plain, new))
    return stack([leaf for argnum in sorted(nodes) for leaf in leaves_of(nodes[argnum])]).gather(numbers - 1)


def number(arg: Any, node: Any, start: int) -> tuple[Any, int]:
    """The numbers of the elements of an argument, or of a sequence of them, from ``start`` on, and where they end."""
    if isinstance(arg, (list, tuple)):
        numbers = []
        for item, each in zip(arg, node or [None] * len(arg)):
            numbered, start = number(item, each, start)
            numbers.append(numbered)
        return numbers, start
    if node is None:
        return np.zeros(np.shape(arg), np.int64), start
    return np.arange(start, start + node.count).reshape(np.shape(arg)), start + node.count


def plain(arg: Any) -> Any:
    """``arg`` without boxes, also inside an index."""
    return type(arg)(map(plain, arg)) if type(arg) in (list, tuple) else to_value(arg)


def union_by_element(nodes, ans, *args):
    """Elementwise functions: the operands are broadcast, and each element depends on those that meet in it."""
    if any(isinstance(node, list) for node in nodes.values()):
        return NotImplemented
    several = isinstance(ans, (tuple, list))
    shape = (ans[0] if several else ans).shape
    sets = union([node.broadcast(np.shape(args[i]), shape) for i, node in nodes.items()])
    return [sets] * len(ans) if several else sets


def trace_dependence(fun: Callable, inputs: Sequence) -> tuple[list, list[IndexSets | None]]:
    """Run ``fun`` on boxes of ``inputs``: its outputs, and for each the sets of input elements it may depend on, where
    the elements of all inputs are numbered through; None is the empty set for all."""
    trace = DependenceTrace()
    width = sum(x.size for x in inputs)
    boxes, first = [], 0
    for x in inputs:
        boxes.append(boxers[type(x)](x, trace, IndexSets.singletons(x.size, width, first)))
        first += x.size
    return trace.run(fun, boxes)
