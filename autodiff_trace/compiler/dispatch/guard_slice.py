"""GuardSlice: the part of a program that its guards need, by which the program that fits is found for little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.pytree import tree_flatten
from ..pipeline import compile_program, without_trust
from ..ir.node import Node, Program, operands
from ..backends.numpy_source.executable import Executable

__all__ = ["GuardSlice"]


class GuardSlice:
    """The guards of a program and what they depend on. It is compiled when it is first run: most programs never miss.

    A function that runs a loop as often as a number says has a guard for each count, and those know the count before
    anything is computed.
    """

    __slots__ = ("program", "passes", "name", "executable", "draws_nothing")

    def __init__(self, program: Program, passes: Sequence[str], name: str) -> None:
        self.program: Program | None = guards_alone(program)
        self.draws_nothing = not any(step.kind == "effect" for step in self.program.steps)  # a draw would be made twice
        self.passes = without_trust(passes)
        self.name = name
        self.executable: Executable | None = None

    def run(self, leaves: list) -> Any:
        """A Miss, as of the program itself; else something else."""
        program = self.program
        if program is not None:
            self.executable = compile_program(program, tree_flatten(())[1], self.passes, self.name)
            self.program = None  # after that, for other threads
        return self.executable.run(leaves)


def guards_alone(program: Program) -> Program:
    """The program without outputs, and without the steps that no guard needs."""
    needed: set[Node] = set()
    kept = []
    for step in reversed(program.steps):
        if step.kind == "guard" or step in needed:
            kept.append(step)
            needed.update(operands(step))
    return Program(program.inputs, kept[::-1], [])
