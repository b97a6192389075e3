"""Batched forms: one call of a function in the place of its calls on each row of some operands.

What is elementwise gets the new axis before all others, reductions keep theirs behind it, products with one matrix are
one product of all rows. (The primitives' own batching rules say the same, but have to be traced: 0.3 ms a group
instead of 0.015.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.traits import UNKNOWN, traits_of
from ...numpy.batching import batch_matrix
from ..backends.numpy_source import calls
from ..ir.node import Node, relabel, spec_at
from .rows import Writer, mapped_how

__all__ = ["call_batched", "has_batched_form", "is_batchable"]

NOT_BATCHED = (calls.copy, calls.like, calls.fill)
"""Elementwise functions of shapes, and those whose answers others write into."""


def is_batchable(function: Callable) -> bool:
    """Whether there may be a batched form of calls of a function (which then can be hashed)."""
    traits = traits_of(function)
    return traits is not UNKNOWN and (
        is_elementwise(function) or function is np.dot or function in calls.VIEWS or function in calls.REDUCTIONS
        or traits.batching is batch_matrix
    )


def has_batched_form(step: Node, places: tuple[int, ...]) -> bool:
    """Whether calls like ``step``, with other operands at ``places``, can be one call."""
    function = step.function
    if function is np.dot:
        return is_product(*step.args, places)
    return places == (0,) or is_elementwise(function)


def is_elementwise(function: Callable) -> bool:
    """Whether a function broadcasts its operands (and nobody writes into its answers)."""
    traits = traits_of(function)
    return traits.elementwise and not traits.is_users and not traits.makes_view and function not in NOT_BATCHED


def is_product(x: Any, y: Any, places: tuple[int, ...]) -> bool:
    """Whether a dot product is one of matrices or vectors of inexact numbers of one dtype. (Of vectors of one number it
    is the product, which may be -0, and of stacks of them a sum.)"""
    x, y = map(spec_at, (x, y))
    if not (x.is_array and y.is_array) or x.dtype != y.dtype or x.dtype.kind not in "fc":
        return False
    return 0 < x.ndim <= 2 and 0 < y.ndim <= 2 and (x.shape[-1] != 1 or places == (0, 1) and x.ndim == y.ndim == 2)


def call_batched(steps: list[Node], places: Sequence[int], write: Writer) -> Node:
    """One call for all of these, whose operands at ``places`` are rows; its result has theirs as rows."""
    step, count = steps[0], len(steps)
    function, spec, shape = step.function, step.spec, (count, *step.spec.shape)
    args = list(relabel(step.args, write.new))
    stacks: dict[Node, Node] = {}  # of what stands there twice one
    for p in places:
        x = step.args[p]
        if x not in stacks:
            stacks[x] = write.rows(tuple([each.args[p] for each in steps]))
        args[p] = stacks[x]
    if function in calls.VIEWS:
        return write.view(function, args[0], mapped_how(step, count))
    if function is np.dot:
        return write.reshape(batch_product(*args, 0 in places, 1 in places, write, spec.dtype), shape)
    if function in calls.REDUCTIONS:
        x, axis, *others = args if len(args) > 1 else (*args, None)
        axes = range(x.spec.ndim - 1) if axis is None else axis if type(axis) is tuple else (axis,)
        args = x, tuple([each % (x.spec.ndim - 1) + 1 for each in axes]), *others
    elif is_elementwise(function):
        for p in places:
            inner = args[p].spec.shape[1:]
            args[p] = write.reshape(args[p], (count, *[1] * (spec.ndim - len(inner)), *inner))
    return write.call(function, tuple(args), shape, spec.dtype)


def batch_product(x: Any, y: Any, x_mapped: bool, y_mapped: bool, write: Writer, dtype: np.dtype) -> Node:
    """The products ``x @ y`` of all rows, but for the shape."""
    x_shape, y_shape = spec_at(x).shape, spec_at(y).shape
    if not y_mapped:  # all rows of all
        x = write.flat(x)
        return write.call(np.dot, (x, y), (x.spec.shape[0], *y_shape[1:]), dtype)
    if not x_mapped and len(y_shape) == 2:  # vectors on the right
        x = write.transpose(x) if len(x_shape) == 2 else x
        return write.call(np.dot, (y, x), (y_shape[0], *spec_at(x).shape[1:]), dtype)
    count = y_shape[0]
    if x_mapped and len(x_shape) == 2:
        x = write.reshape(x, (count, 1, x_shape[1]))
    if len(y_shape) == 2:
        y = write.reshape(y, (*y_shape, 1))
    shape = (count, *spec_at(x).shape[-2:-1], *y.spec.shape[2:])
    return write.call(np.matmul, (x, y), shape, dtype)
