"""Regions: runs of steps of a program that a back end computes at once; they are a program themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .evaluation import as_function
from .loop import result
from .node import Node, Program
from .spec import tuple_of

__all__ = ["Region"]


@dataclass(eq=False)
class Region:
    """What the step of a region calls, with the values of the inputs of its ``program``. It gives a tuple of the
    outputs, which ``result`` steps read: new arrays, and numbers.

    Compiled, a region is two functions that give the tuple, or the one output: ``native``, which may give None where
    it cannot say, and ``instead``, which is asked then. Only that one gives the Miss of a guard.
    """

    __name__ = "region"

    program: Program
    native: Callable | None = None
    instead: Callable | None = None

    def __call__(self, *args: Any) -> tuple:
        return tuple(as_function(self.program)(*args))

    @property
    def has_guards(self) -> bool:
        return any(step.kind == "guard" for step in self.program.steps)

    def steps(self, args: Iterable) -> list[Node]:
        """The step that calls it, and those of its results. Guards make it one that stays where it is."""
        specs = [node.spec for node in self.program.outputs]
        kind = "effect" if self.has_guards else "call"
        step = Node(self, tuple(args), {}, tuple_of(specs), "region", kind)
        return [step, *(Node(result, (step, i), {}, spec, "result") for i, spec in enumerate(specs))]
