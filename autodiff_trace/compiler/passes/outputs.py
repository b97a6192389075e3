"""Outputs: what a run returns is no array of the program itself, and shares memory only where eager results would."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import calls
from ..node import OUTSIDE, Node, Program
from .memory import find_roots, steps_under_outputs

__all__ = ["separate_outputs"]


def separate_outputs(program: Program, before: Program) -> Program:
    """The program with copies of outputs that cannot be written to, or share memory with an input, a constant or one
    another, but did not in ``before``, the same program as it was recorded."""
    # Compared are views that are known as such, and what may be some of functions about which nothing is known.
    programs = steps_under_outputs(before), steps_under_outputs(program)
    memories = [[find_roots(each, guess) for each in programs] for guess in (False, True)]
    owners: list[dict[Node, int]] = [{}, {}]
    returned: dict[Node, Any] = {}  # what has been merged is returned once, and then as a copy
    outputs = list(program.outputs)
    steps = list(program.steps)
    for i, (old, new) in enumerate(zip(before.outputs, program.outputs)):
        if type(new) is not Node or type(new.value) is not np.ndarray:
            continue
        if old is new and (old.kind == "input" or old.out == OUTSIDE):  # the caller's own array
            continue
        if (first := before.outputs.index(old)) != i:  # the same object
            outputs[i] = outputs[first]
            continue
        shared = new.kind == "constant" or is_repeated(new) and not is_repeated(old)
        merged = new.kind == "input" or returned.setdefault(new, old) is not old
        if merged:
            roots = frozenset((new,)) if new.kind == "input" else memories[0][0].get(returned[new], frozenset((new,)))
            shared |= roots.isdisjoint(memories[0][0].get(old, ()))
        for (recorded, current), owner in zip(memories, owners):
            old_roots = recorded.get(old, frozenset())
            for root in current.get(new, ()):
                if root.kind != "call":
                    is_outside = root.kind == "constant" and root.out == OUTSIDE
                    shared |= root.kind == "constant" and not is_outside or root not in old_roots
                elif (other := owner.setdefault(root, i)) != i:
                    shared |= old_roots.isdisjoint(recorded.get(before.outputs[other], ()))
        if shared:
            outputs[i] = Node(calls.copy, (new,), {}, new.value, "copy")
            steps.append(outputs[i])
        elif merged:
            outputs[i] = Node(calls.getitem, (new, ...), {}, new.value, "view")
            steps.append(outputs[i])
    return Program(program.inputs, steps, outputs)


def is_repeated(node: Any) -> bool:
    """Whether elements of an array lie in the same memory, so that it cannot be written to."""
    while type(node) is Node and node.function in calls.VIEWS:
        node = node.args[0]
    return type(node) is Node and node.function is np.broadcast_to
