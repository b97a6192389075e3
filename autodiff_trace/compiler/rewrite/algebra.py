"""Algebra that is exact in IEEE arithmetic: every value stays the same to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, literal, parts_of, rebuild, value_of
from .products import difference_of_negative, doubled_product, movable_signs, negated_product, negative_product
from ..ir.terms import (
    ADD,
    DIVIDE,
    MULTIPLY,
    NEGATE,
    POWER,
    SUBTRACT,
    filling,
    is_call,
    is_filled,
    is_negative,
    is_number,
    is_one_number,
    is_real,
    is_uniform,
    same,
    with_function,
)

__all__ = ["simplifier", "simplify"]

SIMPLIFIED = {
    *ADD, *SUBTRACT, *MULTIPLY, *DIVIDE, *POWER, *NEGATE, np.positive, calls.select, calls.cast, calls.reshape,
    calls.transpose, calls.scatter, calls.getitem,
}
"""Functions of which there are cheaper ones for some arguments."""


def simplify(program: Program) -> Program:
    """The program with fewer, cheaper steps."""
    return rebuild(program, simplifier(program))


def simplifier(program: Program) -> Callable[[Node], Node | list[Node]]:
    """What gives for each step of the program, in their order, the cheaper ones."""
    users = dict(program.users)
    signs = movable_signs(users)

    def rewrite(original: Node) -> Node | list[Node]:
        step = original
        if step.kind != "call" or step.kwargs:
            return step
        step = without_fill(step)
        result = simpler(step, users, signs) or step
        if result is not original:
            *parts, last = result if type(result) is list else [result]
            users.update((part, [last]) for part in parts)
            users[last] = users.get(original, [])
            if original in signs:
                signs.add(last)
        return result

    return rewrite


def simpler(step: Node, users: dict[Node, list[Node]], signs: set[Node]) -> Any:
    """What gives the value of ``step`` for less; None if nothing does."""
    function, args = step.function, step.args
    if function.__hash__ is None or function not in SIMPLIFIED:
        return None
    if len(args) == 2 and is_real(step.value):
        x, y = args
        if function in MULTIPLY:
            if is_number(y, 1) or is_number(x, 1):
                return same(x, step) if is_number(y, 1) else same(y, step)
            return negative_product(step, signs) or doubled_product(step, users)
        if function in DIVIDE or function in POWER:
            return same(x, step) if is_number(y, 1) else None
        if function in SUBTRACT:
            if is_number(y, 0):
                return same(x, step)
            if is_negative(y):
                return with_function(step, ADD, (x, y.args[0]))
            return difference_of_negative(step, users)
        if function in ADD:
            if is_negative(y):
                difference = with_function(step, SUBTRACT, (x, y.args[0]))
                return difference_of_negative(difference, users) or difference
            if is_negative(x):
                return with_function(step, SUBTRACT, (y, x.args[0]))
            return None
    if function is calls.select and type(args[1]) is type(args[2]) is int and args[1] == args[2] and step.value.shape:
        return step.with_call(calls.fill, (literal(np.asarray(args[1])), step.value.shape))
    if function in NEGATE:
        return same(args[0].args[0], step) if is_call(args[0], NEGATE) else negated_product(step, users)
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
    if function is calls.getitem and type(args[1]) is tuple and not args[1] and isinstance(args[0].value, np.generic):
        return args[0]
    return None


def is_whole(step: Node) -> bool:
    """Whether what is scattered is one piece that covers the whole, in the same order."""
    (piece, *rest), (index, *_), _, _, (way, *_) = step.args
    reverses = any(type(part) is slice and part.step not in (None, 1) for part in parts_of(index))
    return not rest and way == "write" and piece.value.size == step.value.size and not reverses


def compose_transposes(step):
    x, axes = step.args
    if axes == tuple(range(len(axes))):
        return same(x, step)
    if is_call(x, {calls.transpose}):
        inner, first = x.args
        axes = tuple([first[axis] for axis in axes])
        return same(inner, step) if axes == tuple(range(len(axes))) else step.with_call(calls.transpose, (inner, axes))
    return None


def without_fill(step: Node) -> Node:
    """``multiply(fill(g, shape), y)`` as ``multiply(g, y)``, where ``y`` alone has the shape of the result; so also
    for constants that are full of one number."""
    if type(step.value) is not np.ndarray or not calls.is_elementwise_ufunc(step.function):
        return step
    for arg in step.args:
        if type(arg) is Node and (is_uniform(arg) if arg.kind == "constant" else is_filled(arg)):
            break
    else:
        return step
    args = list(step.args)
    if all(is_one_number(filling(arg)) for arg in args):
        with np.errstate(all="ignore"):
            value = step.function(*(getattr(filling(arg), "value", filling(arg)) for arg in args))
        if np.isfinite(value) and isinstance(step.function, np.ufunc):  # else there may be a warning
            return step.with_call(calls.fill, (literal(value), step.value.shape))
    for i, arg in enumerate(args):
        others = [other for j, other in enumerate(args) if j != i]
        if any(np.shape(value_of(other)) == step.value.shape for other in others):
            if is_uniform(arg):
                args[i] = literal(arg.value[(0,) * arg.value.ndim].reshape(()))
            elif is_filled(arg) and (hasattr(value_of(arg.args[0]), "dtype") or is_fixed(arg.args[0])):
                args[i] = arg.args[0]
    return step if args == list(step.args) else step.with_call(step.function, tuple(args))
