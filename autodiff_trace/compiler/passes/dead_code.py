"""Dead code: steps on which nothing depends are left out."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from ...core.selections import moving
from ...numpy import lapack, selections, wrapped
from .. import calls
from ..node import Node, Program, operands, parts_of

__all__ = ["remove_dead_code"]


def remove_dead_code(program: Program) -> Program:
    """The program without the steps that no output, guard or effect needs and that cannot raise an error."""
    needed = {output for output in program.outputs if type(output) is Node}
    kept = []
    for step in reversed(program.steps):
        if step in needed or step.kind != "call" or may_raise(step):
            kept.append(step)
            needed.update(operands(step))
    return Program(program.inputs, kept[::-1], program.outputs)


def may_raise(step: Node) -> bool:
    """Whether a step can fail for some values, as a program without jit would."""
    if not is_harmless(step.function) or step.function in DIVISIONS and type(step.value) in (int, float, complex):
        return True
    if step.function in POWERS and step.value.dtype.kind in "iu":
        return True  # of a negative exponent
    indices = [part for part in index_parts(step) if type(part) is Node and part.value.dtype.kind in "iu"]
    return any(index.function is not calls.check_labels for index in indices)


def index_parts(step: Node) -> tuple:
    """The parts of the index by which a step reads or writes items."""
    if step.function not in INDEXING:
        return ()
    return parts_of(step.args[1])


def is_harmless(function: Callable) -> bool:
    return (
        isinstance(function, np.ufunc)
        or calls.is_known(function)
        or getattr(function, "__module__", None) == "_operator"
        or function in HARMLESS
        or function in moving
    )


INDEXING = {calls.getitem, calls.assign, wrapped.add_at.fun, wrapped.set_item.fun, wrapped.write_item.fun}

DIVISIONS = {operator.truediv, operator.floordiv, operator.mod, operator.pow}
"""Operators that fail for some of Python's numbers: division by zero, powers that are too large."""

POWERS = {operator.pow, np.power}

HARMLESS = {
    np.ones_like, np.zeros_like, np.broadcast_to, np.ravel, np.squeeze, np.expand_dims, np.concatenate, np.stack,
    np.array, np.argmax, np.argmin, np.cumsum, np.diagonal, np.real, np.imag, np.sort, np.argsort, np.mean, np.sum,
    np.prod, np.flip, np.tensordot, np.any, np.all, lapack.det, lapack.slogdet,
    selections.beside.fun, selections.ones_beside.fun, selections.restrict.fun, wrapped.astype.fun,
}
