"""The dependence trace: each value carries, element by element, the set of the inputs on which it may depend.

A rule ``rule(nodes, ans, *args, **kwargs)`` gives the sets of the answer from those of the arguments, ``nodes``, by
position. Without a rule every element of the answer is taken to depend on all that the arguments depend on: the sets
can be too large, never too small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.derivative import DerivativeTrace, by_argument
from ...core.tracer import boxers
from .index_sets import IndexSets, stack, union

__all__ = ["broadcast", "defdependence", "leaves_of", "trace_dependence", "union_by_element"]

def defdependence(rule: Callable, *prims: Callable) -> None:
    """Give primitives a rule; NotImplemented asks for the one that is always right."""
    for prim in prims:
        prim.traits.sparsity = rule


class DependenceTrace(DerivativeTrace):
    """Carries :class:`IndexSets` as the node of each box."""

    output_node = staticmethod(lambda node, outputs, i: node[i])

    @staticmethod
    def make_node(prim, argument, node, ans, values, kwargs):
        nodes = by_argument(argument, node)
        is_by_element = prim.traits.elementwise or isinstance(prim.fun, np.ufunc) and prim.fun.signature is None
        rule = prim.traits.sparsity or (union_by_element if is_by_element else None)
        sets = NotImplemented
        if rule is not None and not any(isinstance(argument, str) for argument in nodes):
            sets = rule(nodes, ans, *values, **kwargs)
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


def union_by_element(nodes, ans, *args, **kwargs):
    """Elementwise functions: the operands are broadcast, and each element depends on those that meet in it."""
    if any(isinstance(node, list) for node in nodes.values()):
        return NotImplemented
    several = isinstance(ans, (tuple, list))
    shape = (ans[0] if several else ans).shape
    sets = union([broadcast(node, np.shape(args[i]), shape) for i, node in nodes.items()])
    return [sets] * len(ans) if several else sets


def broadcast(sets: IndexSets, old: tuple, new: tuple) -> IndexSets:
    """The sets of an array of shape ``old``, broadcast to ``new``."""
    return sets.broadcast(old, new)


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
