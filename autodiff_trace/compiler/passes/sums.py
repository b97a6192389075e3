"""Sums of small arrays as products with ones: BLAS takes 0.3 µs where ``np.add.reduce`` takes 0.75."""

from __future__ import annotations

import numpy as np

from .. import calls
from ..node import Node, Program, literal, rebuild

__all__ = ["use_products"]

LARGEST = 8192
"""Elements; of longer arrays BLAS may share a product out to threads, which wake up late."""


def use_products(program: Program) -> Program:
    """The program with products in the place of sums over one axis, or over both, of float arrays."""
    ones: dict[tuple[int, np.dtype], Node] = {}

    def rewrite(step: Node) -> Node | list[Node]:
        if step.kind != "call" or step.function is not calls.ADD_REDUCE:
            return step
        x, axis, dtype, _, keepdims = (*step.args, None, None, None, False)[:5]
        if dtype is not None or type(x) is not Node or type(x.value) is not np.ndarray:
            return step
        value = x.value
        if value.dtype not in (np.float32, np.float64) or not 0 < value.size <= LARGEST or type(axis) is tuple:
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
