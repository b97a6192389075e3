"""Reassociation: what is linear is done with a sum, and not with each of what is summed.

Such are gradients of what was broadcast: ``sum(-(g @ w.T), axis=0)``, of a centre taken off each row of a matrix. Sums
are the same but for rounding, of which there is less, where all is finite: that is checked at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from .lowering.table import as_operand
from ..ir.node import Node, Program, rebuild, value_of
from .dce import remove_dead_code
from .finite import check
from .sums import LARGEST, is_plain_sum
from ..ir.terms import NEGATE, is_call

__all__ = ["reassociate"]

PRODUCTS = {np.dot, np.matmul}


def reassociate(program: Program) -> Program:
    """The program with less to do on large arrays that are needed once: ``0 - sum(x)`` for ``sum(-x)``, and
    ``sum(x, 0) @ y`` for ``sum(x @ y, 0)``."""
    if not program.calls((calls.ADD_REDUCE,)) or not any(map(is_large_sum, program.steps)):
        return program
    single = {node for node, using in program.users.items() if len(using) == 1}.difference(program.kept)
    originals = iter(program.steps)

    def rewrite(step: Node) -> Node | list[Node]:
        original = next(originals)
        result = sum_first(step, single) if is_large_sum(step) else None
        if original in single:
            single.add(result[-1] if result else step)
        return result or step

    return remove_dead_code(rebuild(program, rewrite))


def is_large_sum(step: Node) -> bool:
    return is_plain_sum(step) and step.args[0].value.size > LARGEST


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
    # Not -sum(x), which is -0 where sum(-x) is 0: sums of NumPy's begin with 0.
    return [*steps, step.with_call(np.subtract, (as_operand(0, step.value.dtype), steps[-1]))]


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
    return [total, ans, *check([ans]), step.with_call(calls.reshape, (ans, step.value.shape))]


def is_matrix(arg: Any, dtype: np.dtype) -> bool:
    return type(arg) is Node and type(arg.value) is np.ndarray and arg.value.ndim >= 2 and arg.value.dtype == dtype


def call(function: Any, args: tuple, like: Node) -> Node:
    """A step in the place of ``like``, with the value that it has."""
    with np.errstate(all="ignore"):
        value = function(*map(value_of, args))
    return Node(function, args, {}, value, like.name, "call", like.errstate)
