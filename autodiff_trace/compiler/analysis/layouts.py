"""Layouts of the values of a program, as its steps stand after the passes that rewrite them."""

from __future__ import annotations

from ..ir.infer import NotInferred, infer
from ..ir.node import Program, operands

__all__ = ["settle_layouts"]


def settle_layouts(program: Program) -> None:
    """Give the arrays of a program the strides that they have as its steps stand: rewriting a step keeps its spec, but
    where axes lie in another order than that of C its operands may be laid out in other ways than those it had."""
    for step in program.steps:
        spec = step.spec
        if not spec.is_array or step.kind != "call" or step.kwargs:
            continue
        if spec.is_contiguous and all(each.spec.is_contiguous or not each.spec.is_array for each in operands(step)):
            continue
        try:
            found = infer(step.function, step.args)
        except NotInferred:
            continue
        if found.is_array and found.shape == spec.shape and found.dtype is not None and found.dtype == spec.dtype:
            step.spec = found
