"""Sums that ``np.add.reduce`` takes long for: of small arrays, and over short axes of large ones."""

from __future__ import annotations

import math

import numpy as np

from .. import calls
from ..node import Node, Program, literal, rebuild

__all__ = ["sum_short_axes", "use_products"]

LARGEST = 8192
"""Elements; of longer arrays BLAS may share a product out to threads, which wake up late."""


def use_products(program: Program) -> Program:
    """The program with products with ones in the place of sums of small arrays: 0.3 instead of 0.75 µs."""
    ones: dict[tuple[int, np.dtype], Node] = {}

    def rewrite(step: Node) -> Node | list[Node]:
        if not is_plain_sum(step):
            return step
        x, axis, _, _, keepdims = (*step.args, None, None, None, False)[:5]
        value = x.value
        if not 0 < value.size <= LARGEST or type(axis) is tuple:
            return step
        if value.ndim == 1 or value.ndim == 2 and axis is not None:
            first = axis in (0, -2) and value.ndim == 2
            length = value.shape[0] if first or value.ndim == 1 else value.shape[1]
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


def sum_short_axes(program: Program) -> Program:
    """The program with ``np.einsum`` for sums over axes of large arrays where little is contiguous."""

    def rewrite(step: Node) -> Node | list[Node]:
        if not is_plain_sum(step) or type(step.args[1]) is tuple and len(step.args[1]) != 1 or step.args[1] is None:
            return step
        x, axis, _, _, keepdims = (*step.args, None, None, None, False)[:5]
        shape = x.value.shape
        axis = (axis[0] if type(axis) is tuple else axis) % len(shape)
        together = math.prod(shape[axis + 1 :]) if axis + 1 < len(shape) else shape[axis]
        if axis == 0 or x.value.size <= LARGEST or together >= SHORT or not x.value.flags.c_contiguous:
            return step
        letters = "abcdefghijklmnopqrstuvwxyz"[: len(shape)]
        subscripts = f"{letters}->{letters[:axis]}{letters[axis + 1 :]}"
        if not keepdims:
            return step.with_call(calls.sum_axis, (x, subscripts))
        value = np.empty(shape[:axis] + shape[axis + 1 :], x.value.dtype)
        total = Node(calls.sum_axis, (x, subscripts), {}, value, step.name, "call", step.errstate)
        return [total, step.with_call(calls.reshape, (total, step.value.shape))]

    return rebuild(program, rewrite)


def is_plain_sum(step: Node) -> bool:
    """Whether a step sums an array of floats, in its own dtype."""
    if step.kind != "call" or step.function is not calls.ADD_REDUCE:
        return False
    x, _, dtype = (*step.args, None, None)[:3]
    return dtype is None and type(x) is Node and type(x.value) is np.ndarray and x.value.dtype in FLOATS


FLOATS = (np.float32, np.float64)
