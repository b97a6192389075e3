"""Calls in the place of others that NumPy takes longer for: reductions, arithmetic of short rows, sines with cosines.

Sums are the same but for rounding.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ...numpy.row_sums import is_of_many_rows
from ..backends.numpy_source import calls
from ..backends.numpy_source.short_rows import LONG, MANY, TILED, WIDTH
from ..backends.numpy_source.sines import is_numpy_slow
from ..ir.infer import call
from ..ir.node import Node, Program, literal, spec_at
from ..ir.spec import Spec
from .driver import Table
from .patterns import Call, Rule, Term, head, reduced

__all__ = ["SHORT_AXES", "SHORT_ROWS", "SMALL_SUMS", "sines"]

FLOATS = (np.float32, np.float64)

LARGEST = 8192
"""Elements; of longer arrays BLAS may share a product out to threads, which wake up late."""

SHORT = 64
"""Elements that are summed one by one, or contiguous ones that are added at a time: fewer do not pay ``np.add.reduce``
for what it does between them (13 instead of 3 ns a sum of ten)."""

FEW = 4
"""Parts of an axis that are joined by elementwise calls (maxima of 2 × 2 pixels: 83 instead of 603 µs)."""

JOINS = {calls.ADD_REDUCE: np.add, calls.MAXIMUM_REDUCE: np.maximum, calls.MINIMUM_REDUCE: np.minimum}

array = Term("x", lambda arg: type(arg) is Node and arg.spec.is_array and arg.spec.ndim > 0)
total = reduced(array, calls.ADD_REDUCE)


def is_sum_of_floats(step: Node, **_: Any) -> bool:
    spec = step.args[0].spec
    return spec.is_array and spec.ndim > 0 and spec.dtype in FLOATS


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = range(ndim) if axis is None else axis if type(axis) is tuple else (axis,)
    return tuple(sorted([each % ndim for each in axes]))


def shaped(step: Node, function: Any, args: tuple) -> Node:
    """The call that gives the elements of the value of ``step``, in its shape."""
    short = call(function, args, step)
    if (short.spec.kind, short.spec.shape) == (step.spec.kind, step.spec.shape):
        return step.with_call(function, args)
    return step.with_call(calls.reshape, (short, step.spec.shape))


def join_parts(step: Node, x: Node, axis: Any, **_: Any) -> Node | None:
    """The extrema, or counts of True, over axes with few places: those of the parts, part by part."""
    spec, is_count = x.spec, step.function is calls.ADD_REDUCE
    if is_count != (spec.dtype == np.bool_) or spec.size <= LARGEST or not spec.is_contiguous or axis is None:
        return None
    axes = axes_of(axis, spec.ndim)
    if not 2 <= math.prod(spec.shape[axes[-1] + 1 :]) < SHORT or not all(2 <= spec.shape[i] <= FEW for i in axes):
        return None
    ans = call(calls.cast, (x, np.dtype(np.int8)), step) if is_count else x
    for gone, i in enumerate(axes):
        index = (slice(None),) * (i - gone)
        parts = [call(calls.getitem, (ans, (*index, place)), step) for place in range(spec.shape[i])]
        ans = functools.reduce(lambda x, y: call(JOINS[step.function], (x, y), step), parts)
    ans = call(calls.cast, (ans, step.spec.dtype), step) if is_count else ans
    return step.with_call(calls.reshape, (ans, step.spec.shape))


def sum_axis(step: Node, x: Node, axis: Any, **_: Any) -> Node | None:
    """A sum over a short axis by ``np.einsum``."""
    spec, axes = x.spec, axes_of(axis, x.spec.ndim)
    if spec.size <= LARGEST or not spec.is_contiguous or len(axes) != 1 or axes == (0,):
        return None
    i, = axes
    together = math.prod(spec.shape[i + 1 :]) if i + 1 < spec.ndim else spec.shape[i]
    if together >= SHORT or is_of_many_rows(spec.example(), axes):
        return None
    letters = "abcdefghijklmnopqrstuvwxyz"[: spec.ndim]
    return shaped(step, calls.sum_axis, (x, f"{letters}->{letters[:i]}{letters[i + 1 :]}"))


SHORT_AXES = Table(
    "sums",
    Rule("reduction over few places", reduced(array, *JOINS), join_parts),
    Rule("sum over a short axis", total, sum_axis, is_sum_of_floats),
)
"""Of large arrays where little is contiguous."""


def sum_rows(step: Node, x: Node, axis: Any, **_: Any) -> Node | None:
    """A sum of many rows by those of some of them, which keep their digits (2 instead of 15 ms for 10⁶ × 10)."""
    axes = axes_of(axis, x.spec.ndim)
    if axis is None or x.spec.size <= LARGEST or not axes or not is_of_many_rows(x.spec.example(), axes):
        return None
    return step.with_call(calls.sum_rows, (x, axes, step.spec.shape))


def dot_ones(step: Node, x: Node, axis: Any, **_: Any) -> Node | None:
    """The sum of a small array by a product with ones (0.3 instead of 0.75 µs)."""
    spec = x.spec
    if not 0 < spec.size <= LARGEST or type(axis) is tuple or spec.ndim > (1 if axis is None else 2):
        return None
    i = (axis or 0) % spec.ndim
    if spec.shape[i] == 1:
        return None  # of -0.0 alone the sum is 0.0, the product -0.0
    ones = make_ones(spec.shape[i], spec.dtype)
    return shaped(step, np.dot, (ones, x) if i == 0 and spec.ndim == 2 else (x, ones))


@functools.lru_cache(maxsize=256)
def make_ones(length: int, dtype: np.dtype) -> Node:
    return literal(np.ones(length, dtype))


SMALL_SUMS = Table(
    "sums",
    Rule("sum of many rows", total, sum_rows, is_sum_of_floats),
    Rule("small sum", total, dot_ones, is_sum_of_floats),
)
"""Once it is known what is summed block by block."""

FEW_ROWS = 4
"""Repeated rows beside which it takes long to repeat one."""

HIGH = 500
"""Rows for each column from which on it is quicker to go column by column."""


def has_short_rows(step: Node) -> bool:
    """Whether a step is arithmetic of many short rows with one row."""
    spec = step.spec
    if spec.ndim < 2 or not spec.is_contiguous or spec.dtype not in FLOATS:
        return False
    rows, length = spec.shape[-2:]
    if not 1 < length < LONG or rows * length < FEW_ROWS * WIDTH:
        return False
    if spec.size <= MANY and (spec.ndim > 2 or rows < HIGH * length):
        return False
    return {count_rows(spec_at(arg), spec) for arg in step.args} == {1, rows}


def count_rows(spec: Spec, whole: Spec) -> int:
    """How many rows an operand has, where its rows are those of the result; 0 where they are not."""
    is_like = spec.is_array and spec.dtype == whole.dtype and spec.ndim and spec.shape[-1] == whole.shape[-1]
    if not is_like or not spec.is_contiguous:
        return 0
    return 1 if spec.ndim == 1 else spec.shape[-2]


SHORT_ROWS = Table(
    "fusion",
    Rule("arithmetic of short rows", Call(tuple(TILED), None),
         lambda step: step.with_call(TILED[step.function], step.args), has_short_rows),
    least=FEW_ROWS * WIDTH,
)

LARGE_SINES = 2**14
"""Elements from which it pays to compute sines and cosines together."""


def sines(program: Program) -> Table:
    """The rule for sines and cosines of the same arrays of this program, where NumPy takes long for each."""
    users: dict[Node, list[Node]] = {}
    for step in program.steps if program.calls((np.sin,)) and program.calls((np.cos,)) else ():
        if is_large_sine(step):
            users.setdefault(step.args[0], []).append(step)
    paired = {step for steps in users.values() if len({step.function for step in steps}) == 2 for step in steps}
    if not paired or not is_numpy_slow():
        return Table("sines")
    joined: dict[Node, tuple[Node, Node]] = {}

    def join(step: Node, x: Node) -> Node:
        if x not in joined:
            cosines = call(calls.like, (x,), step)
            both = call(calls.sin_cos, (x, cosines), step)
            joined[x] = both, call(calls.after, (cosines, both), step)
        return joined[x][step.function is np.cos]

    sine = head(np.sin, np.cos)(Term("x"))
    return Table("sines", Rule("sine and cosine", sine, join, lambda step, x: step in paired))


def is_large_sine(step: Node) -> bool:
    """Whether a step computes sines or cosines of a large array of doubles."""
    is_sine = step.kind == "call" and (step.function is np.sin or step.function is np.cos)
    return (
        is_sine and step.spec.size >= LARGE_SINES and type(step.args[0]) is Node
        and step.args[0].spec.dtype == step.spec.dtype == np.float64
    )
