"""Elementwise steps: which there are, in which dtypes they compute, and what is written for them in a loop."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ....nn import sigmoid as nn_sigmoid
from ....numpy import selections, wrapped
from ...ir.infer import UFUNCS
from ...ir.node import Node, spec_at, value_of
from ...ir.spec import Spec
from ..numpy_source import calls
from .operations import find_operation
from .registers import Lanes, Value

__all__ = ["Elementwise", "find_elementwise", "pointwise", "select"]


class Elementwise(NamedTuple):
    """How an elementwise step is computed: of ``operands`` in the dtypes ``chars``; ``rule(lanes, *values)`` writes
    what gives a value of the dtype ``result``."""

    operands: tuple
    chars: str
    rule: Callable[..., Value]


NUMBERS = "?bBhHiIlLqQfdFD"
MOVED = {calls.copy, calls.fill, calls.cast, np.float64, np.float32, float, wrapped.astype.fun, selections.beside.fun}
"""Functions whose results are elements of the first argument, as they are or cast."""

FUSED = (np.multiply, np.square)
"""Functions whose loops of complex numbers fuse multiplications and additions where the processor can."""


POINTWISE: dict[Callable, Callable[[Node, str], Elementwise | None]] = {}


def pointwise(*functions: Callable) -> Callable:
    """Decorate what says how steps of these functions are computed, from a step and the code of its dtype."""

    def decorate(rule: Callable) -> Callable:
        POINTWISE.update(dict.fromkeys(functions, rule))
        return rule

    return decorate


def find_elementwise(step: Node, own: dict[np.ufunc, Callable]) -> Elementwise | None:
    """How a step is computed element by element; None if nothing is written for it. ``own`` are the functions that have
    code of their own."""
    function, args = step.function, step.args
    if function.__hash__ is None or step.kwargs:
        return None
    char = char_of(step.spec)
    if char is None:
        return None
    if function in POINTWISE:
        return POINTWISE[function](step, char)
    if function in MOVED:
        given = char_of(spec_at(args[0]))
        return Elementwise(args[:1], char, convert) if given is not None and can_cast(given, char) else None
    if function is calls.select or function is calls.keep:
        condition, *values = args if function is calls.select else (args[1], args[0], 0)
        return Elementwise((condition, *values), "?" + char * 2, select) if all(
            has_place(each, char) for each in values) else None
    if function is selections.restrict.fun and char in "fdFD" and type(args[1]) is Node:
        return Elementwise(args, char + "?", restrict)
    if function is nn_sigmoid.fun and char in "fd" and np.exp in own and spec_at(args[0]).dtype == step.spec.dtype:
        return Elementwise(args, char, functools.partial(sigmoid, own[np.exp]))
    ufunc = UFUNCS.get(function, function)
    if not isinstance(ufunc, np.ufunc) or ufunc.nout != 1 or ufunc.signature is not None:
        return None
    operands = args[:ufunc.nin]
    if len(args) > ufunc.nin and any(arg is not None for arg in args[ufunc.nin:]):
        return None
    if ufunc is not function and not is_as_numpys(ufunc, operands) or has_long_number(operands):
        return None
    if all(type(arg) is not Node or arg.kind == "constant" and not arg.spec.shape for arg in operands):
        return None  # LLVM would compute it, and say nothing of 0 / 0
    chars = loop_chars(ufunc, operands)
    if chars is None or chars[-1] != char and not (step.spec.dtype is None and chars[-1] in "d?"):
        return None
    chars = chars[:-1]
    if ufunc is np.power:
        return power(operands, chars, own)
    if ufunc in (np.logical_and, np.logical_or, np.logical_xor, np.logical_not):
        chars = "?" * len(chars)
    rule = find_operation(ufunc, chars)
    if not own and ufunc in FUSED and set(chars) <= set("FD") and is_loop(ufunc, function, operands):
        return None
    if rule is None and ufunc in own and set(chars) <= set("fd"):
        rule = own[ufunc]
    return None if rule is None else Elementwise(operands, chars, rule)


def char_of(spec: Spec) -> str | None:
    """The code of the dtype of numbers; None for what is none of those that processors compute with."""
    if spec.dtype is None:
        return {float: "d", bool: "?", complex: "D", int: "l"}.get(spec.kind)
    return spec.dtype.char if spec.dtype.char in NUMBERS and spec.dtype.isnative else None


EXACT = 2**53
"""Whole numbers up to this one are floating-point numbers."""

PLAIN = (np.add, np.subtract, np.multiply, np.negative, np.absolute, np.less, np.less_equal, np.greater,
         np.greater_equal, np.equal, np.not_equal)
"""What Python computes of floats as NumPy does, without ever raising an error."""


def is_loop(ufunc: np.ufunc, function: Callable, operands: tuple) -> bool:
    """Whether NumPy runs the ufunc's loop for a step as for arrays: of its numbers the operators are functions of their
    own, and squares are computed in place, which complex loops do in another way."""
    return ufunc is function and ufunc is not np.square or any(spec_at(arg).is_array for arg in operands)


def is_as_numpys(ufunc: np.ufunc, operands: tuple) -> bool:
    """Whether Python's operator gives for these operands what the ufunc does. Python's integers have no end, its truth
    values add up to 2, its divisions raise an error; NumPy's scalars of integers warn."""
    specs = list(map(spec_at, operands))
    if any(spec.is_array for spec in specs):
        return True
    if all(spec.dtype is None for spec in specs):
        return ufunc in PLAIN and all(spec.kind is float for spec in specs)
    chars = loop_chars(ufunc, operands)
    return chars is not None and not set(chars[:-1]) & set("bBhHiIlLqQ")


def has_long_number(operands: tuple) -> bool:
    """Whether one is a whole number that NumPy may not hold as it is."""
    return any(type(arg) is int and abs(arg) > EXACT for arg in operands)


def loop_chars(ufunc: np.ufunc, operands: tuple) -> str | None:
    """The dtypes of the loop that NumPy takes for these operands, the last that of its result; None if one of Python's
    integers may have no place in its dtype: NumPy knows what is less all the same, or raises an error."""
    dtypes = tuple([spec.dtype or spec.kind for spec in map(spec_at, operands)])
    chars = resolve(ufunc, dtypes)
    return chars if chars is not None and all(map(has_place, operands, chars)) else None


LEAST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


def has_place(arg: Any, char: str) -> bool:
    if char in "fF" and (type(arg) is not Node or arg.kind == "constant" and not arg.spec.shape):
        size = abs(value_of(arg))  # NumPy warns where one becomes infinite or loses digits
        return not math.isfinite(size) or size == 0 or LEAST <= size <= LARGEST
    if char in "?fdFD" or spec_at(arg).kind is not int:
        return True
    if type(arg) is Node and arg.kind != "constant":
        return char in "lq"
    info = np.iinfo(char)
    return info.min <= value_of(arg) <= info.max


@functools.lru_cache(maxsize=1024)
def resolve(ufunc: np.ufunc, dtypes: tuple) -> str | None:
    if all(type(each) is type for each in dtypes):
        dtypes = tuple(map(np.dtype, dtypes))
    dtypes = tuple([np.dtype(bool) if each is bool else each for each in dtypes])
    try:
        found = ufunc.resolve_dtypes((*dtypes, None))
    except TypeError:
        return None
    chars = "".join([each.char for each in found])
    return chars if all(each in NUMBERS for each in chars) else None


def can_cast(given: str, char: str) -> bool:
    """Whether a cast has code: those to integers depend on the processor where numbers are too large."""
    if given in "FD" and char not in "FD?":
        return False
    return not (given in "fd" and char not in "fdFD?")


def convert(lanes: Lanes, x: Value) -> Value:
    return x


def select(lanes: Lanes, condition: Value, x: Value, y: Value) -> Value:
    return lanes.select(condition, lanes.computed(x), lanes.computed(y))


def restrict(lanes: Lanes, x: Value, mask: Value) -> Value:
    is_finite = None
    for each in lanes.parts(x) if x.char in "FD" else [x]:
        truth = find_operation(np.isfinite, each.char)(lanes, each)
        is_finite = truth if is_finite is None else lanes.op("and", is_finite, truth)
    return lanes.select(lanes.op("or", mask, is_finite), x, lanes.const(0, x.char))


def sigmoid(exp: Callable, lanes: Lanes, x: Value) -> Value:
    """The steps of ``nn.sigmoid``."""
    zero, one = lanes.const(0, x.char), lanes.const(1, x.char)
    power = exp(lanes, find_operation(np.minimum, x.char * 2)(lanes, x, zero))
    other = exp(lanes, lanes.op("fneg", lanes.intrinsic("fabs", x)))
    return lanes.op("fdiv", power, lanes.op("fadd", one, other))


def power(operands: tuple, chars: str, own: dict[np.ufunc, Callable]) -> Elementwise | None:
    """Powers with the exponents that need no logarithm, which are more exact than those of the C library."""
    x, exponent = operands
    if np.power not in own or set(chars) - set("fd"):
        return None
    value = exponent.value if type(exponent) is Node and exponent.kind == "constant" and not exponent.spec.shape else (
        exponent if type(exponent) is not Node else None)
    if value is not None and np.ndim(value) == 0 and type(exponent) is not Node or (
            type(exponent) is Node and value is not None and exponent.name != "array"):
        ufunc = {2: np.square, 1: np.positive, -1: np.reciprocal}.get(float(value))
        if ufunc is not None:
            return Elementwise((x,), chars[0], find_operation(ufunc, chars[0]))
    return Elementwise(operands, chars, own[np.power])
