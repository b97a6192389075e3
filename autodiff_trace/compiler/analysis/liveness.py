"""Memory: in which arrays the values of a program may lie, and until when they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.traits import traits_of
from ...numpy import wrapped
from ..backends.numpy_source import calls
from ..ir.layout import view_strides
from ..ir.loop import Loop
from ..ir.region import Region
from ..ir.node import Node, Program, nodes_in, operands, parts_of, spec_at

__all__ = ["find_last_uses", "find_roots", "is_in_first", "owns_memory", "steps_under_outputs"]


def find_roots(program: Program, guess: bool = True) -> dict[Node, frozenset[Node]]:
    """For each value the steps, inputs and constants in whose memory it may lie.

    Of functions about which nothing is known the result may lie in any operand's memory; unless ``guess``, in none.
    """
    roots: dict[Node, frozenset[Node]] = {node: frozenset((node,)) for node in program.inputs}
    for step in program.steps:
        if has_memory(step):
            bases = bases_of(step) if guess or is_in_first(step.function) and not is_copying_reshape(step) else ()
            if not bases:
                roots[step] = frozenset((step,))
                continue
            if len(bases) == 1 and is_in_first(step.function) and (found := roots.get(bases[0])):
                roots[step] = found
                continue
            memories = [frozenset((base,)) if base.kind == "constant" else roots.get(base, ()) for base in bases]
            found = frozenset().union(*memories)
            roots[step] = found if found and is_in_first(step.function) else found | {step}
    return roots


def is_in_first(function: Callable) -> bool:
    """Whether results may lie in the memory of the first argument alone."""
    traits = traits_of(function)
    return (traits.makes_view or traits.may_give_first) and not traits.owns_memory


def owns_memory(function: Callable) -> bool:
    """Whether results have memory of their own."""
    return type(function) is Region or calls.out_position(function) is not None or traits_of(function).owns_memory


def has_memory(step: Node) -> bool:
    """Whether the value of a step is an array, or may hold some."""
    return (step.spec.is_array or step.spec.is_sequence) and step.kind != "guard"


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
    """Whether a step reshapes an array that lies in memory in another order, casts one, or takes the imaginary part of
    a real one."""
    if traits_of(step.function) is wrapped.astype.traits:  # what gives the very array is no step
        return True
    x = spec_at(step.args[0])
    if step.function is np.imag:
        return x.dtype.kind != "c"
    if step.function is np.ravel:
        return len(step.args) == 1 and not step.kwargs and not x.is_contiguous
    if step.function is not calls.reshape or x.is_contiguous:
        return False
    return view_strides(x, step.spec.shape) is None


def is_copy(step: Node) -> bool:
    """Whether a step reads items in an order that no view can have, or casts them."""
    if step.function is calls.getitem:
        return any(spec_at(part).kind in (np.ndarray, list, bool, np.bool_) for part in parts_of(step.args[1]))
    if step.function is calls.cast:
        before, after = step.args[0].spec.dtype, step.args[1]
        return before != after and before.kind != "c"  # the real part of complex numbers is a view
    return False


def bases_of(step: Node) -> list[Node]:
    """The operands in whose memory the value of ``step`` may lie."""
    function = step.function
    if type(function) is np.ufunc and function.nout == 1:  # as a rule
        return []
    if is_in_first(function):
        return [] if is_copy(step) else [step.args[0]] if type(step.args[0]) is Node else []
    if owns_memory(function):
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
