"""Forward mode: push tangents along with the values. Knows no NumPy rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from . import backward
from .array_ops import array_ops
from .cotangents import add_cotangents
from .derivative import DerivativeTrace, RuleTable, without_derivatives
from .masked_rules import Push, has_selected, outline_unread, push_selected
from .primitives import add_rule_table
from .reverse import trace_vjp, zero_rule
from .rule_checks import check_primitive, check_rules, checked
from .selections import Mask, Selected, settle
from .tracebacks import border
from .tracer import boxers

__all__ = [
    "JVPTrace", "Realigned", "defjvp", "defjvp_all", "push_plain", "restrict_tangent", "trace_jvp",
]


class JVPTrace(DerivativeTrace):
    """Carries the tangent of each value as the ``node`` of its box."""

    @staticmethod
    def make_node(prim, argument, node, ans, values, kwargs):
        if type(node) is Selected or type(node) is list and has_selected(node):
            def push(argument, node):
                return push_plain(prim, argument, node, ans, values, kwargs)

            kept = outline_unread(prim, argument, ans, values) if prim.traits.moves_elements else (ans, values)

            def weigh(argument, node):
                return push_plain(prim, argument, node, *without_derivatives((*kept, kwargs)))

            return push_selected(Push(push, weigh, restrict_tangent, True), prim, argument, node, ans)
        if prim.jvp_all is None and type(argument) is not tuple:
            return prim.jvps[argument](node, ans, *values, **kwargs)
        return push_plain(prim, argument, node, ans, values, kwargs)

    def output_node(self, node, outputs, i):
        return node[i]

    def box_outputs(self, ans, node, prim):
        return super().box_outputs(node.outputs if type(node) is Realigned else ans, node, prim)

    def run(self, fun, boxes):
        values, tangents = super().run(fun, boxes)
        return values, list(map(settle, tangents))


def push_plain(prim: Callable, argument: Any, node: Any, ans: Any, values: Sequence, kwargs: dict) -> Any:
    """The tangent of ``ans = prim(*values, **kwargs)`` from those of its arguments."""
    if prim.jvp_all is not None:
        several = (argument, node) if type(argument) is tuple else ((argument,), (node,))
        return prim.jvp_all(*several, ans, values, kwargs)
    if type(argument) is not tuple:
        return prim.jvps[argument](node, ans, *values, **kwargs)
    tangent = None
    for each, t in zip(argument, node):
        tangent = add_tangents(tangent, prim.jvps[each](t, ans, *values, **kwargs))
    return tangent


def restrict_tangent(t: Any, mask: Mask) -> Any:
    """A tangent, of several outputs each, with a mask applied to it."""
    if t is None or isinstance(t, (tuple, list)):
        return t and [restrict_tangent(each, mask) for each in t]
    return array_ops.restricted(t, mask)


class Realigned(list):
    """The tangents of several outputs, of which there is a choice, for those ``outputs`` that go with them smoothly."""

    def __init__(self, tangents: Sequence, outputs: Any) -> None:
        super().__init__(tangents)
        self.outputs = outputs

    def for_outputs(self, outputs: Sequence) -> list:
        """The tangents of these outputs: NaN for those that have been chosen otherwise."""
        return [t if new is old else t * math.nan for t, new, old in zip(self, self.outputs, outputs)]


def add_tangents(t1: Any, t2: Any) -> Any:
    """The sum of two tangents of one answer; None is zero; tuples are the tangents of several outputs."""
    if t1 is None or t2 is None:
        return t1 if t2 is None else t2
    if type(t1) in (tuple, list):
        return [add_tangents(*pair) for pair in zip(t1, t2, strict=True)]
    return add_cotangents(t1, t2)


def trace_jvp(fun: Callable, inputs: Sequence, tangents: Sequence) -> tuple[list, list]:
    """Run ``fun`` on boxes of ``inputs`` that carry ``tangents`` (None: zero); the outputs and their tangents."""
    trace = JVPTrace()
    boxes = [boxers[type(x)](x, trace, t) for x, t in zip(inputs, tangents, strict=True)]
    return trace.run(fun, boxes)


# The registry


def add_jvp_table(prim: Callable) -> None:
    def find_missing(argument):
        return transpose_vjp(prim.vjps[argument])

    prim.jvps = RuleTable(find_missing)
    prim.jvp_all = None


add_rule_table(add_jvp_table)


@border
def defjvp(
    prim: Callable[..., Any], *rules: Callable[..., Any] | None, argnums: Sequence[int] | None = None,
    **keyword_rules: Callable[..., Any]
) -> None:
    """Give ``prim`` its JVP rules, one an argument.

    A rule is ``rule(t, ans, *args, **kwargs)``: the tangent of the answer ``ans`` from the tangent ``t`` of its
    argument, with the shape of ``ans``. None says that the answer does not change with that argument.

    >>> from autodiff_trace import extend, jvp
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defjvp(product, lambda t, ans, x, y: t * y, lambda t, ans, x, y: x * t)
    >>> jvp(product, (2.0, 3.0), (1.0, 1.0))
    (np.float64(6.0), np.float64(5.0))
    """
    check_primitive("defjvp", prim)
    check_rules("defjvp", prim, rules, keyword_rules)
    for argnum, rule in zip(argnums or range(len(rules)), rules):
        prim.jvps[argnum] = checked(prim, rule, argnum, is_forward=True) or zero_rule
    prim.jvps.update(keyword_rules)


@border
def defjvp_all(prim: Callable[..., Any], rule: Callable[..., Any]) -> None:
    """Give ``prim`` one JVP rule for all its arguments, where they share work.

    ``rule(argnums, tangents, ans, args, kwargs)`` gives the tangent of the answer from those of some arguments.

    >>> from autodiff_trace import extend, jvp
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> def rule(argnums, tangents, ans, args, kwargs):
    ...     return sum(t * args[1 - i] for i, t in zip(argnums, tangents))
    >>> extend.defjvp_all(product, rule)
    >>> jvp(product, (2.0, 3.0), (1.0, 1.0))
    (np.float64(6.0), np.float64(5.0))
    """
    check_primitive("defjvp_all", prim)
    prim.jvp_all = rule


def transpose_vjp(vjp: Callable) -> Callable:
    """The JVP rule that follows from a VJP rule.

    A VJP g ↦ Jᵀg is linear in g, so its own VJP is t ↦ J t (as in J. Townsend, "A new trick for calculating Jacobian
    vector products", 2017).
    """

    def jvp(t, ans, *args, **kwargs):
        several = isinstance(ans, (tuple, list))

        def pull(*gs):
            return [settle(vjp(gs if several else gs[0], ans, *args, **kwargs))]

        outputs = ans if several else (ans,)
        _, nodes, inputs = trace_vjp(pull, [array_ops.zeros_like(output) for output in outputs])
        tangents = backward.backward_pass([] if nodes[0] is None else [(nodes[0], t)], inputs)
        return tangents if several else tangents[0]

    return jvp
