"""Dead code: steps on which nothing depends are left out."""

from __future__ import annotations

from typing import Any

from ...core.traits import traits_of
from ...numpy import wrapped
from .. import calls
from ..node import Node, Program, operands, parts_of

__all__ = ["remove_dead_code"]


def remove_dead_code(program: Program) -> Program:
    """The program without the steps that no output, guard or effect needs and that cannot raise an error."""
    needed = {output for output in program.outputs if type(output) is Node}
    kept = []
    for step in reversed(program.steps):
        if step in needed or step.kind != "call" or may_raise(step):
            kept.append(step)
            needed.update(operands(step))
    return Program(program.inputs, kept[::-1], program.outputs)


def may_raise(step: Node) -> bool:
    """Whether a step can fail for some values, as a program without jit would."""
    traits = traits_of(step.function)
    if not traits.harmless or traits.raises_on and kind_of(step.value) in traits.raises_on:
        return True
    indices = [part for part in index_parts(step) if type(part) is Node and part.value.dtype.kind in "iu"]
    return any(index.function is not calls.check_labels for index in indices)


def kind_of(value: Any) -> str:
    """The kind of the dtype of a value; "n" for Python's numbers, of which NumPy's have none."""
    return "n" if type(value) in (int, float, complex) else value.dtype.kind


def index_parts(step: Node) -> tuple:
    """The parts of the index by which a step reads or writes items."""
    if step.function not in INDEXING:
        return ()
    return parts_of(step.args[1])


INDEXING = {calls.getitem, calls.assign, wrapped.add_at.fun, wrapped.set_item.fun, wrapped.write_item.fun}
