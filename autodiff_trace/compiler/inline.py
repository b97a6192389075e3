"""Inline: which steps are written as parts of the expressions that use them."""

from __future__ import annotations

from .node import Node, Program, operands
from .passes.floats import FLOAT_FUNCTIONS

__all__ = ["find_inline"]

DEEPEST = 8
"""Expressions within one another, at most; Python's parser allows some ninety."""


def find_inline(program: Program) -> set[Node]:
    """Steps on Python's floats that one other such step uses, and that are written into its expression.

    That saves storing and loading them, 4 of 20 ns.
    """
    users: dict[Node, list[Node]] = {}
    for step in program.steps:
        for operand in operands(step):
            users.setdefault(operand, []).append(step)
    depths: dict[Node, int] = {}
    outputs = set(program.outputs)
    for step in program.steps:
        if is_float_call(step):
            depth = 1 + max([depths.get(operand, 0) for operand in operands(step)], default=0)
            used = users.get(step, ())
            if len(used) == 1 and is_float_call(used[0]) and depth < DEEPEST and step not in outputs:
                depths[step] = depth
    return set(depths)


def is_float_call(step: Node) -> bool:
    return step.kind == "call" and type(step.value) is float and step.function in FLOAT_FUNCTIONS
