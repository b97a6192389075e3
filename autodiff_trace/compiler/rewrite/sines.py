"""Sines and cosines of the same large array are computed together."""

from __future__ import annotations

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, rebuild
from ..backends.numpy_source.sines import is_numpy_slow

__all__ = ["join_sines"]

LARGE = 2**14
"""Elements from which it pays."""


def join_sines(program: Program) -> Program:
    """The program with one step for the sine and the cosine of an array, where NumPy takes long for each."""
    if not program.calls((np.sin,)) or not program.calls((np.cos,)):
        return program
    functions: dict[Node, set] = {}
    for step in program.steps:
        if is_large_sine(step):
            functions.setdefault(step.args[0], set()).add(step.function)
    pairs = {x for x, found in functions.items() if len(found) == 2}
    if not pairs or not is_numpy_slow():
        return program
    joined: dict[Node, dict] = {}
    originals = iter(program.steps)

    def rewrite(step: Node) -> Node | list[Node]:
        original = next(originals)
        if not is_large_sine(original) or original.args[0] not in pairs:
            return step
        if original.args[0] in joined:
            return joined[original.args[0]][step.function]
        x = step.args[0]
        cosines = Node(calls.like, (x,), {}, step.value, "like", "call", step.errstate)
        sines = Node(calls.sin_cos, (x, cosines), {}, step.value, "sin_cos", "call", step.errstate)
        ready = Node(calls.after, (cosines, sines), {}, step.value, "cos", "call", step.errstate)
        joined[original.args[0]] = {np.sin: sines, np.cos: ready}
        # The last stands for this step; the other is placed where it is met.
        return [cosines, sines] if step.function is np.sin else [cosines, sines, ready]

    return rebuild(program, rewrite)


def is_large_sine(step: Node) -> bool:
    """Whether a step computes sines or cosines of a large array of doubles."""
    return (
        step.kind == "call"
        and step.function in (np.sin, np.cos)
        and type(step.value) is np.ndarray
        and step.value.dtype == np.float64
        and step.value.size >= LARGE
        and type(step.args[0]) is Node
        and step.args[0].value.dtype == np.float64
    )
