"""What the tests of the compiler's passes share: programs of functions, what a pass makes of them, and comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from compiled import assert_like

from autodiff_trace import jit, tree_map
from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.ir import kernel
from autodiff_trace.compiler.rewrite.lowering import lower_step
from autodiff_trace.compiler.ir.node import Program, rebuild
from autodiff_trace.compiler.schedule import fusion

__all__ = ["assert_replays", "count", "describe", "lowered", "small_blocks", "source"]


def lowered(function: Callable, *args: Any) -> Program:
    """The program of a function, before any pass."""
    return rebuild(jit(function).graph(*args).program, lower_step, copies=True)


def count(program: Program) -> dict[str, int]:
    """How often each function is called."""
    return dict(Counter(step.function.__name__ for step in program.steps if step.kind == "call"))


def describe(program: Program) -> list:
    """All that makes up a program, to see whether it has been changed."""
    steps = [
        (step, step.function, step.args, dict(step.kwargs), step.kind, step.errstate, step.out)
        for step in program.steps
    ]
    return [list(program.inputs), steps, list(program.outputs)]


def source(function: Callable, *args: Any, passes: tuple[str, ...] = PASSES) -> str:
    """The emitted program."""
    return jit(function, passes=passes).graph(*args).source


def assert_replays(function: Callable, *calls: tuple, passes: tuple[str, ...] = PASSES) -> None:
    """Traced with the first arguments, ``function`` is replayed for all of them, with its results.

    (Where one is not finite it may have to be traced again, for a program that does not trust in that.)
    """
    compiled = jit(function, passes=passes)
    with np.errstate(all="ignore"):
        for args in (calls[0], *calls):
            found, expected = compiled(*args), function(*args)
            assert_like(tree_map(np.asarray, found), tree_map(np.asarray, expected))
    info = compiled.cache_info()
    assert info.programs == 1 and info.traces <= 2 and info.hits >= len(calls) - 1, f"a call was no replay: {info}"


def small_blocks(monkeypatch: Any) -> None:
    """Let small arrays be worked on in blocks, and on threads."""
    monkeypatch.setattr(fusion, "LARGE", 64)
    monkeypatch.setattr(fusion, "BLOCK", 8)
    monkeypatch.setattr(fusion, "WORTH", 0)
    monkeypatch.setattr(kernel, "WORTH_A_THREAD", 1e-3)
