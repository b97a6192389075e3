"""Reductions that NumPy takes long for: sums of small arrays, of many rows, and over short axes of large arrays."""

from __future__ import annotations

import math

import numpy as np

from ...numpy.row_sums import is_of_many_rows
from ..backends.numpy_source import calls
from ..ir.node import Node, Program, literal, rebuild

__all__ = ["reduce_short_axes", "use_products"]

LARGEST = 8192
"""Elements; of longer arrays BLAS may share a product out to threads, which wake up late."""


def use_products(program: Program) -> Program:
    """The program with products with ones in the place of sums of small arrays (0.3 instead of 0.75 µs), and sums of
    parts of the rows in that of sums of many rows, which keep their digits (2 instead of 15 ms for 10⁶ × 10)."""
    if not program.calls((calls.ADD_REDUCE,)):
        return program
    ones: dict[tuple[int, np.dtype], Node] = {}

    def rewrite(step: Node) -> Node | list[Node]:
        if not is_plain_sum(step):
            return step
        x, axis, _, _, keepdims = (*step.args, None, None, None, False)[:5]
        value = x.value
        axes = axis if type(axis) is tuple else () if axis is None else (axis,)
        axes = tuple([i % value.ndim for i in axes])
        if value.size > LARGEST and axes and is_of_many_rows(value, axes):
            return step.with_call(calls.sum_rows, (x, axes, step.value.shape))
        if not 0 < value.size <= LARGEST or type(axis) is tuple:
            return step
        if value.ndim == 1 or value.ndim == 2 and axis is not None:
            first = axis in (0, -2) and value.ndim == 2
            length = value.shape[0] if first or value.ndim == 1 else value.shape[1]
            if length == 1:
                return step  # of -0.0 alone the sum is 0.0, the product -0.0
            one = ones.setdefault((length, value.dtype), literal(np.ones(length, value.dtype)))
            args = (one, x) if first else (x, one)
            if not keepdims:
                return step.with_call(np.dot, args)
            value = step.value.reshape(-1) if value.ndim == 2 else step.value.reshape(())[()]
            total = Node(np.dot, args, {}, value, step.name, "call", step.errstate)
            return [total, step.with_call(calls.reshape, (total, step.value.shape))]
        return step

    return rebuild(program, rewrite)


SHORT = 64
"""Elements that are summed one by one, or contiguous ones that are added at a time: fewer do not pay ``np.add.reduce``
for what it does between them (13 instead of 3 ns a sum of ten)."""


FEW = 4
"""Parts of an axis that are joined by elementwise calls (maxima of 2 × 2 pixels: 83 instead of 603 µs)."""

JOINS = {calls.ADD_REDUCE: np.add, calls.MAXIMUM_REDUCE: np.maximum, calls.MINIMUM_REDUCE: np.minimum}


def reduce_short_axes(program: Program) -> Program:
    """The program with other calls for reductions over axes of large arrays where little is contiguous."""
    if not program.calls(JOINS):
        return program
    return rebuild(program, lambda step: step if step.function not in JOINS else join_parts(step) or sum_axis(step))


def join_parts(step: Node) -> list[Node] | None:
    """The extrema, or counts of True, over axes with few places: those of the parts, part by part."""
    x, axes, dtype, _, _ = (*step.args, None, None, None, False)[:5]
    if not is_array_node(x) or dtype is not None or axes is None or step.kwargs:
        return None
    is_count = step.function is calls.ADD_REDUCE
    if is_count != (x.value.dtype == np.bool_) or x.value.size <= LARGEST or not x.value.flags.c_contiguous:
        return None
    shape = x.value.shape
    axes = sorted(axis % len(shape) for axis in (axes if type(axes) is tuple else (axes,)))
    together = math.prod(shape[axes[-1] + 1 :])
    if not 2 <= together < SHORT or not all(2 <= shape[axis] <= FEW for axis in axes):
        return None
    steps = []

    def add(function, args, value):
        steps.append(Node(function, args, {}, value, step.name, "call", step.errstate))
        return steps[-1]

    def part(whole, axis, place):
        index = (slice(None),) * axis + (place,)
        return add(calls.getitem, (whole, index), whole.value[index])

    if is_count:
        x = add(calls.cast, (x, np.dtype(np.int8)), x.value.astype(np.int8))
    for gone, axis in enumerate(axes):
        whole, place = x, axis - gone
        x = part(whole, place, 0)
        for i in range(1, shape[axis]):
            other = part(whole, place, i)
            x = add(JOINS[step.function], (x, other), np.empty(x.value.shape, x.value.dtype))
    if is_count:
        x = add(calls.cast, (x, step.value.dtype), x.value.astype(step.value.dtype))
    return [*steps, step.with_call(calls.reshape, (x, step.value.shape))]


def sum_axis(step: Node) -> Node | list[Node]:
    """A sum over a short axis by ``np.einsum``."""
    if not is_plain_sum(step) or type(step.args[1]) is tuple and len(step.args[1]) != 1 or step.args[1] is None:
        return step
    x, axis, _, _, keepdims = (*step.args, None, None, None, False)[:5]
    shape = x.value.shape
    axis = (axis[0] if type(axis) is tuple else axis) % len(shape)
    together = math.prod(shape[axis + 1 :]) if axis + 1 < len(shape) else shape[axis]
    if is_of_many_rows(x.value, (axis,)):
        return step
    if axis == 0 or x.value.size <= LARGEST or together >= SHORT or not x.value.flags.c_contiguous:
        return step
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(shape)]
    subscripts = f"{letters}->{letters[:axis]}{letters[axis + 1 :]}"
    if not keepdims:
        return step.with_call(calls.sum_axis, (x, subscripts))
    value = np.empty(shape[:axis] + shape[axis + 1 :], x.value.dtype)
    total = Node(calls.sum_axis, (x, subscripts), {}, value, step.name, "call", step.errstate)
    return [total, step.with_call(calls.reshape, (total, step.value.shape))]


def is_plain_sum(step: Node) -> bool:
    """Whether a step sums an array of floats, in its own dtype."""
    if step.kind != "call" or step.function is not calls.ADD_REDUCE:
        return False
    x, _, dtype = (*step.args, None, None)[:3]
    return dtype is None and is_array_node(x) and x.value.dtype in FLOATS


def is_array_node(x: object) -> bool:
    """Whether an operand is an array that has axes."""
    return type(x) is Node and type(x.value) is np.ndarray and x.value.ndim > 0


FLOATS = (np.float32, np.float64)
