"""What is done in the runs in which a native region cannot say what its results are: its NumPy program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.memory import Buffer
from ...ir.node import Program
from ...ir.spec import Spec
from ..back_end import Runnable

__all__ = ["Fallback"]


class Fallback:
    """The other form of a region. It is compiled when it is first needed: most regions never need it. (Two threads may
    both compile it.)

    Arrays that are laid out in memory in another way than the region was compiled for are copied, and given to the
    region again: of what NumPy's steps give the layout is not always known, and arguments may be unaligned.
    """

    __slots__ = ("program", "native", "compile", "runnable")

    def __init__(self, program: Program, native: Callable, compile: Callable[[Program], Runnable]) -> None:
        self.program = program
        self.native = native
        self.compile = compile
        self.runnable: Runnable | None = None

    def __call__(self, *args: Any) -> Any:
        """The outputs of the region: one, or a tuple; the Miss of a guard."""
        fitting = [fit(arg, node.spec) for arg, node in zip(args, self.program.inputs)]
        if any(new is not old for new, old in zip(fitting, args)):
            result = self.native(*fitting)
            if result is not None:
                return result
        if self.runnable is None:
            self.runnable = self.compile(self.program)
        return self.runnable.run(args)


def fit(arg: Any, spec: Spec) -> Any:
    """The argument; of an array with other strides, or at an address that its numbers cannot have, a copy without."""
    if type(arg) is not np.ndarray or arg.shape != spec.shape or arg.dtype != spec.dtype:
        return arg
    if arg.strides == spec.strides and arg.flags.aligned:
        return arg
    copy = Buffer(spec.shape, spec.dtype, tuple(sorted(range(spec.ndim), key=lambda i: -abs(spec.strides[i])))).make()
    copy[...] = arg
    return copy
