"""Reassociation: what is linear is done with a sum, and not with each of what is summed; factors are taken together.

Such are gradients of what was broadcast: ``sum(-(g @ w.T), axis=0)``, of a centre taken off each row of a matrix. Sums
are the same but for rounding, of which there is less.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np

from .. import calls
from ..node import Node, Program, literal, operands, parts_of, rebuild, value_of
from .dead_code import remove_dead_code
from .products import is_power_of_two
from .sums import LARGEST, is_plain_sum
from .terms import ADD, MULTIPLY, NEGATE, SUBTRACT, is_call, is_factor, is_real

__all__ = ["reassociate"]

PRODUCTS = {np.dot, np.matmul}
EXP, LOG, SUM = {np.exp}, {np.log}, {calls.ADD_REDUCE}


def reassociate(program: Program) -> Program:
    """The program with less to do on large arrays that are needed once: ``-sum(x)`` for ``sum(-x)``, ``sum(x, 0) @ y``
    for ``sum(x @ y, 0)``, ``x * (-1.0 * y)`` for ``(2.0 * x) * (-0.5 * y)``."""
    if not any(map(rule_for, program.steps)):
        return program
    uses = Counter([operand for step in program.steps for operand in operands(step)])
    single = {node for node, count in uses.items() if count == 1}.difference(
        output for output in program.outputs if type(output) is Node
    )
    originals = iter(program.steps)

    def rewrite(step: Node) -> Node | list[Node]:
        original, rule = next(originals), rule_for(step)
        result = rule(step, single) if rule else None
        if original in single:
            single.add(result[-1] if result else step)
        return result or step

    return remove_dead_code(rebuild(program, rewrite))


def rule_for(step: Node) -> Any:
    """What may make a step cheaper; None if nothing does, or if it is small."""
    if is_call(step, EXP):
        return share_powers
    if is_plain_sum(step):
        return sum_first if step.args[0].value.size > LARGEST else None
    is_product = step.kind == "call" and step.function is np.multiply and is_real(step.value)
    return join_factors if is_product and step.value.size > LARGEST and not step.kwargs else None


def share_powers(step: Node, single: set[Node]) -> list[Node] | None:
    """The steps for a softmax, ``exp(x - (log(s) + m))`` or ``exp((x - m) - log(s))``, as ``p / s``: ``s`` is the sum
    of ``p = exp(x - m)``."""
    if not is_call(step.args[0], SUBTRACT):
        return None
    x, log = step.args[0].args
    log, shift = before_reshapes(log), None
    if is_call(log, ADD):
        log, shift = log.args
    elif is_call(x, SUBTRACT):
        x, shift = x.args
    total = log.args[0] if is_call(log, LOG) else None
    powers = total.args[0] if is_call(total, SUM) else None
    if not is_call(powers, EXP) or not is_call(powers.args[0], SUBTRACT) or powers.args[0].args != (x, shift):
        return None
    if powers.value.dtype != step.value.dtype or not is_largest(shift, x, total):
        return None
    return [step.with_call(np.divide, (powers, total))]


def is_largest(shift: Any, x: Any, total: Node) -> bool:
    """Whether ``shift`` are the largest of ``x`` along the axes of ``total``, or 0 where they are not finite."""
    top = shift.args[1] if is_call(shift, {calls.select}) else shift
    if not is_call(top, {calls.MAXIMUM_REDUCE}) or top.args != (x, *total.args[1:]):
        return False
    return top is shift or is_call(shift.args[0], {np.isfinite}) and shift.args[0].args == (top,)


def before_reshapes(x: Any) -> Any:
    """``x`` as it was before it lost axes of length one and got them back."""
    base = x
    while is_call(base, {calls.reshape}) or is_call(base, {calls.getitem}) and adds_axes(base.args[1]):
        base = base.args[0]
    return base if base is x or without_leading_ones(base) == without_leading_ones(x) else x


def without_leading_ones(x: Node) -> list[int]:
    """The shape, as far as it matters for broadcasting."""
    return list(itertools.dropwhile(lambda length: length == 1, x.value.shape))


def adds_axes(index: Any) -> bool:
    return all(part is None or part is Ellipsis or part == slice(None) for part in parts_of(index))


def sum_first(step: Node, single: set[Node]) -> list[Node] | None:
    """The steps for the sum of what is negative, or a product."""
    x, *rest = step.args
    is_negative = is_call(x, NEGATE) and x in single
    if is_negative:
        x = x.args[0]
    steps = product_of_sum(step, x) if is_call(x, PRODUCTS) and x in single else None
    if not is_negative:
        return steps
    steps = steps or [step.with_call(calls.ADD_REDUCE, (x, *rest))]
    return [*steps, step.with_call(np.negative, (steps[-1],))]


def product_of_sum(step: Node, product: Node) -> list[Node] | None:
    """The steps that give the sum of a product of matrices over its rows, or its columns, by that of one factor."""
    x, y = product.args
    axis = step.args[1] if len(step.args) > 1 else None
    if type(axis) is tuple and len(axis) == 1:
        axis = axis[0]
    if type(axis) is not int or not all(is_matrix(arg, product.value.dtype) for arg in (x, y)):
        return None
    if product.function is np.dot and product.value.ndim > 2:  # dot combines all rows of stacks with all columns
        return None
    axis = axis % product.value.ndim - product.value.ndim
    if axis < -2:
        return None
    factor = x if axis == -2 else y
    total = call(calls.ADD_REDUCE, (factor, axis + factor.value.ndim, None, None, True), step)
    ans = call(product.function, (total, y) if axis == -2 else (x, total), step)
    return [total, ans, step.with_call(calls.reshape, (ans, step.value.shape))]


def is_matrix(arg: Any, dtype: np.dtype) -> bool:
    return type(arg) is Node and type(arg.value) is np.ndarray and arg.value.ndim >= 2 and arg.value.dtype == dtype


def call(function: Any, args: tuple, like: Node) -> Node:
    """A step in the place of ``like``, with the value that it has."""
    with np.errstate(all="ignore"):
        value = function(*map(value_of, args))
    return Node(function, args, {}, value, like.name, "call", like.errstate)


def join_factors(step: Node, single: set[Node]) -> list[Node] | None:
    """The steps for a product of two with a constant factor each, which may be seen by a view; exact for powers of two
    where the two factors make none that is larger."""
    for x, y in (step.args, step.args[::-1]):
        views = []
        while is_call(y, calls.VIEWS) and y in single:
            views.append(y)
            y = y.args[0]
        if not (is_scaled(x, single) and is_scaled(y, single)):
            continue
        (first, x), (second, y) = constant_first(x), constant_first(y)
        factor = value_of(first) * value_of(second)
        if is_power_of_two(value_of(first)) and abs(factor) <= 1 and y.value.dtype == x.value.dtype == step.value.dtype:
            steps = [call(np.multiply, (literal(np.array(factor, x.value.dtype)), y), step)]
            for view in reversed(views):
                steps.append(view.with_call(view.function, (steps[-1], *view.args[1:])))
            return [*steps, step.with_call(np.multiply, (x, steps[-1]))]
    return None


def is_scaled(x: Any, single: set[Node]) -> bool:
    """Whether ``x`` is a number times an array, and needed once."""
    return is_call(x, MULTIPLY) and x in single and sum(map(is_factor, x.args)) == 1 and is_real(x.value)


def constant_first(x: Node) -> tuple:
    return x.args if is_factor(x.args[0]) else x.args[::-1]
