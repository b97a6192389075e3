"""What a back end is: the one thing that the rest of the compiler knows of what runs programs."""

from __future__ import annotations

from typing import Any, Protocol

from ...core.pytree import Structure
from ..ir.node import Program
from ..ir.memory import Memory

__all__ = ["BackEnd", "Runnable"]


class Runnable(Protocol):
    """A compiled program."""

    states: list

    def run(self, leaves: list) -> Any:
        """The results for these inputs, in their container. A Miss says that it is not the program for these values."""


class BackEnd(Protocol):
    """Makes programs, or parts of them, run.

    A part is a :class:`Program` as well: steps that follow one another, without guards and effects, whose inputs are
    what they read of others and whose outputs are what others read of them. All nodes have specs, which hold in each
    run: a back end may settle shapes, strides and dtypes when it compiles.
    """

    name: str

    def accepts(self, program: Program) -> bool:
        """Whether it can do each step as NumPy does."""

    def compile(
        self, program: Program, structure: Structure, memory: Memory, name: str, trusting: bool = False,
    ) -> Runnable:
        """The program as what can be run, with its outputs in a container of this structure.

        ``memory`` says which results are written into memory that is kept between runs. ``name`` is the user's for the
        function. One that is ``trusting`` raises NotFinite where something is infinite or NaN.
        """
