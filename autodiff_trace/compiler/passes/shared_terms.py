"""Shared terms: in ``(xs[i] + y) + b`` for many i, ``b`` is added to all of ``xs`` at once, before ``y``.

The bias of a recurrent network is such a term. An addition of a row to each row of a matrix takes 1.1 µs for
16 × 64 elements, of another matrix 0.5. It differs in rounding.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from ..node import Node, Program, operands, relabel
from .batches import FEWEST, LARGEST, Row, find_rows, has_dtype

__all__ = ["add_shared_first"]


class Sum(NamedTuple):
    """``(row + other) + shared``, where ``inner`` is what stands in parentheses."""

    inner: Node
    row: Node
    other: Node
    shared: Node


def add_shared_first(program: Program) -> Program:
    """The program with terms that are the same for many rows added to these rows first."""
    rows = find_rows(program)
    sums = {step: found for step in program.steps if rows and (found := find_sum(step, rows)) is not None}
    if len(sums) < FEWEST:
        return program
    uses = Counter([operand for step in program.steps for operand in operands(step)])
    uses.update([output for output in program.outputs if type(output) is Node])
    numbers = {step: i for i, step in enumerate(program.steps)}
    sums = {
        step: each for step, each in sums.items()
        if uses[each.inner] == 1 and numbers.get(each.shared, -1) < numbers[each.inner]
    }
    groups = Counter([(rows[each.row].base, each.shared) for each in sums.values()])
    sums = {step: each for step, each in sums.items() if groups[rows[each.row].base, each.shared] >= FEWEST}
    if not sums:
        return program
    inner = {each.inner: each for each in sums.values()}
    new: dict[Node, Node] = {}
    steps = []
    for step in program.steps:
        args = step.args
        if step in inner:
            args = inner[step].row, inner[step].shared
        elif step in sums:
            args = sums[step].inner, sums[step].other
        moved = (step if args is step.args else step.with_call(np.add, args)).relabelled(new)
        if moved is not step:
            new[step] = moved
        steps.append(moved)
    return Program(program.inputs, steps, relabel(program.outputs, new))


def find_sum(step: Node, rows: dict[Node, Row]) -> Sum | None:
    """What a step adds, if it is such a sum."""
    if not is_addition(step) or step.value.size > LARGEST:
        return None
    for inner, shared in (step.args, step.args[::-1]):
        if not is_addition(inner) or inner.value.shape != step.value.shape:
            continue
        if inner.errstate != step.errstate or shared in rows:
            continue
        for row, other in (inner.args, inner.args[::-1]):
            if row in rows and other not in rows and row.value.shape == other.value.shape == step.value.shape:
                return Sum(inner, row, other, shared)
    return None


def is_addition(step: Node) -> bool:
    """Whether a step adds arrays of one dtype."""
    return (
        step.function is np.add and step.kind == "call" and len(step.args) == 2 and not step.kwargs
        and type(step.value) is np.ndarray and step.value.dtype.kind in "fc"
        and all([has_dtype(arg, step.value.dtype) for arg in step.args])
    )
