"""Terms: what the operands and calls of a program are, for algebra."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from .node import Node, is_fixed, value_of

__all__ = [
    "ADD", "DIVIDE", "MULTIPLY", "NEGATE", "POWER", "SUBTRACT", "filling", "is_call", "is_factor", "is_filled",
    "is_identity", "is_negative", "is_number", "is_one_number", "is_real", "is_uniform", "same",
    "with_function",
]

ADD = {np.add, operator.add}
SUBTRACT = {np.subtract, operator.sub}
MULTIPLY = {np.multiply, operator.mul}
DIVIDE = {np.divide, operator.truediv}
NEGATE = {np.negative, operator.neg}
POWER = {np.power, operator.pow}


def is_call(x: Any, functions: set) -> bool:
    return type(x) is Node and x.kind == "call" and x.function.__hash__ is not None and x.function in functions


def is_real(value: Any) -> bool:
    """Whether a value is a floating-point number, and real. (A complex one is multiplied by 1 as by 1 + 0i, and
    infinity times 0 is NaN; an integer can overflow before it meets wider ones.)"""
    return type(value) is float or getattr(getattr(value, "dtype", None), "kind", None) == "f"


def is_negative(x: Any) -> bool:
    if type(x) is not Node or x.function is not np.negative and x.function is not operator.neg:
        return False
    return x.kind == "call" and is_real(x.value)


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
    return type(arg) is float or is_fixed(arg) and np.ndim(value_of(arg)) == 0


def is_factor(arg: Any) -> bool:
    """Whether an operand is one real number, the same in each run, of a type that has twice and minus each number."""
    value = value_of(arg)
    return is_one_number(arg) and (type(value) is int or is_real(value))


def is_identity(arg: Any) -> bool:
    value = value_of(arg)
    return (
        is_fixed(arg) and type(value) is np.ndarray and value.ndim == 2 and value.shape[0] == value.shape[1]
        and np.array_equal(value, np.eye(len(value)))
    )


def is_uniform(arg: Any) -> bool:
    """Whether an operand is an array that is the same number everywhere, in each run."""
    if type(arg) is not Node or arg.kind != "constant" or not is_fixed(arg) or type(arg.value) is not np.ndarray:
        return False
    if not arg.value.ndim or not arg.value.size:
        return False
    first = arg.value.item(0)  # zeros can have several signs
    return first != 0 and arg.value.item(-1) == first and bool(np.all(arg.value == first))


def is_filled(arg: Any) -> bool:
    """Whether an operand is full of one number or array."""
    return type(arg) is Node and (arg.function is calls.fill or arg.function is np.broadcast_to)


def filling(arg: Any) -> Any:
    """The number or array of which ``arg`` is full."""
    return arg.args[0] if is_filled(arg) else arg


def same(x: Any, step: Node) -> Node | None:
    """``x`` if it has the type, shape and dtype, byte order included, of the value of ``step``."""
    if type(x) is not Node or type(x.value) is not type(step.value) or np.shape(x.value) != np.shape(step.value):
        return None
    return x if getattr(x.value, "dtype", None) == getattr(step.value, "dtype", None) else None


def with_function(step: Node, functions: set, args: tuple) -> Node:
    """The step with the ufunc or the operator among ``functions``, whichever kind its own function is."""
    is_ufunc = isinstance(step.function, np.ufunc)
    function = next(f for f in functions if isinstance(f, np.ufunc) == is_ufunc)
    return step.with_call(function, args)
