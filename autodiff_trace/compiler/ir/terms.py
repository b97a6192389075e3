"""Terms: what the operands of a step are, for the conditions of rewriting rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .node import LIVE, Node, is_fixed, spec_at, value_of
from .spec import Spec

__all__ = ["is_factor", "is_identity", "is_number", "is_one_number", "is_real", "is_uniform"]


def is_real(spec: Spec) -> bool:
    """Whether values are floating-point numbers, and real. (A complex one is multiplied by 1 as by 1 + 0i, and
    infinity times 0 is NaN; an integer can overflow before it meets wider ones.)"""
    return spec.kind is float or spec.dtype is not None and spec.dtype.kind == "f"


def is_number(x: Any, number: int) -> bool:
    """Whether ``x`` is this number in each run, and no array of more dimensions than it must have."""
    if type(x) is Node:
        if x.kind != "constant" or not is_fixed(x):
            return False
        x = x.value
    if isinstance(x, np.ndarray):
        if not x.size or x.item(0) != number:  # as a rule: 0.1 of 5 µs
            return False
        return bool(np.all(x == number)) and not (number == 0 and np.signbit(x).any())
    return isinstance(x, (int, float, np.generic)) and x == number and not (number == 0 and np.signbit(x))


def is_one_number(arg: Any) -> bool:
    """Whether an operand is one number, the same in each run."""
    if type(arg) is Node and arg.kind != "constant":
        return False
    return type(arg) is float or is_fixed(arg) and spec_at(arg).ndim == 0


def is_factor(arg: Any) -> bool:
    """Whether an operand is one real number, the same in each run, of a type that has twice and minus each number."""
    if type(arg) is Node:
        return arg.kind == "constant" and arg.name != LIVE and not arg.spec.shape and is_real(arg.spec)
    return type(arg) in (int, float) or is_one_number(arg) and is_real(spec_at(arg))


def is_identity(arg: Any) -> bool:
    """Whether an operand is the identity matrix."""
    spec = spec_at(arg)
    if not is_fixed(arg) or not spec.is_array or spec.ndim != 2 or spec.shape[0] != spec.shape[1]:
        return False
    return np.array_equal(value_of(arg), np.eye(spec.shape[0]))


def is_uniform(arg: Any) -> bool:
    """Whether an operand is an array that is the same number everywhere, in each run."""
    if type(arg) is not Node or arg.kind != "constant" or not arg.spec.shape or not is_fixed(arg) or not arg.spec.size:
        return False
    first = arg.value.item(0)  # zeros can have several signs
    return first != 0 and arg.value.item(-1) == first and bool(np.all(arg.value == first))
