"""Outputs: what a run returns is no array of the program itself, and shares memory only where eager results would."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..record.containers import overlap
from ..ir.infer import infer
from ..ir.node import OUTSIDE, Node, Program
from ..ir.spec import tuple_of
from ..record.output_owner import copy_together
from ..analysis.liveness import find_roots, steps_under_outputs

__all__ = ["Outputs", "note_outputs", "separate_outputs"]


class Outputs(NamedTuple):
    """The outputs of a program as it was recorded.

    Attributes:
        nodes: the outputs.
        memories: where each may lie, of views that are known as such, and with guesses for functions about which
            nothing is known.
        repeated: those of which elements lie in the same memory.
        together: those that are arrays made while tracing, if some of them are views of one another.
    """

    nodes: list
    memories: list[dict[Node, frozenset[Node]]]
    repeated: set[Node]
    together: list[Node]


def note_outputs(program: Program) -> Outputs:
    """What :func:`separate_outputs` asks of the program, before passes change its steps."""
    repeated = {node for node in program.kept if is_repeated(node)}
    return Outputs(program.outputs, memories_of(program), repeated, constants_in_one_memory(program))


def memories_of(program: Program) -> list[dict[Node, frozenset[Node]]]:
    under = steps_under_outputs(program)
    return [find_roots(under, guess) for guess in (False, True)]


def separate_outputs(program: Program, before: Outputs) -> Program:
    """The program with copies of outputs that cannot be written to, or share memory with an input, a constant or one
    another, but did not as it was recorded."""
    memories = list(zip(before.memories, memories_of(program)))
    owners: list[dict[Node, int]] = [{}, {}]
    returned: dict[Node, Any] = {}  # what has been merged is returned once, and then as a copy
    outputs = list(program.outputs)
    steps = list(program.steps)
    together: dict[Node, Node] = {}
    if before.together:
        specs = [each.spec for each in before.together]
        copies = Node(copy_together, (before.together,), {}, tuple_of(specs), "copies")
        parts = [Node(operator.getitem, (copies, i), {}, spec, "copy") for i, spec in enumerate(specs)]
        together = dict(zip(before.together, parts))
        steps += [copies, *parts]
    for i, (old, new) in enumerate(zip(before.nodes, program.outputs)):
        if type(new) is not Node or not new.spec.is_array:
            continue
        if old is new and (old.kind == "input" or old.out == OUTSIDE):  # the caller's own array
            continue
        if old in together:
            outputs[i] = together[old]
            continue
        if (first := before.nodes.index(old)) != i:  # the same object
            outputs[i] = outputs[first]
            continue
        shared = new.kind == "constant" or is_repeated(new) and old not in before.repeated
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
                    shared |= old_roots.isdisjoint(recorded.get(before.nodes[other], ()))
        if shared:
            outputs[i] = Node(calls.copy, (new,), {}, infer(calls.copy, (new,)), "copy")
            steps.append(outputs[i])
        elif merged:
            outputs[i] = Node(calls.getitem, (new, ...), {}, new.spec, "view")
            steps.append(outputs[i])
    is_same = steps == program.steps and outputs == program.outputs
    return program if is_same else Program(program.inputs, steps, outputs)


def constants_in_one_memory(program: Program) -> list[Node]:
    """The outputs that are arrays made while tracing, if some of them are views of one another."""
    made = [node for node in dict.fromkeys(program.outputs) if type(node) is Node and node.kind == "constant"
            and node.spec.is_array and node.out != OUTSIDE]
    return made if overlap([node.value for node in made]) else []


def is_repeated(node: Any) -> bool:
    """Whether elements of an array lie in the same memory, so that it cannot be written to."""
    while type(node) is Node and node.function in calls.VIEWS:
        node = node.args[0]
    return type(node) is Node and node.function is np.broadcast_to
