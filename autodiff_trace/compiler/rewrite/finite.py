"""Derivatives without the masks of selections, on the trust that nothing is infinite.

``restrict`` keeps zero what a selection did not take, where a slope is infinite; elsewhere it changes nothing.
Here NumPy is told to raise an error where something overflows, is divided by zero or is no number; then the program is
run with its masks. A NaN that was there before raises none. It shows in the outputs if all that is computed from these
products is NaN where they are; else the inputs are looked through.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ... import nn
from ...core.traits import traits_of
from ...numpy.selections import restrict
from ..backends.numpy_source import calls
from ..ir.loop import Loop, all_steps, in_bodies
from ..ir.node import LIVE, Node, Program, is_fixed, literal, operands, rebuild
from .products import diagonal_product

__all__ = ["RAISING", "assume_finite", "check", "use_diagonals"]

RAISING = {"divide": "raise", "over": "raise", "invalid": "raise"}

RESTRICT = restrict.fun

LARGE = 2**16
"""Elements of arrays that are too many to be looked through in each run."""

NUMBERS = (float, complex, np.ndarray, np.generic)


def assume_finite(program: Program) -> Program:
    """The program with plain products, under an error handling that raises; itself where there are none to gain."""
    steps = list(all_steps(program))
    masked = sum([is_masked(step) or is_sigmoid(step) for step in steps])
    if not masked:
        return program
    constants = {each: None for step in steps for each in operands(step) if each.kind == "constant"}
    numbers = [arg for step in steps for arg in step.args if isinstance(arg, NUMBERS)]
    seen = [each.value for each in (*constants, *program.inputs) if each.name != LIVE and is_inexact(each)]
    if any(map(has_nan, (*numbers, *seen))):
        return program  # so there will be in other runs
    reached = reached_outputs(program)
    arrays = dict.fromkeys((*program.inputs, *(each for each in constants if each.name == LIVE)))
    inputs = [each for each in arrays if is_inexact(each)]
    if reached is not None and are_few(reached, masked):
        inputs = []
    elif are_few(inputs, masked):
        reached = []
    else:
        return program

    def unmask(step: Node) -> Node | list[Node]:
        state = {**step.errstate, **RAISING} if step.errstate else RAISING
        if is_sigmoid(step):
            return sigmoid_steps(step, state)
        if is_masked(step):
            return step.args[0]
        step.errstate = state
        return step

    trusting = rebuild(in_bodies(program, lambda body: rebuild(body, unmask)), unmask)
    outputs = [new for new, old in zip(trusting.outputs, program.outputs) if type(old) is Node and old in reached]
    steps = [*check(inputs), *trusting.steps, *check(list(dict.fromkeys(outputs)))]
    return Program(program.inputs, steps, trusting.outputs)


def use_diagonals(program: Program) -> Program:
    """The program with products with diagonal matrices, of what is finite, row by row."""
    if not program.calls((np.dot,)):
        return program
    found: set[Node] = set()

    def rewrite(step: Node) -> Node | list[Node]:
        result = diagonal_product(step) if step.kind == "call" and step.function is np.dot else None
        if result is None:
            return step
        right = step.args[1]
        checks = [] if right in found or is_fixed(right) else check([right])
        found.add(right)
        return [*checks, *(result if type(result) is list else [result])]

    rewritten = rebuild(program, rewrite)
    return rewritten if found else program


def is_masked(step: Node) -> bool:
    """Whether a step keeps zeros that what stands for it under that trust would not."""
    return step.kind == "call" and step.function is RESTRICT and type(step.args[0]) is Node


def is_sigmoid(step: Node) -> bool:
    """Whether a step is a sigmoid of an array that :func:`sigmoid_steps` can compute."""
    return (
        step.kind == "call" and step.function is nn.sigmoid.fun and type(step.value) is np.ndarray
        and step.value.dtype.kind == "f" and type(step.args[0]) is Node and step.args[0].value.dtype == step.value.dtype
    )


def sigmoid_steps(step: Node, state: dict[str, str]) -> list[Node]:
    """``1 / (1 + exp(-x))``, which overflows where x is below -709 (0.9 instead of 3 µs for a small array)."""
    steps = [step.args[0]]
    one = literal(np.array(1, step.value.dtype))
    for function, *others in ((np.negative,), (np.exp,), (np.add, one), (np.divide, one)):
        steps.append(Node(function, (*others, steps[-1]), {}, step.value, step.name, "call", state))
    return steps[1:]


def check(arrays: list[Node]) -> list[Node]:
    return [Node(calls.check_finite, (arrays,), {}, None, "check", "effect", RAISING)] if arrays else []


def are_few(arrays: Collection[Node], masked: int) -> bool:
    """Whether to look through these arrays takes less time than so many masks do."""
    return len(arrays) <= masked and all(np.size(each.value) <= LARGE for each in arrays)


def reached_outputs(program: Program) -> Collection[Node] | None:
    """The outputs that are NaN if a product is that has no mask; None if there can be such a NaN that they hide."""
    reached: set[Node] = set()
    for step in program.steps:
        if type(step.function) is Loop:
            return None
        if is_masked(step) or not reached.isdisjoint(operands(step)):
            shows_nan = is_masked(step) or traits_of(step.function).shows_nan
            if step.kind != "call" or not shows_nan or not is_inexact(step):
                return None
            reached.add(step)
    return reached.intersection(output for output in program.outputs if type(output) is Node)


def is_inexact(node: Node) -> bool:
    value = node.value
    return type(value) in (float, complex) or getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c")


def has_nan(value: Any) -> bool:
    """Whether a constant is NaN somewhere."""
    if type(value) is float:
        return value != value
    return np.asarray(value).dtype.kind in "fc" and bool(np.isnan(value).any())
