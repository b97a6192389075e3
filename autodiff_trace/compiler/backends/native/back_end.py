"""The native back end as the rest of the compiler sees it: the steps that it takes, and regions as functions.

Nothing of llvmlite is imported before a region is compiled.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Callable

from ...ir.node import Node, Program

__all__ = ["Native", "compiling", "is_installed", "why_unavailable"]

compiling = threading.RLock()
"""Held while something is compiled: LLVM does one thing at a time, and a fork waits until it is done."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=compiling.acquire, after_in_parent=compiling.release, after_in_child=compiling.release)


class Native:
    """A :class:`~autodiff_trace.compiler.backends.back_end.BackEnd`, on LLVM; ``math`` says whose functions
    its regions call: "own", or "numpy" for the same to the last bit."""

    def __init__(self, math: str) -> None:
        self.math = math

    def accepts(self, step: Node) -> bool:
        """Whether a step can be one of a region."""
        from . import translate

        return translate.accepts(step, self.math)

    def compile(self, program: Program) -> Callable:
        """The program of a region as a function of its inputs, which gives the outputs (a tuple, or the one), or None
        where NumPy has to say what they are."""
        from . import region, translate

        return region.compile_region(translate.translate(program, self.math))

    def describe(self, program: Program) -> str:
        """The loops of a region, for a person to read."""
        from . import translate

        return str(translate.translate(program, self.math))


@functools.cache
def is_installed() -> bool:
    """Whether there is an llvmlite; it is not imported. (To look for it takes 0.1 ms.)"""
    try:
        return importlib.util.find_spec("llvmlite") is not None
    except (ImportError, ValueError):  # a stand-in without a spec
        return False


def why_unavailable() -> str | None:
    """Why there is no native back end here; None if there is. It imports llvmlite."""
    if not is_installed():
        return "llvmlite is not installed"
    from . import engine

    return engine.available()
