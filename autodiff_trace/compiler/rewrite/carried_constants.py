"""What a loop carries without a change: constants from the first turn to the last, such as masks under which all is
selected.

That it is none that changes is assumed, and what the body makes of it computed; what proves to change is given up, and
all done again (M. Wegman, K. Zadeck, "Constant Propagation with Conditional Branches", 1991).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.loop import Loop, with_body
from ..ir.node import Node, Program, is_fixed, literal, relabel, spec_at, value_of
from .constant_folding import fold

__all__ = ["settle_carried"]

LARGEST = 2**24
"""Bytes of what is computed: as a rule nothing of it is needed in the end."""


def settle_carried(step: Node) -> Node:
    """The step of a loop with constants in the place of what is carried and does not change."""
    if type(step.function) is not Loop:
        return step
    body = step.function.body
    known = {i: arg if type(arg) is Node else literal(arg) for i, arg in enumerate(step.args[:step.function.carried])
             if is_fixed(arg) and spec_at(arg) == body.inputs[i].spec}
    while known:
        new: dict[Node, Any] = {body.inputs[i]: value for i, value in known.items()}
        steps = []
        for each in body.steps:
            found = fold(each.relabelled(new), LARGEST) if each.kind == "call" else each.relabelled(new)
            new[each] = found
            if found.kind != "constant":
                steps.append(found)
        outputs = relabel(body.outputs, new)
        changing = [i for i, value in known.items() if not is_same(outputs[i], value)]
        if not changing:
            return with_body(step, Program(body.inputs, steps, outputs))
        for i in changing:
            del known[i]
    return step


def is_same(output: Any, value: Node) -> bool:
    """Whether an output is this constant, to the last bit."""
    if not is_fixed(output):
        return False
    x, y = map(np.asarray, (value_of(output), value.value))
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
