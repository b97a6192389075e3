"""Reverse mode: record a graph, along which cotangents are pulled back. Knows no NumPy rule."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .array_ops import array_ops
from .backward import VJPNode
from .errors import MissingRuleError, caller_line, public_name
from .derivative import DerivativeTrace, RuleTable
from .primitives import add_rule_table
from .rule_checks import check_primitive, check_rules, checked, checked_all
from .selections import OutputsCotangent
from .tracebacks import border
from .tracer import NO_KEYWORDS, box_classes, boxers, own_box, snapshot

__all__ = ["VJPTrace", "defvjp", "defvjp_all", "defvjp_pair", "trace_vjp"]

next_index = itertools.count(0, -1).__next__
"""Node numbers fall, so that the smallest node on a heap, which compares by its number, was recorded last."""


def make_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The node of ``ans = prim(*args, **kwargs)``."""
    return next_index(), prim.vjps[argument], parent, ans, args, kwargs, prim


def make_lasting_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The same where others may change some of the arguments before the rule reads them: it gets copies."""
    keywords = {name: copied(arg) for name, arg in kwargs.items()}
    return make_node(prim, argument, parent, ans, [copied(arg) for arg in args], keywords)


def copied(x: Any) -> Any:
    """What stays as it is when others write into ``x``, or into what is in a list or tuple."""
    if type(x) in box_classes:
        return own_box(x)
    return type(x)(map(copied, x)) if type(x) in (list, tuple) else array_ops.copied(x)


class VJPTrace(DerivativeTrace):
    """Records a :data:`VJPNode` for each operation."""

    make_node = staticmethod(make_node)
    make_lasting_node = staticmethod(make_lasting_node)

    def output_node(self, node, outputs, i):
        rule = functools.partial(OutputsCotangent, outputs, i)
        return next_index(), rule, node, outputs[i], (), NO_KEYWORDS, node[6]

    def input(self, value: Any) -> Any:
        """Box an input of the function that is differentiated."""
        value = snapshot(value) if type(value) in box_classes else value
        return boxers[type(value)](value, self, (next_index(), None, None, value, (), NO_KEYWORDS, None))


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
        name = public_name(prim)
        place = name if name == prim.__name__ else f"{prim.__module__}.{prim.__name__}"
        raise MissingRuleError(
            f"{name} has no derivative with respect to argument {argument!r} in reverse mode ({caller_line()}). Add "
            f"one with extend.defvjp({place}, rule, argnums=({argument!r},)), keep the argument untraced with "
            "stop_gradient(x), or use another function."
        )

    prim.vjps = RuleTable(find_missing)
    prim.vjp_all = None


add_rule_table(add_vjp_table)


@border
def defvjp(
    prim: Callable[..., Any], *rules: Callable[..., Any] | None, argnums: Sequence[int] | None = None,
    **keyword_rules: Callable[..., Any]
) -> None:
    """Give ``prim`` its VJP rules, one an argument.

    A rule is ``rule(g, ans, *args, **kwargs)``: the cotangent of its argument from the cotangent ``g`` of the answer
    ``ans``. It is written with primitives, so that it can itself be differentiated, and must write into none of its
    arguments, which others read as well. None says that the answer does
    not change with that argument. ``argnums`` are the arguments' positions, 0, 1, … if not given; rules for
    keyword-only arguments are given by name.

    >>> from autodiff_trace import extend, grad
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defvjp(product, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)
    >>> grad(product, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    check_primitive("defvjp", prim)
    check_rules("defvjp", prim, rules, keyword_rules)
    new = {**dict(zip(argnums or range(len(rules)), rules)), **keyword_rules}
    for several in [key for key in prim.vjps if type(key) is tuple]:
        del prim.vjps[several]
    forget_declared(prim, not new.keys().isdisjoint(prim.vjps))
    prim.vjps.update({argument: checked(prim, rule, argument) or zero_rule for argument, rule in new.items()})


@border
def defvjp_all(prim: Callable[..., Any], rule: Callable[..., Any]) -> None:
    """Give ``prim`` one rule for all its arguments, where they share work.

    ``rule(argnums, g, ans, args, kwargs)`` gives a sequence with the cotangents of the arguments in ``argnums``.

    >>> from autodiff_trace import extend, grad
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defvjp_all(product, lambda argnums, g, ans, args, kwargs: [g * args[1 - i] for i in argnums])
    >>> grad(product, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    check_primitive("defvjp_all", prim)
    forget_declared(prim, bool(prim.vjps) or prim.vjp_all is not None)
    prim.vjps.clear()
    prim.vjp_all = checked_all(prim, rule)


def forget_declared(prim: Callable, has_rules: bool) -> None:
    """Take back what was declared of rules that others replace: these may read more. What was declared before there
    was a rule holds for the first."""
    if has_rules:
        prim.overwriting.clear()
        prim.traits.unread.clear()
        prim.traits.linear_in = prim.traits.multilinear_in = ()


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
