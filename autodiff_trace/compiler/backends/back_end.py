"""What a back end is: the one thing that the rest of the compiler knows of what runs regions of programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..ir.node import Node, Program

__all__ = ["BackEnd", "Runnable"]


class Runnable(Protocol):
    """A compiled program."""

    states: list

    def run(self, leaves: list) -> Any:
        """The results for these inputs, in their container. A Miss says that it is not the program for these values."""


class BackEnd(Protocol):
    """Makes regions of programs run. The rest of a program, and all of it where there is no back end, is NumPy's:
    ``numpy_source`` takes any program, and calls the regions in it.

    A region is a :class:`Program` as well: steps that follow one another, without effects, whose inputs are what they
    read of others and whose outputs are what others read of them. All nodes have specs, which hold in each run: a back
    end may settle shapes, strides and dtypes when it compiles.
    """

    def accepts(self, step: Node) -> bool:
        """Whether a step, a call or a guard, can be one of a region: it is done as NumPy does it."""

    def compile(self, program: Program) -> Callable[..., Any]:
        """The program of a region as a function of its inputs, which gives the outputs (a tuple, or the one): new
        arrays, and numbers. None says that NumPy's form of the region has to run instead: a floating-point error is to
        be seen, a guard does not hold, an input is of another kind. Nothing was changed then."""

    def describe(self, program: Program) -> str:
        """What it makes of a region, for a person to read."""
