"""Reverse mode: record a graph, then pull cotangents back along it. Knows no NumPy rule."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

from .array_ops import LARGE, large_types
from .errors import MissingRuleError, caller_line
from .cotangents import OutputsCotangent, add_cotangents, deferred_types
from .derivative import DerivativeTrace, RuleTable
from .primitives import add_rule_table
from .tracer import NO_KEYWORDS, box_classes, boxers
from .unread import forget_unread

__all__ = [
    "VJPNode", "VJPTrace", "backward_pass", "defvjp", "defvjp_all", "defvjp_pair", "trace_vjp",
]

new_object = object.__new__

next_index = itertools.count(0, -1).__next__
"""Node numbers fall, so that the smallest node on a heap, which compares by its number, was recorded last."""


VJPNode = tuple[int, Any, Any, Any, Sequence, dict, Any]
"""One recorded operation, ``(index, rule, parent, ans, args, kwargs, prim)``.

``rule(g, ans, *args, **kwargs)`` gives the cotangent of the argument that depends on the inputs, whose node is
``parent``. For an argument that is a sequence the parent is a list (of nodes, lists and None) and the rule gives a
sequence alike. Where several arguments depend on the inputs the parent is a list, too, and the rule one for all of
them, or a tuple with one for each. An input has no rule and no parent.

A tuple, because Python makes and reads one quicker than an object with slots (0.02 instead of 0.19 of 1.6 µs an
operation, forward and backward); and flat, because the garbage collector visits every container.
"""


def make_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The node of ``ans = prim(*args, **kwargs)``."""
    rule = prim.vjps[argument]
    # Of elementwise functions the answer is as large as the arguments: a small one ends the matter.
    if prim.unread and (not prim.by_element or type(ans) in large_types and ans.nbytes > LARGE):
        ans, args = forget_unread(prim.unread.get(argument, ()), ans, args)
    return next_index(), rule, parent, ans, args, kwargs, prim


class VJPTrace(DerivativeTrace):
    """Records a :data:`VJPNode` for each operation."""

    make_node = staticmethod(make_node)

    def process_one(self, prim, box, argnum, values):
        # DerivativeTrace.process_one with make_node written out (0.1 of 0.85 µs).
        kind = type(values[argnum])
        ans = (prim if kind in box_classes else prim.fast_fun)(*values)
        node = box._node
        if node is not None:
            rule = prim.vjps[argnum]
            if prim.unread and (not prim.by_element or type(ans) in large_types and ans.nbytes > LARGE):
                node = make_node(prim, argnum, node, ans, values, NO_KEYWORDS)
            else:
                node = next_index(), rule, node, ans, values, NO_KEYWORDS, prim
        if type(ans) is kind:  # then so is its box, made without a call of __init__ (0.05 µs)
            new = new_object(type(box))
            new._value = ans
            new._trace = self
            new._node = node
            return new
        try:
            return boxers[type(ans)](ans, self, node)
        except KeyError:
            return self.box_outputs(ans, node, prim)

    def output_node(self, node, outputs, i):
        rule = functools.partial(OutputsCotangent, outputs, i)
        return next_index(), rule, node, outputs[i], (), NO_KEYWORDS, node[6]

    def input(self, value: Any) -> Any:
        """Box an input of the function that is differentiated."""
        return boxers[type(value)](value, self, (next_index(), None, None, value, (), NO_KEYWORDS, None))


# The backward pass


def backward_pass(seeds: list[tuple[VJPNode, Any]], inputs: Sequence[VJPNode]) -> list:
    """Pull cotangents back from the ends of a graph to its inputs.

    Arguments:
        seeds: (node, cotangent) for each end. The list is emptied: when the caller holds no other reference, the
            graph is let go node by node as the pass leaves it.
        inputs: the nodes of the inputs.

    Returns the cotangents of the inputs, None for one that was not reached.
    """
    pending: dict[int, Any] = {}  # the sum of the contributions to each node so far, by its index
    heap: list[VJPNode] = []
    reached: dict[int, Any] = {}  # the inputs, by index
    while seeds:
        contribute(*seeds.pop(), pending, heap)
    node = None
    try:
        while heap:
            node = heappop(heap)
            g = pending.pop(node[0])
            while True:
                index, rules, parents, ans, args, kwargs, _ = node
                if type(g) in deferred_types:
                    g = g.settle()
                if type(parents) is tuple:  # one argument, by far the commonest
                    g = rules(g, ans, *args, **kwargs) if kwargs else rules(g, ans, *args)
                    if g is not None and (not heap or parents[0] < heap[0][0]):
                        node = parents  # the newest that is reached is next, without a way through the heap (0.1 µs)
                        continue
                    contribute(parents, g, pending, heap)
                elif rules is None:
                    reached[index] = g
                else:
                    for rule, parent in zip(rules, parents) if type(rules) is tuple else ((rules, parents),):
                        parent_g = rule(g, ans, *args, **kwargs) if kwargs else rule(g, ans, *args)
                        if type(parent) is list:
                            for each_parent, each_g in zip_nested(parent, parent_g):
                                contribute(each_parent, each_g, pending, heap)
                        else:
                            contribute(parent, parent_g, pending, heap)
                break
    except Exception as error:
        note_operation(error, node)
        raise
    return [reached.get(node[0]) for node in inputs]


def contribute(node: VJPNode, g: Any, pending: dict, heap: list) -> None:
    """Add ``g`` to the cotangent of ``node``; None is zero."""
    if g is None:
        return
    index = node[0]
    if index in pending:
        pending[index] = add_cotangents(pending[index], g)
    else:
        pending[index] = g
        heappush(heap, node)


def zip_nested(parents: list, cotangents: Sequence) -> Iterator[tuple[VJPNode, Any]]:
    """Pair the nodes in a nested list with their cotangents; None is zero for all of them."""
    if cotangents is None:
        return
    for parent, g in zip(parents, cotangents, strict=True):
        if type(parent) is list:
            yield from zip_nested(parent, g)
        elif parent is not None:
            yield parent, g


def note_operation(error: Exception, node: VJPNode | None) -> None:
    """Say in ``error`` which operation was being differentiated (Python 3.11 and later show such notes)."""
    if node is None or not hasattr(error, "add_note"):
        return
    *_, args, _, prim = node
    if prim is not None:
        arguments = ", ".join(describe_argument(arg) for arg in args)
        error.add_note(f"In the backward pass, at the rule for {prim.__name__}({arguments}).")


def describe_argument(arg: Any) -> str:
    """'float64[3,2]' for an array, else its representation."""
    if hasattr(arg, "dtype") and hasattr(arg, "shape"):
        return f"{arg.dtype}[{','.join(map(str, arg.shape))}]"
    return repr(arg)


def trace_vjp(fun: Callable, inputs: Sequence) -> tuple[list, list[VJPNode | None], list[VJPNode]]:
    """Run ``fun`` on boxes of ``inputs``.

    Returns its outputs (``fun`` returns a list) with the boxes taken off, the node of each output (None where it does
    not depend on the inputs), and the nodes of the inputs.
    """
    trace = VJPTrace()
    boxes = [trace.input(value) for value in inputs]
    input_nodes = [box._node for box in boxes]
    values, nodes = trace.run(fun, boxes)
    return values, nodes, input_nodes


# The registry


def add_vjp_table(prim: Callable) -> None:
    def find_missing(argument):
        if type(argument) is tuple and prim.vjp_all is None:
            rules = prim.vjps[argument] = tuple([prim.vjps[each] for each in argument])
            return rules
        if prim.vjp_all is not None:
            rule = rule_of_several if type(argument) is tuple else rule_of_one
            return functools.partial(rule, prim.vjp_all, argument)
        raise MissingRuleError(
            f"{prim.__name__} has no derivative with respect to argument {argument!r} in reverse mode "
            f"({caller_line()}). Add one with defvjp({prim.__name__}, rule, argnums=({argument!r},)), keep the "
            "argument untraced with stop_gradient(x), or use another function."
        )

    prim.vjps = RuleTable(find_missing)
    prim.vjp_all = None


add_rule_table(add_vjp_table)


def defvjp(prim: Callable, *rules: Callable | None, argnums: Sequence[int] | None = None, **keyword_rules: Callable):
    """Give ``prim`` its VJP rules, one an argument.

    A rule is ``rule(g, ans, *args, **kwargs)``: the cotangent of its argument from the cotangent ``g`` of the answer
    ``ans``. It is written with primitives, so that it can itself be differentiated. None says that the answer does
    not change with that argument. ``argnums`` are the arguments' positions, 0, 1, … if not given; rules for
    keyword-only arguments are given by name.

    >>> from autodiff_trace import extend, grad
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defvjp(product, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)
    >>> grad(product, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    for several in [key for key in prim.vjps if type(key) is tuple]:
        del prim.vjps[several]
    prim.unread.clear()
    for argnum, rule in zip(argnums or range(len(rules)), rules):
        prim.vjps[argnum] = rule or zero_rule
    prim.vjps.update(keyword_rules)


def defvjp_all(prim: Callable, rule: Callable) -> None:
    """Give ``prim`` one rule for all its arguments, where they share work.

    ``rule(argnums, g, ans, args, kwargs)`` gives a sequence with the cotangents of the arguments in ``argnums``.

    >>> from autodiff_trace import extend, grad
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defvjp_all(product, lambda argnums, g, ans, args, kwargs: [g * args[1 - i] for i in argnums])
    >>> grad(product, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    prim.vjps.clear()
    prim.unread.clear()
    prim.vjp_all = rule


def defvjp_pair(prim: Callable, rule: Callable) -> None:
    """Give ``prim`` a rule for both of its arguments at once, beside those for each.

    ``rule(g, ans, x, y)`` gives two cotangents; it is used where both arguments are followed, to share work.
    """
    prim.vjps[0, 1] = rule


def zero_rule(g: Any, ans: Any, *args: Any, **kwargs: Any) -> None:
    """The rule of an argument on which the answer does not depend."""


def rule_of_one(vjp_all: Callable, argument: int | str, g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
    return vjp_all((argument,), g, ans, args, kwargs)[0]


def rule_of_several(vjp_all: Callable, arguments: tuple, g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
    return vjp_all(arguments, g, ans, args, kwargs)
