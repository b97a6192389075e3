"""The NumPy program of a region, for the runs in which the native one cannot say what the results are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.node import Program
from ..back_end import Runnable

__all__ = ["Fallback"]


class Fallback:
    """It is compiled when it is first needed: most regions never need it. Two threads may both compile it."""

    __slots__ = ("program", "compile", "runnable")

    def __init__(self, program: Program, compile: Callable[[Program], Runnable]) -> None:
        self.program = program
        self.compile = compile
        self.runnable: Runnable | None = None

    def __call__(self, *args: Any) -> Any:
        """The outputs of the region: one, or a tuple; the Miss of a guard."""
        if self.runnable is None:
            self.runnable = self.compile(self.program)
        return self.runnable.run(args)
