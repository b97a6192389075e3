"""Products and quotients of derivatives without their masks, on the trust that nothing is infinite.

``scale`` and ``quotient`` keep a zero cotangent zero where a slope is infinite; looking for that takes three times as
long as the product on small arrays. Here NumPy is told to raise an error where something overflows, is divided by zero
or is no number; then the program is run with its masks. An input that is NaN raises none, so inputs are checked.
"""

from __future__ import annotations

import numpy as np

from .. import calls
from ..node import LARGE, LIVE, Node, Program, operands, rebuild

__all__ = ["RAISING", "assume_finite"]

RAISING = {"divide": "raise", "over": "raise", "invalid": "raise"}

UNMASKED = {calls.scale: np.multiply, calls.quotient: np.divide}


def assume_finite(program: Program) -> Program:
    """The program with plain products, under an error handling that raises; itself where there are none to gain."""
    masked = sum(step.function in UNMASKED for step in program.steps if step.kind == "call")
    if not masked or any(step.kind == "effect" or has_nan(step) for step in program.steps):
        return program
    arrays = dict.fromkeys(program.inputs)
    arrays.update(
        (operand, None) for step in program.steps for operand in operands(step)
        if operand.kind == "constant" and operand.name == LIVE
    )
    arrays = [each for each in arrays if getattr(getattr(each.value, "dtype", None), "kind", "") in "fc"]
    # To look through large inputs would take longer than the masks do.
    if len(arrays) > masked or any(np.size(each.value) > LARGE for each in arrays):
        return program

    def unmask(step: Node) -> Node:
        function = UNMASKED.get(step.function, step.function) if step.kind == "call" else step.function
        state = {**(step.errstate or {}), **RAISING}
        return Node(function, step.args, step.kwargs, step.value, step.name, step.kind, state, step.out)

    check = Node(calls.check_arrays, (arrays,), {}, None, "check", "effect", RAISING)
    trusting = rebuild(program, unmask)
    return Program(program.inputs, [check, *trusting.steps], trusting.outputs)


def has_nan(step: Node) -> bool:
    """Whether a step reads a constant that is NaN somewhere."""
    constants = [operand.value for operand in operands(step) if operand.kind == "constant" and operand.name != LIVE]
    numbers = [arg for arg in (*step.args, *constants) if isinstance(arg, (float, complex, np.ndarray, np.generic))]
    return any(np.asarray(each).dtype.kind in "fc" and np.isnan(each).any() for each in numbers)
