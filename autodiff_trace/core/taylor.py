"""Taylor mode: carry a value's power series along a curve. Knows no NumPy rule.

The arguments are curves u(t) = u₀ + u₁t + … + uₙtⁿ, and each value is followed as its first n + 1 coefficients. A
*series rule* of a primitive gives the coefficients of the answer by a recurrence, in O(n²) operations:
``rule(order, nodes, ans, *args, **kwargs)`` gives those of order 1 … ``order``, with the shape and dtype of the answer;
None is zero. ``nodes`` holds for each argument that is followed, by position, its :class:`Series`; for one that is a
sequence a list. NotImplemented, or no rule, asks for the coefficients to be taken from the JVP rule: that is computed
on series, of one order less, and integrated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from .array_ops import array_ops
from .derivative import DerivativeTrace, by_argument, without_derivatives
from .forward import JVPTrace, Realigned, push_plain, restrict_tangent
from .masked_rules import Push, has_selected, push_selected
from .selections import Mask, Selected, settle
from .tracer import box_classes, boxers, trace_stack

__all__ = ["Series", "TaylorTrace", "coefficient", "push_coefficients", "trace_taylor"]


class Series(tuple):
    """The coefficients 1, 2, … n of a value; coefficient 0 is the value itself. None is zero."""

    __slots__ = ()


class UnknownSeries:
    """What the answer of a primitive carries while it is not yet known."""

    def __getitem__(self, i: int) -> UnknownSeries:
        return self


UNKNOWN = UnknownSeries()


class AnswerNeeded(Exception):
    """A rule has asked for the series of the answer it is to give."""


class TaylorTrace(DerivativeTrace):
    """Carries the :class:`Series` of each value as the node of its box."""

    output_node = staticmethod(lambda node, outputs, i: node[i])

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = order

    def make_node(self, prim, argument, node, ans, values, kwargs):
        if any(map(has_selected, node)) if type(argument) is tuple else has_selected(node):
            push = Push(
                lambda argument, node: self.make_plain_node(prim, argument, node, ans, values, kwargs),
                lambda argument, node: push_plain(prim, argument, node, *without_derivatives((ans, values, kwargs))),
                restrict_series, False,
            )
            return push_selected(push, prim, argument, node, ans)
        return self.make_plain_node(prim, argument, node, ans, values, kwargs)

    def run(self, fun, boxes):
        values, nodes = super().run(fun, boxes)
        return values, list(map(settle, nodes))

    def make_plain_node(self, prim, argument, node, ans, values, kwargs):
        nodes = by_argument(argument, node)
        if any(map(has_unknown, nodes.values())):
            raise AnswerNeeded
        rule = prim.traits.series
        if rule is not None:
            coefficients = rule(self.order, nodes, ans, *values, **kwargs)
            if coefficients is not NotImplemented:
                return make_series(coefficients, ans)
        elif set(prim.traits.linear_in).issuperset(nodes):
            return make_series(push_coefficients(prim, self.order, nodes, ans, values, kwargs), ans)
        return make_series(integrate_jvp(prim, self.order, nodes, ans, values, kwargs), ans)


def has_unknown(node: Any) -> bool:
    return node is UNKNOWN or type(node) is list and any(map(has_unknown, node))


def make_series(coefficients: Sequence, ans: Any) -> Any:
    """The node of ``ans`` from its coefficients 1 … n; of several outputs a list of nodes."""
    if isinstance(ans, (tuple, list)):
        columns = [[None if c is None else c[i] for c in coefficients] for i in range(len(ans))]
        return [make_series(column, output) for column, output in zip(columns, ans)]
    if all(c is None for c in coefficients):
        return None
    series = Series(map(settle, coefficients))
    masks = [c.mask if type(c) is Selected else None for c in coefficients if c is not None]
    return series if None in masks else Selected(series, Mask(array_ops.either, *masks))


def restrict_series(node: Any, mask: Mask) -> Any:
    """A series, of several outputs each, with a mask applied to each coefficient."""
    if type(node) is list:
        return [restrict_series(each, mask) for each in node]
    return node and Series([restrict_tangent(c, mask) for c in node])


def coefficient(node: Any, k: int) -> Any:
    """Coefficient ``k`` ≥ 1 of an argument; of a sequence a list, or None where all its items have zero there."""
    if node is None or type(node) is Series:
        return node and node[k - 1]
    items = [coefficient(each, k) for each in node]
    return None if all(item is None for item in items) else items


def trace_taylor(fun: Callable, inputs: Sequence, nodes: Sequence, order: int) -> tuple[list, list]:
    """Run ``fun`` on boxes of ``inputs`` that carry :class:`Series` (None: constant); the outputs and their series."""
    trace = TaylorTrace(order)
    boxes = [boxers[type(x)](x, trace, node) for x, node in zip(inputs, nodes, strict=True)]
    return trace.run(fun, boxes)


# Series from JVP rules


def push_coefficients(prim: Callable, order: int, nodes: dict, ans: Any, values: list, kwargs: dict) -> list:
    """The coefficients of a linear function: each is pushed forward by itself."""
    return [
        push(prim, {argument: coefficient(node, k) for argument, node in nodes.items()}, ans, values, kwargs)
        for k in range(1, order + 1)
    ]


def push(prim: Callable, tangents: dict, ans: Any, values: list, kwargs: dict) -> Any:
    """The tangent of the answer, by the JVP rules of ``prim``."""
    followed = {argument: t for argument, t in tangents.items() if t is not None}
    if not followed:
        return None
    several = followed.popitem() if len(followed) == 1 else (tuple(followed), list(followed.values()))
    t = JVPTrace.make_node(prim, *several, ans, values, kwargs)
    return t.for_outputs(ans) if type(t) is Realigned else t


def integrate_jvp(prim: Callable, order: int, nodes: dict, ans: Any, values: list, kwargs: dict) -> list:
    """The coefficients from y'(t) = J(u(t), y(t)) u'(t), the JVP rule computed with series.

    One pass gives all of them if the rule does not read the answer y. If it does, each pass finds one more coefficient
    of y from those known so far: O(n³) operations.
    """
    if order > 1:
        try:
            slopes = push_series(prim, order - 1, nodes, ans, UNKNOWN, values, kwargs)
            return [divide(slope, k) for k, slope in enumerate(slopes, 1)]
        except AnswerNeeded:
            pass
    coefficients: list = []
    for k in range(1, order + 1):
        known = make_series(coefficients, ans)
        coefficients.append(divide(push_series(prim, k - 1, nodes, ans, known, values, kwargs)[-1], k))
    return coefficients


def push_series(prim: Callable, order: int, nodes: dict, ans: Any, ans_node: Any, values: list, kwargs: dict) -> list:
    """The coefficients 0 … order of the tangent of the answer along the curve of the arguments."""
    trace = TaylorTrace(order)
    boxed = list(values)
    boxed_keywords = dict(kwargs)
    tangents = {}
    for argument, node in nodes.items():
        place = boxed_keywords if isinstance(argument, str) else boxed
        tangents[argument] = box_tangent(trace, place[argument], node)
        place[argument] = box_argument(trace, place[argument], node)
    if order and type(ans) in boxers:
        ans = boxers[type(ans)](ans, trace, ans_node)
    elif order:
        ans = trace.box_outputs(ans, ans_node, prim)
    stack = trace_stack.get()
    try:
        trace_stack.set((*stack, trace))
        t = push(prim, tangents, ans, boxed, boxed_keywords)
        if type(t) is not Selected:
            return unbox_series(trace, t)
        mask = Mask(t.mask.__call__)
        mask()
        return [None if c is None else Selected(c, mask) for c in unbox_series(trace, t.value)]
    finally:
        trace_stack.set(stack)
        trace.end()


def box_argument(trace: TaylorTrace, value: Any, node: Any) -> Any:
    """``value`` as a series of the order of ``trace``; of order 0 it needs no box."""
    if node is None or not trace.order:
        return value
    if type(node) is Series:
        return boxers[type(value)](value, trace, Series(node[: trace.order]))
    return type(value)([box_argument(trace, *pair) for pair in zip(value, node, strict=True)])


def box_tangent(trace: TaylorTrace, value: Any, node: Any) -> Any:
    """The derivative of a curve, (k + 1) uₖ₊₁, as a series."""
    if node is None:
        return None
    if type(node) is not Series:
        items = [box_tangent(trace, *pair) for pair in zip(value, node, strict=True)]
        return None if all(item is None for item in items) else items
    first, *rest = [c if c is None or k == 1 else k * c for k, c in enumerate(node[: trace.order + 1], 1)]
    if all(c is None for c in rest):
        return first
    if first is None:
        first = array_ops.zeros_like(value)
    return boxers[type(first)](first, trace, Series(rest))


def unbox_series(trace: TaylorTrace, t: Any) -> list:
    """The coefficients 0 … order of a tangent; of several outputs each a list."""
    if isinstance(t, (tuple, list)):
        return [list(items) for items in zip(*[unbox_series(trace, each) for each in t])]
    if type(t) not in box_classes or t._trace is not trace:
        return [t] + [None] * trace.order
    if t._node is UNKNOWN:
        raise AnswerNeeded
    return [t._value, *(settle(t._node) or [None] * trace.order)]


def divide(c: Any, k: int) -> Any:
    """A coefficient divided by a whole number; of several outputs each."""
    if c is None or k == 1:
        return c
    if type(c) is Selected:
        return Selected(divide(c.value, k), c.mask)
    return [divide(each, k) for each in c] if isinstance(c, (tuple, list)) else operator.truediv(c, k)
