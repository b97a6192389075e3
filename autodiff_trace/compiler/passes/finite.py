"""Products and quotients of derivatives without their masks, on the trust that nothing is infinite.

``scale`` and ``quotient`` keep a zero cotangent zero where a slope is infinite; looking for that takes three times as
long as the product on small arrays. Here NumPy is told to raise an error where something overflows, is divided by zero
or is no number; then the program is run with its masks. An input that is NaN raises none, so inputs are checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import calls
from ..node import LIVE, Node, Program, operands, rebuild
from ..outlines import LARGE

__all__ = ["RAISING", "assume_finite"]

RAISING = {"divide": "raise", "over": "raise", "invalid": "raise"}

UNMASKED = {calls.scale: np.multiply, calls.quotient: np.divide}

NUMBERS = (float, complex, np.ndarray, np.generic)


def assume_finite(program: Program) -> Program:
    """The program with plain products, under an error handling that raises; itself where there are none to gain."""
    masked = sum(step.function in UNMASKED for step in program.steps if step.kind == "call")
    if not masked or any(step.kind == "effect" for step in program.steps):
        return program
    constants = {each: None for step in program.steps for each in operands(step) if each.kind == "constant"}
    numbers = [arg for step in program.steps for arg in step.args if isinstance(arg, NUMBERS)]
    if any(map(has_nan, (*numbers, *(each.value for each in constants if each.name != LIVE)))):
        return program
    arrays = dict.fromkeys((*program.inputs, *(each for each in constants if each.name == LIVE)))
    arrays = [each for each in arrays if getattr(getattr(each.value, "dtype", None), "kind", "") in "fc"]
    # To look through large inputs would take longer than the masks do.
    if len(arrays) > masked or any(np.size(each.value) > LARGE for each in arrays):
        return program

    def unmask(step: Node) -> Node:
        function = UNMASKED.get(step.function, step.function) if step.kind == "call" else step.function
        state = {**step.errstate, **RAISING} if step.errstate else RAISING
        return Node(function, step.args, step.kwargs, step.value, step.name, step.kind, state, step.out)

    check = Node(calls.check_arrays, (arrays,), {}, None, "check", "effect", RAISING)
    trusting = rebuild(program, unmask)
    return Program(program.inputs, [check, *trusting.steps], trusting.outputs)


def has_nan(value: Any) -> bool:
    """Whether a constant is NaN somewhere."""
    if type(value) is float:
        return value != value
    return np.asarray(value).dtype.kind in "fc" and bool(np.isnan(value).any())
