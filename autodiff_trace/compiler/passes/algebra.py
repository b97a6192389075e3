"""Algebra that is exact in IEEE arithmetic: every value stays the same to the last bit."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import calls
from ..node import Node, Program, is_fixed, literal, operands, parts_of, rebuild, value_of

__all__ = ["simplify"]

ADD = {np.add, operator.add}
SUBTRACT = {np.subtract, operator.sub}
MULTIPLY = {np.multiply, operator.mul}
DIVIDE = {np.divide, operator.truediv}
NEGATE = {np.negative, operator.neg}
POWER = {np.power, operator.pow}


def simplify(program: Program) -> Program:
    """The program with fewer, cheaper steps."""
    uses: dict[Node, int] = {}
    for step in program.steps:
        for operand in operands(step):
            uses[operand] = uses.get(operand, 0) + 1

    originals = iter(program.steps)

    def rewrite(step: Node) -> Node | list[Node]:
        original = next(originals)
        if step.kind != "call" or step.kwargs:
            return step
        step = without_fill(step)
        result = simpler(step, uses) or step
        if result is not original:
            uses[result[-1] if type(result) is list else result] = uses.get(original, 0)
        return result

    return rebuild(program, rewrite)


def simpler(step: Node, uses: dict[Node, int]) -> Any:
    """What gives the value of ``step`` for less; None if nothing does."""
    function, args = step.function, step.args
    if function.__hash__ is None:
        return None
    if len(args) == 2 and is_real(step.value):
        x, y = args
        if function in MULTIPLY:
            if is_number(y, 1) or is_number(x, 1):
                return same(x, step) if is_number(y, 1) else same(y, step)
            return negative_product(step, uses) or doubled_product(step, uses)
        if function in DIVIDE or function in POWER:
            return same(x, step) if is_number(y, 1) else None
        if function in SUBTRACT:
            if is_number(y, 0):
                return same(x, step)
            if is_negative(y):
                return with_function(step, ADD, (x, y.args[0]))
        if function in ADD:
            if is_negative(y):
                return with_function(step, SUBTRACT, (x, y.args[0]))
            if is_negative(x):
                return with_function(step, SUBTRACT, (y, x.args[0]))
    if function is calls.scale and any(is_ordinary(arg) for arg in args):
        return step.with_call(np.multiply, args)
    if function is calls.select and type(args[1]) is type(args[2]) is int and args[1] == args[2] and step.value.shape:
        return step.with_call(calls.fill, (literal(np.asarray(args[1])), step.value.shape))
    if function in NEGATE and is_call(args[0], NEGATE):
        return same(args[0].args[0], step)
    if function is np.positive or function is calls.cast and args[0].value.dtype == args[1]:
        return same(args[0], step)
    if function is calls.reshape:
        if is_call(args[0], {calls.reshape}):
            return same(args[0].args[0], step) or step.with_call(function, (args[0].args[0], args[1]))
        return same(args[0], step)
    if function is calls.transpose:
        return compose_transposes(step)
    if function is calls.scatter and is_whole(step):
        return step.with_call(calls.reshape, (args[0][0], args[2]))
    if function is calls.getitem and args[1] == () and isinstance(args[0].value, np.generic):
        return args[0]
    return None


def is_real(value: Any) -> bool:
    """Whether a value is a floating-point number, and real. (A complex one is multiplied by 1 as by 1 + 0i, and
    infinity times 0 is NaN; an integer can overflow before it meets wider ones.)"""
    return type(value) is float or getattr(getattr(value, "dtype", None), "kind", None) == "f"


def is_negative(x: Any) -> bool:
    if type(x) is not Node or x.function is not np.negative and x.function is not operator.neg:
        return False
    return x.kind == "call" and is_real(x.value)


def negative_product(step: Node, uses: dict[Node, int]) -> Any:
    """``-x * y`` as ``-(x * y)``, which an addition turns into a subtraction; or with the sign in a constant."""
    x, y = step.args
    if is_negative(x) and uses.get(x) == 1:
        x = x.args[0]
    elif is_negative(y) and uses.get(y) == 1:
        y = y.args[0]
    else:
        return None
    if is_one_number(y):
        return step.with_call(step.function, (x, negated(y)))
    if is_one_number(x):
        return step.with_call(step.function, (negated(x), y))
    product = Node(step.function, (x, y), {}, -step.value, step.name, "call", step.errstate)
    return [product, with_function(step, NEGATE, (product,))]


def doubled_product(step: Node, uses: dict[Node, int]) -> Any:
    """``2 * (c * x)`` as ``(2 * c) * x``: exact for powers of two, with which numbers keep their digits."""
    for number, product in (step.args, step.args[::-1]):
        if is_one_number(number) and is_call(product, MULTIPLY) and uses.get(product) == 1:
            for inner, x in (product.args, product.args[::-1]):
                if is_one_number(inner) and not is_one_number(x) and is_real(product.value):
                    first, second = value_of(number), value_of(inner)
                    if is_power_of_two(first) or is_power_of_two(second) and abs(first) >= 1:
                        with np.errstate(all="ignore"):
                            merged = first * second
                        if np.isfinite(merged):
                            is_python = type(merged) in (int, float)
                            return step.with_call(step.function, (merged if is_python else literal(merged), x))
    return None


def is_power_of_two(x: Any) -> bool:
    """Whether ``x`` is 2, 4, 8 … up to 2³⁰, or minus that. (By a half a number could become too small to be exact.)"""
    return bool(np.isreal(x) and 2 <= abs(x) <= 2**30 and np.frexp(abs(x))[0] == 0.5)


def is_one_number(arg: Any) -> bool:
    """Whether an operand is one number, the same in each run."""
    if type(arg) is Node and arg.kind != "constant":
        return False
    return type(arg) is float or is_fixed(arg) and np.ndim(value_of(arg)) == 0


def negated(arg: Any) -> Any:
    return literal(np.negative(arg.value)) if type(arg) is Node else -arg


def is_whole(step: Node) -> bool:
    """Whether what is scattered is one piece that covers the whole, in the same order."""
    (piece, *rest), (index, *_), _ = step.args
    reverses = any(type(part) is slice and part.step not in (None, 1) for part in parts_of(index))
    return not rest and piece.value.size == step.value.size and not reverses


def compose_transposes(step):
    x, axes = step.args
    if axes == tuple(range(len(axes))):
        return same(x, step)
    if is_call(x, {calls.transpose}):
        inner, first = x.args
        axes = tuple([first[axis] for axis in axes])
        return same(inner, step) if axes == tuple(range(len(axes))) else step.with_call(calls.transpose, (inner, axes))
    return None


def same(x: Any, step: Node) -> Node | None:
    """``x`` if it has the type, shape and dtype of the value of ``step``."""
    if type(x) is not Node or type(x.value) is not type(step.value) or np.shape(x.value) != np.shape(step.value):
        return None
    return x if np.result_type(x.value) == np.result_type(step.value) else None


def with_function(step: Node, functions: set, args: tuple) -> Node:
    """The step with the ufunc or the operator among ``functions``, whichever kind its own function is."""
    is_ufunc = isinstance(step.function, np.ufunc)
    function = next(f for f in functions if isinstance(f, np.ufunc) == is_ufunc)
    return step.with_call(function, args)


def is_call(x: Any, functions: set) -> bool:
    return type(x) is Node and x.kind == "call" and x.function.__hash__ is not None and x.function in functions


def is_number(x: Any, number: int) -> bool:
    """Whether ``x`` is this number in each run, and no array of more dimensions than it must have."""
    if type(x) is Node:
        if x.kind != "constant" or not is_fixed(x):
            return False
        x = x.value
    if isinstance(x, np.ndarray):
        return x.size > 0 and bool(np.all(x == number)) and not (number == 0 and np.signbit(x).any())
    return isinstance(x, (int, float, np.generic)) and x == number and not (number == 0 and np.signbit(x))


def is_filled(arg: Any) -> bool:
    """Whether an operand is full of one number or array."""
    return type(arg) is Node and (arg.function is calls.fill or arg.function is np.broadcast_to)


def filling(arg: Any) -> Any:
    """The number or array of which ``arg`` is full."""
    return arg.args[0] if is_filled(arg) else arg


def is_ordinary(arg: Any) -> bool:
    """Whether an operand is the same in each run, neither 0 nor infinite: ``scale`` has nothing to mask."""
    return is_fixed(arg) and bool(np.all(np.isfinite(value_of(arg))) and np.all(value_of(arg)))


def is_elementwise(function: Any) -> bool:
    return function in (calls.scale, calls.quotient) or calls.is_elementwise_ufunc(function)


def without_fill(step: Node) -> Node:
    """``multiply(fill(g, shape), y)`` as ``multiply(g, y)``, where ``y`` alone has the shape of the result."""
    if type(step.value) is not np.ndarray or not any([is_filled(arg) for arg in step.args]):
        return step
    if not is_elementwise(step.function):
        return step
    args = list(step.args)
    if all(is_one_number(filling(arg)) for arg in args):
        with np.errstate(all="ignore"):
            value = step.function(*(getattr(filling(arg), "value", filling(arg)) for arg in args))
        if np.isfinite(value) and isinstance(step.function, np.ufunc):  # else there may be a warning
            return step.with_call(calls.fill, (literal(value), step.value.shape))
    for i, arg in enumerate(args):
        if is_filled(arg):
            others = [other for j, other in enumerate(args) if j != i]
            if any(np.shape(getattr(other, "value", other)) == step.value.shape for other in others):
                if hasattr(arg.args[0], "value") and hasattr(arg.args[0].value, "dtype") or is_fixed(arg.args[0]):
                    args[i] = arg.args[0]
    return step if args == list(step.args) else step.with_call(step.function, tuple(args))
