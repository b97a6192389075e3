"""Tiling: arithmetic of large arrays of short rows with one row takes several rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.node import Node, Program, rebuild
from ..backends.numpy_source.short_rows import LONG, MANY, TILED, WIDTH
from .sums import FLOATS

__all__ = ["tile_short_rows"]

FEW = 4
"""Repeated rows beside which it takes long to repeat one."""

HIGH = 500
"""Rows for each column from which on it is quicker to go column by column."""


def tile_short_rows(program: Program) -> Program:
    """The program with the functions of ``short_rows`` where they are quicker."""
    return rebuild(program, tile) if program.calls(TILED) and any(map(has_short_rows, program.steps)) else program


def tile(step: Node) -> Node:
    return step.with_call(TILED[step.function], step.args) if has_short_rows(step) else step


def has_short_rows(step: Node) -> bool:
    """Whether a step is arithmetic of many short rows with one row."""
    value = step.value
    if step.kind != "call" or step.function.__hash__ is None or step.function not in TILED or step.kwargs:
        return False
    if type(value) is not np.ndarray or value.ndim < 2 or not value.flags.c_contiguous:
        return False
    rows, length = value.shape[-2:]
    if not 1 < length < LONG or value.dtype not in FLOATS or len(step.args) != 2:
        return False
    if value.size <= MANY and (value.ndim > 2 or rows < HIGH * length) or rows * length < FEW * WIDTH:
        return False
    return {count_rows(arg, value) for arg in step.args} == {1, rows}


def count_rows(arg: Any, value: np.ndarray) -> int:
    """How many rows an operand has, where its rows are those of the result; 0 where they are not."""
    x = arg.value if type(arg) is Node else arg
    if type(x) is not np.ndarray or x.dtype != value.dtype or not x.ndim or x.shape[-1] != value.shape[-1]:
        return 0
    if not x.flags.c_contiguous:
        return 0
    return 1 if x.ndim == 1 else x.shape[-2]
