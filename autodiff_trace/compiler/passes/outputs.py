"""Outputs: what a run returns is no array of the program itself, and shares memory only where eager results would."""

from __future__ import annotations

import numpy as np

from .. import calls
from ..node import Node, Program
from .memory import find_roots

__all__ = ["separate_outputs"]


def separate_outputs(program: Program, before: Program) -> Program:
    """The program with copies of outputs that share memory with an input, a constant or one another, but did not in
    ``before``, the same program as it was recorded."""
    recorded, current = find_roots(before), find_roots(program)
    owners: dict[Node, int] = {}
    outputs = list(program.outputs)
    steps = list(program.steps)
    for i, (old, new) in enumerate(zip(before.outputs, program.outputs)):
        if type(new) is not Node or type(new.value) is not np.ndarray:
            continue
        old_roots = recorded.get(old, frozenset())
        shared = new.kind == "constant"
        for root in current.get(new, ()):
            if root.kind == "input":
                shared |= root not in old_roots
            elif (owner := owners.setdefault(root, i)) != i:
                shared |= old_roots.isdisjoint(recorded.get(before.outputs[owner], ()))
        if shared:
            outputs[i] = Node(calls.copy, (new,), {}, new.value, "copy")
            steps.append(outputs[i])
    return Program(program.inputs, steps, outputs)
