"""Constants: what does not depend on the inputs is computed when the program is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, literal, operands, rebuild
from ..ir.outlines import is_outline
from .cse import is_pure

__all__ = ["fold", "fold_constants"]

LARGEST = 2**15
"""Bytes. Larger constants would take more memory than the call that makes them takes time."""


def fold_constants(program: Program) -> Program:
    """The program with constants in the place of the steps that compute them."""
    return rebuild(program, fold)


def fold(step: Node) -> Node:
    """The step, or the constant that it computes."""
    function = step.function
    used = operands(step)
    for each in used[1:] if function is np.ones_like or function is np.zeros_like else used:
        if not is_fixed(each):
            return step
    if step.kind != "call" or function is calls.assign or isinstance(step.value, (tuple, list)):
        return step
    if getattr(step.value, "nbytes", 0) > LARGEST:
        return step
    if is_outline(step.value):
        return step
    return literal(step.value) if is_pure(step) and is_quiet(step.value) else step


def is_quiet(value: Any) -> bool:
    """Whether NumPy has had nothing to warn of when it computed a value: that it does in each run."""
    dtype = getattr(value, "dtype", None)
    return dtype is None or dtype.kind not in "fc" or bool(np.isfinite(value).all())
