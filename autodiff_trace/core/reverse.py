"""Reverse mode: record a graph, along which cotangents are pulled back. Knows no NumPy rule."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .array_ops import LARGE, array_ops, large_types
from .backward import VJPNode
from .errors import MissingRuleError, caller_line
from .derivative import DerivativeTrace, RuleTable, new_object
from .snapshots import keep_operands, with_checks
from .donation import LEAST, find_overwriting, overwritable
from .primitives import add_rule_table
from .selections import OutputsCotangent
from .tracer import NO_KEYWORDS, box_classes, boxers, snapshot, watched_types
from .residuals import forget_unread, forget_written

__all__ = ["VJPTrace", "defvjp", "defvjp_all", "defvjp_pair", "trace_vjp"]

next_index = itertools.count(0, -1).__next__
"""Node numbers fall, so that the smallest node on a heap, which compares by its number, was recorded last."""


def make_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The node of ``ans = prim(*args, **kwargs)``."""
    rule = prim.vjps[argument]
    # Of elementwise functions the answer is as large as the arguments, of products mostly: a small one ends the matter.
    traits = prim.traits
    if traits.unread and (
        not traits.answer_tells or ans.nbytes > LARGE if type(ans) in large_types else not traits.elementwise
    ):
        if traits.writes_first:  # it overwrites cotangents of any size
            if type(ans) not in overwritable or ans.nbytes > LARGE:
                rule, parent = find_overwriting(prim, argument, parent, args) or (rule, parent)
            return next_index(), rule, parent, *forget_written(ans, args), kwargs, prim
        if prim.overwriting and type(ans) in overwritable and ans.nbytes >= LEAST:
            rule, parent = find_overwriting(prim, argument, parent, args) or (rule, parent)
        ans, args = forget_unread(prim, argument, ans, args)
    return next_index(), rule, parent, ans, args, kwargs, prim


def make_lasting_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The same where others may change some of the arguments before the rule reads them."""
    if type(argument) is int and len(args) == 2 and not kwargs and not isinstance(args[argument], (list, tuple)):
        kept = keep_other(prim, argument, args)
        if kept is not None:
            return make_node(prim, argument, parent, ans, kept, kwargs)
    args, kwargs, snapshots = keep_operands(prim, argument, parent, args, kwargs)
    node = make_node(prim, argument, parent, ans, args, kwargs)
    return (node[0], with_checks(node[1], snapshots), *node[2:]) if snapshots else node


def keep_other(prim: Callable, argnum: int, args: Sequence) -> Sequence | None:
    """What :func:`keep_operands` makes of two arguments where the other one is a small array (1 µs less); else None."""
    if 1 - argnum in prim.traits.unread.get(argnum, ()):
        return args
    other = args[1 - argnum]
    if type(other) not in overwritable or other.nbytes > LARGE or type(args[argnum]) in watched_types:
        return None
    other = other.copy("K")
    return (other, args[1]) if argnum else (args[0], other)


class VJPTrace(DerivativeTrace):
    """Records a :data:`VJPNode` for each operation."""

    takes_limits = True
    overwrites = True
    make_node = staticmethod(make_node)
    make_lasting_node = staticmethod(make_lasting_node)

    def process_one(self, prim, box, argnum, values, is_beside=False):
        # DerivativeTrace.process_one with make_node written out (0.1 of 0.85 µs).
        kind = type(values[argnum])
        traits = prim.traits
        ans = (prim if kind in box_classes else traits.fast_fun)(*values)
        node = box._node
        if node is not None:
            rule = prim.vjps[argnum]
            kept = keep_other(prim, argnum, values) if is_beside else values
            if kept is None:
                node = make_lasting_node(prim, argnum, node, ans, values, NO_KEYWORDS)
            elif (
                traits.unread
                and (not traits.answer_tells or ans.nbytes > LARGE if type(ans) in large_types
                     else not traits.elementwise)
                # (Of a small array that is no view there is nothing to forget, if the answer is small, too.)
                and (
                    kind not in overwritable or (value := values[argnum]).nbytes > LARGE or value.base is not None
                    or getattr(ans, "nbytes", LARGE + 1) > LARGE
                )
            ):
                node = make_node(prim, argnum, node, ans, kept, NO_KEYWORDS)
            else:
                node = next_index(), rule, node, ans, kept, NO_KEYWORDS, prim
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

    def what_output_nodes_read(self, outputs):
        return list(map(array_ops.shape_only, outputs))

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
    new = {**dict(zip(argnums or range(len(rules)), rules)), **keyword_rules}
    for several in [key for key in prim.vjps if type(key) is tuple]:
        del prim.vjps[several]
    forget_declared(prim, not new.keys().isdisjoint(prim.vjps))
    prim.vjps.update({argument: rule or zero_rule for argument, rule in new.items()})


def defvjp_all(prim: Callable, rule: Callable) -> None:
    """Give ``prim`` one rule for all its arguments, where they share work.

    ``rule(argnums, g, ans, args, kwargs)`` gives a sequence with the cotangents of the arguments in ``argnums``.

    >>> from autodiff_trace import extend, grad
    >>> product = extend.primitive(lambda x, y: x * y)
    >>> extend.defvjp_all(product, lambda argnums, g, ans, args, kwargs: [g * args[1 - i] for i in argnums])
    >>> grad(product, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    forget_declared(prim, bool(prim.vjps) or prim.vjp_all is not None)
    prim.vjps.clear()
    prim.vjp_all = rule


def forget_declared(prim: Callable, has_rules: bool) -> None:
    """Take back what was declared of rules that others replace: these may read more. What was declared before there
    was a rule holds for the first."""
    prim.overwriting.clear()
    if has_rules:
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
