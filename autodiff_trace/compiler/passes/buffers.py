"""Buffers: intermediate arrays are written into memory that is kept between runs and used again within one."""

from __future__ import annotations

import numpy as np

from .. import calls
from ..node import Node, Program, rebuild
from ..arena import Buffer
from .memory import find_last_uses, find_roots

__all__ = ["assign_buffers", "describe"]


def assign_buffers(program: Program) -> tuple[Program, list[Buffer]]:
    """The program with ``out`` set where a step writes into a buffer, and the buffers.

    A value that may be returned, or of which a view may be, gets memory of its own in each run.
    """
    takers = {step for step in program.steps if takes_buffer(step)}
    if not takers:
        return program, []
    roots = find_roots(program)
    escaping = {root for output in program.outputs if type(output) is Node for root in roots.get(output, ())}
    last_use = find_last_uses(program, roots)
    buffers: list[Buffer] = []
    free: dict[Buffer, list[int]] = {}
    owned: dict[Node, int] = {}
    kinds: dict[Node, Buffer] = {}
    ends: dict[int, list[Node]] = {}
    for root, i in last_use.items():
        ends.setdefault(i, []).append(root)
    placed: dict[Node, int] = {}
    for i, step in enumerate(program.steps):
        dying = [root for root in ends.get(i, ()) if root in owned]
        if step in takers:
            kind = kinds[step] = describe(step.value)
            if calls.is_elementwise_ufunc(step.function):  # it reads each element before it writes it
                for root in dying:
                    if kinds[root] == kind and root in step.args:
                        free[kind].append(owned.pop(root))
            if step not in escaping:
                numbers = free.setdefault(kind, [])
                if not numbers:
                    numbers.append(len(buffers))
                    buffers.append(kind)
                placed[step] = owned[step] = numbers.pop()
                if step not in last_use:  # nothing reads it, but it may raise an error
                    numbers.append(owned.pop(step))
        for root in dying:
            if root in owned:
                free[kinds[root]].append(owned.pop(root))

    numbers_of = iter([placed.get(step) for step in program.steps])

    def place(step: Node) -> Node:
        number = next(numbers_of)
        if number is None:
            return step
        return Node(step.function, step.args, step.kwargs, step.value, step.name, step.kind, step.errstate, number)

    return rebuild(program, place), buffers


def takes_buffer(step: Node) -> bool:
    """Whether a step can write its result, an array, into one it is given."""
    return (
        step.kind == "call"
        and not step.kwargs
        and type(step.value) is np.ndarray
        and not (isinstance(step.function, np.ufunc) and len(step.args) > step.function.nin)  # it is told where
        and step.value.size > 0
        and not step.value.dtype.hasobject
        and calls.out_position(step.function) is not None
    )


def describe(value: np.ndarray) -> Buffer:
    """The buffer that can hold ``value``, with the order of axes in memory that NumPy gave it."""
    if value.flags.c_contiguous:
        axes = tuple(range(value.ndim))
    else:
        axes = tuple(sorted(range(value.ndim), key=lambda axis: -abs(value.strides[axis])))
    return Buffer(value.shape, value.dtype, axes)
