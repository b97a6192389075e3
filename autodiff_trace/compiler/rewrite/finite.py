"""Rewriting on the trust that nothing is infinite or NaN: without masks, and without products with diagonal matrices.

``restrict`` keeps zero what a selection did not take, where a slope is infinite; elsewhere it changes nothing. Without
it NumPy is told to raise an error where something overflows, is divided by zero or is no number; then the program is
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
from ..ir.infer import call
from ..ir.loop import Loop, all_steps, in_bodies
from ..ir.node import LIVE, Node, Program, is_fixed, operands, spec_at
from ..ir.spec import Spec
from ..ir.terms import is_identity
from .driver import Table, rewrite
from .patterns import Rule, Term, head, same

__all__ = ["DIAGONALS", "RAISING", "UNMASKED", "assume_finite", "check"]

RAISING = {"divide": "raise", "over": "raise", "invalid": "raise"}

RESTRICT = restrict.fun

LARGE = 2**16
"""Elements of arrays that are too many to be looked through in each run."""

NUMBERS = (float, complex, np.ndarray, np.generic)

x, mask, d = Term("x"), Term("mask"), Term("d")
eye = Term("eye", is_identity)
matrix = Term("matrix", lambda arg: type(arg) is Node and arg.spec.ndim == 2)
dot, exp = head(np.dot), head(np.exp)


def assume_finite(program: Program) -> Program:
    """The program with plain products, under an error handling that raises; itself where there are none to gain."""
    steps = list(all_steps(program))
    masked = sum([is_masked(step) or is_sigmoid(step) for step in steps])
    if not masked:
        return program
    constants = {each: None for step in steps for each in operands(step) if each.kind == "constant"}
    numbers = [arg for step in steps for arg in step.args if isinstance(arg, NUMBERS)]
    seen = [each.value for each in (*constants, *program.inputs) if each.name != LIVE and is_inexact(each.spec)]
    if any(map(has_nan, (*numbers, *seen))):
        return program  # so there will be in other runs
    reached = reached_outputs(program)
    arrays = dict.fromkeys((*program.inputs, *(each for each in constants if each.name == LIVE)))
    inputs = [each for each in arrays if is_inexact(each.spec)]
    if reached is not None and are_few(reached, masked):
        inputs = []
    elif are_few(inputs, masked):
        reached = []
    else:
        return program
    trusting = rewrite(in_bodies(program, lambda body: rewrite(body, UNMASKED)), UNMASKED)
    for step in all_steps(trusting):
        step.errstate = {**step.errstate, **RAISING} if step.errstate else RAISING
    outputs = [new for new, old in zip(trusting.outputs, program.outputs) if type(old) is Node and old in reached]
    steps = [*check(inputs), *trusting.steps, *check(list(dict.fromkeys(outputs)))]
    return Program(program.inputs, steps, trusting.outputs)


def is_masked(step: Node) -> bool:
    """Whether a step keeps zeros that what stands for it under that trust would not."""
    return step.kind == "call" and step.function is RESTRICT and type(step.args[0]) is Node


def is_sigmoid(step: Node, **_: Any) -> bool:
    """Whether a step is a sigmoid of an array of real numbers."""
    if step.kind != "call" or step.function is not nn.sigmoid.fun or not step.spec.is_array:
        return False
    return step.spec.dtype.kind == "f" and spec_at(step.args[0]).dtype == step.spec.dtype


def check(arrays: list[Node]) -> list[Node]:
    return [Node(calls.check_finite, (arrays,), {}, None, "check", "effect", RAISING)] if arrays else []


def are_few(arrays: Collection[Node], masked: int) -> bool:
    """Whether to look through these arrays takes less time than so many masks do."""
    return len(arrays) <= masked and all(each.spec.size <= LARGE for each in arrays)


def reached_outputs(program: Program) -> Collection[Node] | None:
    """The outputs that are NaN if a product is that has no mask; None if there can be such a NaN that they hide."""
    reached: set[Node] = set()
    for step in program.steps:
        if type(step.function) is Loop:
            return None
        if is_masked(step) or not reached.isdisjoint(operands(step)):
            shows_nan = is_masked(step) or traits_of(step.function).shows_nan
            if step.kind != "call" or not shows_nan or not is_inexact(step.spec):
                return None
            reached.add(step)
    return reached.intersection(output for output in program.outputs if type(output) is Node)


def is_inexact(spec: Spec) -> bool:
    return spec.kind in (float, complex) or spec.dtype is not None and spec.dtype.kind in "fc"


def has_nan(value: Any) -> bool:
    """Whether a constant is NaN somewhere."""
    if type(value) is float:
        return value != value
    return np.asarray(value).dtype.kind in "fc" and bool(np.isnan(value).any())


UNMASKED = Table(
    "finite",
    Rule("mask", head(RESTRICT)(x, mask), lambda step, x, mask: x if type(x) is Node else None),
    # It overflows where x is below -709 (0.9 instead of 3 µs for a small array).
    Rule("sigmoid", head(nn.sigmoid.fun)(x), 1 / (1 + exp(-x)), is_sigmoid),
)


def scale_rows(step: Node, d: Any, matrix: Node, **_: Any) -> list[Node] | None:
    spec = spec_at(d)
    if spec.shape != matrix.spec.shape[:1] or np.result_type(spec.dtype, matrix.spec.dtype) != step.spec.dtype:
        return None
    column = call(calls.reshape, (d, (-1, 1)), step)
    return [*check_matrix(matrix), step.with_call(np.multiply, (column, matrix))]


def check_matrix(matrix: Node) -> list[Node]:
    return [] if is_fixed(matrix) else check([matrix])


DIAGONALS = Table(
    "finite",
    # Jacobians begin with it. Zeros do not meet infinities of the matrix: where there are any, the product is NaN.
    Rule("identity times a matrix", dot(eye, matrix), lambda step, matrix, eye: (
        [*check_matrix(matrix), matrix] if same(matrix, step) else None)),
    Rule("diagonal times a matrix", dot(eye * d, matrix), scale_rows),
)
