"""Executables of programs that are one region as a whole: nothing of Python's stands between caller and region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.pytree import Structure
from ...ir.node import LIVE, Node, Program
from ...ir.region import Region
from ..numpy_source.executable import Executable

__all__ = ["WholeRegion", "is_whole"]


def is_whole(program: Program, structure: Structure) -> bool:
    """Whether a program gives what its one region gives for its inputs, and arrays that are read anew in each run."""
    if not program.steps or type(program.steps[0].function) is not Region:
        return False
    step, *results = program.steps
    count = len(program.inputs)
    rest = step.args[count:]
    is_flat = structure.kind is None if len(results) == 1 else structure.kind is tuple and len(results) > 1
    return (
        is_flat and program.outputs == results and len(step.spec.items) == len(results)
        and all(each.kind is None for each in structure.children)
        and list(step.args[:count]) == program.inputs
        and all(type(each) is Node and each.kind == "constant" and each.name == LIVE for each in rest)
    )


class WholeRegion(Executable):
    """A program that is one region. Its source says what a run does, and is run where variables outside are written."""

    def __init__(self, executable: Executable, program: Program) -> None:
        super().__init__(executable.source, executable.buffers)
        step = program.steps[0]
        self.native, self.instead = step.function.native, step.function.instead
        self.more = tuple([each.value for each in step.args[len(program.inputs):]])

    def run(self, leaves: Sequence) -> Any:
        if self.states:
            return super().run(leaves)
        result = self.native(*leaves, *self.more)
        return self.instead(*leaves, *self.more) if result is None else result
