"""Memory: in which arrays the values of a program may lie, and until when they are needed."""

from __future__ import annotations

import numpy as np

from ...numpy import lapack
from ...numpy.rules import determinants, factorizations
from ...numpy.selections import restrict
from .. import calls
from ..loop import Loop, read_each, result, turn_of
from ..node import Node, Program, nodes_in, operands, parts_of, value_of

__all__ = ["IN_FIRST", "OWN_MEMORY", "find_last_uses", "find_roots", "steps_under_outputs"]

OWN_MEMORY = {
    np.array, np.concatenate, np.stack, np.copy, np.zeros_like, np.ones_like, np.full_like, calls.empty, calls.select,
    lapack.det, lapack.inv, lapack.slogdet, lapack.solve, determinants.inverse.fun, factorizations.factor_cotangent.fun,
    factorizations.lower_factor.fun, factorizations.lower_inverse.fun,
}
"""Functions whose results have memory of their own, besides those that can write into an array they are given."""

IN_FIRST = {
    calls.reshape, calls.transpose, calls.cast, calls.getitem, calls.assign, calls.after, calls.check_labels,
    read_each, result, turn_of, np.broadcast_to, np.diag, np.diagonal, np.expand_dims, np.flip, np.fliplr, np.flipud,
    np.imag, np.moveaxis, np.ravel, np.real, np.reshape, np.rot90, np.squeeze, np.swapaxes, np.transpose,
    restrict.fun,
}
"""Functions whose results may lie in the memory of the first argument alone."""


def find_roots(program: Program, guess: bool = True) -> dict[Node, frozenset[Node]]:
    """For each value the steps, inputs and constants in whose memory it may lie.

    Of functions about which nothing is known the result may lie in any operand's memory; unless ``guess``, in none.
    """
    roots: dict[Node, frozenset[Node]] = {node: frozenset((node,)) for node in program.inputs}
    for step in program.steps:
        if has_memory(step):
            bases = bases_of(step) if guess or step.function in IN_FIRST and not is_copying_reshape(step) else ()
            if not bases:
                roots[step] = frozenset((step,))
                continue
            if len(bases) == 1 and step.function in IN_FIRST and (found := roots.get(bases[0])):
                roots[step] = found
                continue
            memories = [frozenset((base,)) if base.kind == "constant" else roots.get(base, ()) for base in bases]
            found = frozenset().union(*memories)
            roots[step] = found if found and step.function in IN_FIRST else found | {step}
    return roots


def has_memory(step: Node) -> bool:
    """Whether the value of a step is an array, or may hold some."""
    return isinstance(step.value, (np.ndarray, tuple, list)) and step.kind != "guard"


def steps_under_outputs(program: Program) -> Program:
    """The program with those steps alone in whose memory its outputs may lie."""
    found: set[Node] = set()
    pending = [output for output in program.outputs if type(output) is Node]
    while pending:
        node = pending.pop()
        if node not in found and node.function is not None and has_memory(node):
            found.add(node)
            pending += bases_of(node)
    return Program(program.inputs, [step for step in program.steps if step in found], program.outputs)


def is_copying_reshape(step: Node) -> bool:
    """Whether a step reshapes an array that lies in memory in another order."""
    x = value_of(step.args[0])
    if step.function is not calls.reshape or x.flags.c_contiguous:
        return False
    longer = [length for length in x.shape if length != 1]
    return longer != [length for length in step.args[1] if length != 1]


def is_copy(step: Node) -> bool:
    """Whether a step reads items in an order that no view can have, or casts them."""
    if step.function is calls.getitem:
        return any(isinstance(value_of(part), (np.ndarray, list, bool, np.bool_)) for part in parts_of(step.args[1]))
    if step.function is calls.cast:
        before, after = step.args[0].value.dtype, step.args[1]
        return before != after and before.kind != "c"  # the real part of complex numbers is a view
    return False


def bases_of(step: Node) -> list[Node]:
    """The operands in whose memory the value of ``step`` may lie."""
    function = step.function
    if function in IN_FIRST:
        return [] if is_copy(step) else [step.args[0]] if type(step.args[0]) is Node else []
    if calls.out_position(function) is not None or function in OWN_MEMORY:
        return []
    return reached_operands(step) if type(function) is Loop else operands(step)


def reached_operands(step: Node) -> list[Node]:
    """The operands of a loop in whose memory its results may lie."""
    body = step.function.body
    roots = find_roots(body)
    reached = frozenset().union(*[
        roots.get(output, ()) for output in body.outputs if type(output) is Node and has_memory(output)
    ])
    return nodes_in([arg for arg, node in zip(step.args, body.inputs) if node in reached])


def find_last_uses(program: Program, roots: dict[Node, frozenset[Node]]) -> dict[Node, int]:
    """For each root the number of the last step that reads it, or a view of it."""
    last = {}
    for i, step in enumerate(program.steps):
        for operand in operands(step):
            for root in roots.get(operand, ()):
                last[root] = i
    return last
