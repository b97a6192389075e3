"""Products and quotients of derivatives without their masks, on the trust that nothing is infinite.

``scale`` and ``quotient`` keep a zero cotangent zero where a slope is infinite; looking for that takes three times as
long as the product on small arrays. Here NumPy is told to raise an error where something overflows, is divided by zero
or is no number; then the program is run with its masks. A NaN that was there before raises none. It shows in the
outputs if all that is computed from these products is NaN where they are; else the inputs are looked through.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import calls
from ..node import LARGE, LIVE, Node, Program, operands, rebuild

__all__ = ["RAISING", "assume_finite"]

RAISING = {"divide": "raise", "over": "raise", "invalid": "raise"}

UNMASKED = {calls.scale: np.multiply, calls.quotient: np.divide}

SHOWS_NAN = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.absolute, np.square, np.sqrt, np.exp,
    np.expm1, np.log, np.log1p, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arctan, np.maximum, np.minimum,
    np.conjugate, np.matmul, np.dot, np.concatenate, np.stack, np.expand_dims, np.squeeze, np.broadcast_to, np.diag,
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.getitem,
    calls.ADD_REDUCE, calls.cast, calls.copy, calls.fill, calls.quotient, calls.reshape, calls.roll, calls.scale,
    calls.scatter, calls.select, calls.sum_axis, calls.transpose,
}
"""Functions that give NaN wherever what they get is NaN, or leave it out altogether."""


def assume_finite(program: Program) -> Program:
    """The program with plain products, under an error handling that raises; itself where there are none to gain."""
    masked = sum(step.function in UNMASKED for step in program.steps if step.kind == "call")
    if not masked or any(step.kind == "effect" or has_nan(step) for step in program.steps):
        return program
    reached = reached_outputs(program)
    checks_outputs = reached is not None and are_few(reached, masked)
    if not checks_outputs and not are_few(float_inputs(program), masked):
        return program

    def unmask(step: Node) -> Node:
        function = UNMASKED.get(step.function, step.function) if step.kind == "call" else step.function
        state = {**(step.errstate or {}), **RAISING}
        return Node(function, step.args, step.kwargs, step.value, step.name, step.kind, state, step.out)

    trusting = rebuild(program, unmask)
    if not checks_outputs:
        return Program(program.inputs, [check(float_inputs(program)), *trusting.steps], trusting.outputs)
    outputs = [new for new, old in zip(trusting.outputs, program.outputs) if type(old) is Node and old in reached]
    return Program(program.inputs, [*trusting.steps, check(list(dict.fromkeys(outputs)))], trusting.outputs)


def check(arrays: list[Node]) -> Node:
    return Node(calls.check_finite, (arrays,), {}, None, "check", "effect", RAISING)


def are_few(arrays: Any, masked: int) -> bool:
    """Whether to look through these arrays takes less time than so many masks do."""
    return len(arrays) <= masked and all(np.size(each.value) <= LARGE for each in arrays)


def reached_outputs(program: Program) -> set[Node] | None:
    """The outputs that are NaN if a product is that has no mask; None if there can be such a NaN that they hide."""
    reached: set[Node] = set()
    for step in program.steps:
        if step.kind == "call" and step.function in UNMASKED or not reached.isdisjoint(operands(step)):
            if step.kind != "call" or step.function not in SHOWS_NAN or not is_inexact(step):
                return None
            reached.add(step)
    return reached.intersection(output for output in program.outputs if type(output) is Node)


def float_inputs(program: Program) -> list[Node]:
    """The inputs, and the arrays outside the function, that can hold a NaN."""
    arrays = dict.fromkeys(program.inputs)
    arrays.update(
        (operand, None) for step in program.steps for operand in operands(step)
        if operand.kind == "constant" and operand.name == LIVE
    )
    return [each for each in arrays if is_inexact(each)]


def is_inexact(node: Node) -> bool:
    value = node.value
    return type(value) in (float, complex) or getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c")


def has_nan(step: Node) -> bool:
    """Whether a step reads a constant that is NaN somewhere."""
    constants = [operand.value for operand in operands(step) if operand.kind == "constant" and operand.name != LIVE]
    numbers = [arg for arg in (*step.args, *constants) if isinstance(arg, (float, complex, np.ndarray, np.generic))]
    return any(np.asarray(each).dtype.kind in "fc" and np.isnan(each).any() for each in numbers)
