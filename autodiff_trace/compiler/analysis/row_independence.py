"""Rows: which steps work on each row of their operands by itself, so that blocks of rows can be done one by one."""

from __future__ import annotations

from typing import Any

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.node import Node, parts_of
from ..ir.spec import Spec

__all__ = ["CLOSING", "ROW", "row_operands", "row_step"]

ROW = "row"
"""A step that makes a row of its result from a row of each operand."""

CLOSING = "closing"
"""A reduction over the rows."""


def row_step(step: Node, length: int) -> str | None:
    """What a step is to a kernel on so many rows; None if it cannot be part of it."""
    function, args, spec = step.function, step.args, step.spec
    if step.kwargs or step.kind != "call":
        return None
    if is_elementwise(function):
        if spec.ndim and spec.shape[0] == length and has_row(step, length):
            return ROW
        return None
    if function is calls.after:
        return ROW if is_aligned(args[0], length, None) else None
    if function is calls.sum_axis:
        return ROW if is_aligned(args[0], length, None) and spec.is_array else None
    if function in calls.REDUCTIONS:
        return row_reduction(args, spec, length)
    if function is calls.reshape:
        x = args[0]
        is_row = is_aligned(x, length, None) and spec.ndim and spec.shape[0] == length and spec.size
        return ROW if is_row and x.spec.is_contiguous else None
    if function is calls.getitem:
        return ROW if is_aligned(args[0], length, None) and keeps_rows(args[1]) and spec.is_array else None
    return None


def is_elementwise(function: Any) -> bool:
    traits = traits_of(function)
    return traits.elementwise and not traits.makes_view


def has_row(step: Node, length: int) -> bool:
    """Whether the operands of an elementwise step are rows, or broadcast along them; at least one is a row."""
    aligned = False
    for arg in elementwise_operands(step):
        if is_aligned(arg, length, step.spec.ndim):
            aligned = True
        elif type(arg) is list or type(arg) is tuple:
            return False
    return aligned


def elementwise_operands(step: Node) -> tuple:
    return step.args[:1] if step.function is calls.fill else step.args


def is_aligned(arg: Any, length: int, ndim: int | None) -> bool:
    """Whether an argument is an array whose first axis are the rows (of a result with ``ndim`` axes)."""
    if type(arg) is not Node or not arg.spec.is_array or not arg.spec.size:
        return False
    return arg.spec.ndim > 0 and arg.spec.shape[0] == length and (ndim is None or arg.spec.ndim == ndim)


def row_reduction(args: tuple, spec: Spec, length: int) -> str | None:
    x, axis, dtype, _, _ = (*args, None, None, None, False)[:5]
    if not is_aligned(x, length, None) or dtype is not None:
        return None
    axes = range(x.spec.ndim) if axis is None else axis if type(axis) is tuple else (axis,)
    axes = [each % x.spec.ndim for each in axes]
    if 0 in axes:
        return CLOSING if spec.dtype.kind == "f" else None
    return ROW if spec.is_array and axes else None


def keeps_rows(index: Any) -> bool:
    """Whether an index leaves the first axis as it is and reads the others by slices and new axes."""
    first, *rest = parts_of(index) or (None,)
    whole = first is Ellipsis and all(part is None for part in rest) and rest or first == slice(None)
    return bool(whole) and all(part is None or type(part) in (int, slice) for part in rest)


def row_operands(step: Node, length: int) -> list[Node]:
    """The operands of which a step of a kernel reads the rows; it sees the others whole."""
    if step.function is calls.after:
        return list(step.args)
    if is_elementwise(step.function):
        return [arg for arg in elementwise_operands(step) if is_aligned(arg, length, step.spec.ndim)]
    return [step.args[0]]
