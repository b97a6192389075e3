"""Operands: what is known of the operands of steps: numbers that stand in the code, and arrays of few elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.node import Node, is_fixed, spec_at
from ...ir.spec import Spec

__all__ = [
    "FEW", "char_of", "dtype_of", "is_few", "is_few_of", "is_number",
    "item_spec", "multiplies_by_one_number", "step_name",
]

FEW = 4
"""The most elements of an array that are numbers of their own."""


def is_number(arg: Any) -> bool:
    """Whether an operand is one number, the same in each run, which is written into the code."""
    return type(arg) is not Node or arg.kind == "constant" and not arg.spec.shape and is_fixed(arg)


def is_few(arg: Any) -> bool:
    return is_few_of(spec_at(arg))


def is_few_of(spec: Spec) -> bool:
    is_numbers = spec.dtype is not None or spec.kind in (float, bool, int, complex)
    return 0 < spec.size <= FEW and not spec.items and is_numbers


def dtype_of(spec: Spec) -> np.dtype:
    """The dtype of a value; that in which a number of Python's is held."""
    return spec.dtype if spec.dtype is not None else np.dtype(spec.kind)


def char_of(spec: Spec) -> str:
    return dtype_of(spec).char


def item_spec(spec: Spec) -> Spec:
    """What one turn has of a list or of the rows of an array."""
    return spec.items[0] if spec.items else spec.with_shape(spec.shape[1:])


def multiplies_by_one_number(step: Node) -> bool:
    """Whether a product is one of two single numbers, of which ``np.dot`` makes no sum: -0 stays as it is."""
    return step.function is np.dot and all(spec_at(arg).size == 1 for arg in step.args[:2])


def step_name(step: Node) -> str:
    """What a step calls, for people; its own name is that of what was recorded, which passes may have replaced."""
    return getattr(step.function, "__name__", "") or step.name or "copy"
