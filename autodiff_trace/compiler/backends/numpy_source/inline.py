"""Inline: which steps are written as parts of the expressions that use them."""

from __future__ import annotations

import numpy as np

from ....core.traits import traits_of
from . import calls
from ...ir.node import Node, Program, operands

__all__ = ["find_inline"]

DEEPEST = 8
"""Expressions within one another, at most; Python's parser allows some ninety."""

DEEPEST_CALLS = 3
"""Calls for arrays within one another, at most: so a person can still read them, and the compiler gains little more."""


def find_inline(program: Program) -> set[Node]:
    """Steps that one other step uses, and that are written into its expression.

    That saves storing and loading them, 4 of 20 ns for Python's floats, and Python's compiler a third of its time. What
    is no float stands right before the step that uses it: each array is written, and each error handling set, in the
    order of the program.
    """
    users, depths = program.users, {}
    for step, following in zip(program.steps, program.steps[1:]):
        using = users.get(step, ())
        if len(using) != 1 or step in program.kept:
            continue
        user = using[0]
        if not (
            is_array_call(step) and user is following and is_array_call(user) and step.errstate == user.errstate
            or is_float_call(step) and is_float_call(user)
        ):
            continue
        depth = 1 + max([depths.get(operand, 0) for operand in operands(step)], default=0)
        if depth < (DEEPEST if step.spec.kind is float else DEEPEST_CALLS):
            depths[step] = depth
    return set(depths)


def is_float_call(step: Node) -> bool:
    return step.kind == "call" and step.spec.kind is float and traits_of(step.function).float_form is step.function


def is_array_call(step: Node) -> bool:
    """Whether a step calls a function of NumPy's for an array, in one expression."""
    function = step.function
    is_plain = isinstance(function, np.ufunc) or function is np.dot or function in calls.REDUCTIONS
    return is_plain and step.kind == "call" and step.spec.is_array
