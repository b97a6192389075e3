"""The functions that emitted programs call: NumPy's own, and a few that write into an array they are given."""

from __future__ import annotations

import cmath
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.traits import declare, declares, traits_of
from ....nn.losses import check_labels
from ....numpy.definers import is_surely_finite
from ....numpy.error_states import quiet
from ....numpy.row_sums import sum_axes
from ...ir.memory import Buffer
from ...ir.node import parts_of
from .sines import sin_cos

__all__ = [
    "ADD_REDUCE", "BITS", "MAXIMUM_REDUCE", "MINIMUM_REDUCE", "REDUCTIONS", "VIEWS", "after", "assign", "cast",
    "check_finite", "check_labels", "copy", "empty", "fail", "fill", "getitem", "is_basic", "is_elementwise_ufunc",
    "keep", "like", "logaddexp", "out_position", "reshape", "roll", "scatter", "select", "select_float", "sin_cos",
    "sum_axis", "sum_rows", "transpose",
]

getitem = operator.getitem
ADD_REDUCE = np.add.reduce
MAXIMUM_REDUCE = np.maximum.reduce
MINIMUM_REDUCE = np.minimum.reduce

REDUCTIONS = {ADD_REDUCE, MAXIMUM_REDUCE, MINIMUM_REDUCE}
"""Reductions, called with (x, axis, dtype, out, keepdims); of results for parts of the axis they make that for all."""


declare(ADD_REDUCE, buffer_position=3, harmless=True, shows_nan=True)
declare(MAXIMUM_REDUCE, MINIMUM_REDUCE, buffer_position=3, harmless=True)


@declares(makes_view=True, harmless=True, indexes=True)
def assign(x: Any, index: Any, value: Any) -> Any:
    """Write ``value`` into ``x``, which no one else reads."""
    x[index] = value
    return x


@declares(makes_view=True, harmless=True, shows_nan=True)
def cast(x: Any, dtype: Any) -> Any:
    """``x`` in another dtype; of a complex number that is cast to a real one the real part."""
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = x.real
    return x.astype(dtype, copy=False)


@declares(elementwise=True, buffer_position=1, harmless=True, shows_nan=True)
def copy(x: Any, out: Any = None) -> Any:
    """An array of its own with the elements of ``x``."""
    if out is None:
        return np.array(x, order="K")
    out[...] = x
    return out


@declares(owns_memory=True, buffer_position=3, harmless=True)
def empty(shape: tuple[int, ...], dtype: np.dtype, axes: tuple[int, ...], out: Any = None) -> Any:
    """An array to be written, with this order of axes in memory."""
    return Buffer(shape, dtype, axes).make() if out is None else out


@declares(makes_view=True, harmless=True)
def after(x: Any, *steps: Any) -> Any:
    """``x``, once ``steps`` have written it."""
    return x


@declares(elementwise=True, buffer_position=2, harmless=True, shows_nan=True)
def fill(g: Any, shape: tuple[int, ...], out: Any = None) -> Any:
    """``g`` broadcast to ``shape``, in memory of its own; -1 stands for as many rows as ``g`` has."""
    if out is None:
        if shape and shape[0] < 0:
            shape = (len(g), *shape[1:])
        out = np.empty_like(g, shape=shape, order="C")
    out[...] = g
    return out if shape else out[()]


@declares(elementwise=True, buffer_position=1, harmless=True)
def like(x: Any, out: Any = None) -> Any:
    """An array like ``x``, to be written."""
    return np.empty_like(x) if out is None else out


def select_float(condition: bool, x: float, y: float) -> float:
    """:func:`select` of two of Python's floats."""
    return x if condition else y


@declares(
    elementwise=True, owns_memory=True, harmless=True, shows_nan=True, cost=0.8,
    float_form=select_float, hides=(1, 2), takes_truths=True,
)
def select(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, else ``y``."""
    return np.where(condition, x, y)[()]


@declares(elementwise=True, buffer_position=2, harmless=True, shows_nan=True)
def keep(x: Any, mask: Any, out: Any = None) -> Any:
    """``np.where(mask, x, 0)`` of real numbers: the product of the mask with their bits as integers, which is +0 where
    it is False, whatever stands there. It takes a sixth of the time of ``np.where``, which has to predict branches."""
    if out is None:
        out = np.empty(np.broadcast(x, mask).shape, x.dtype)
    bits = BITS[x.itemsize]
    np.multiply(x.view(bits), mask, out.view(bits))
    return out


BITS = {2: np.int16, 4: np.int32, 8: np.int64}


@declares(elementwise=True, buffer_position=2, harmless=True)
def logaddexp(x: Any, y: Any, out: Any = None) -> Any:
    """``np.logaddexp``, from functions that NumPy has vector instructions for: 2 instead of 14 ns an element."""
    out, is_finite = quick_logaddexp(x, y, out)
    return out if is_finite else np.logaddexp(x, y, out)


@quiet
def quick_logaddexp(x, y, out):
    lower = np.subtract(x, y)
    np.abs(lower, lower)
    np.negative(lower, lower)
    np.log1p(np.exp(lower, lower), lower)
    out = np.maximum(x, y, out=out)
    np.add(out, lower, out)
    return out, is_surely_finite(out)


@declares(buffer_position=2, harmless=True, shows_nan=True)
def sum_axis(x: Any, subscripts: str, out: Any = None) -> Any:
    """The sum over the axis that ``subscripts`` leave out, as in ``np.einsum``."""
    out = np.einsum(subscripts, x, out=out)
    if not is_finite_quietly(out):  # of which np.einsum does not warn
        summed, _, left = subscripts.partition("->")
        np.add.reduce(x, [letter in left for letter in summed].index(False), None, out)
    return out


@declares(harmless=True)
def sum_rows(x: Any, axes: tuple, shape: tuple) -> Any:
    """The sum over ``axes``, which make many rows."""
    return sum_axes(x, axes).reshape(shape)


is_finite_quietly = quiet(is_surely_finite)


@declares(buffer_position=2, harmless=True, shows_nan=True)
def roll(x: Any, pairs: tuple, out: Any = None) -> Any:
    """The elements of ``x`` in other places: ``pairs`` of indices, where to and where from."""
    if out is None:
        out = np.empty_like(x)
    for target, source in pairs:
        out[target] = x[source]
    return out


@declares(makes_view=True, harmless=True, shows_nan=True)
def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """``x`` in another shape."""
    return x.reshape(shape)


@declares(makes_view=True, harmless=True, shows_nan=True)
def transpose(x: Any, axes: tuple[int, ...]) -> Any:
    """``x`` with its axes in another order."""
    return x.transpose(axes)


@declares(buffer_position=5, harmless=True, shows_nan=True)
def scatter(pieces: list, indices: list, shape: tuple[int, ...], zeros: tuple, ways: tuple, out: Any = None) -> Any:
    """An array with zeros at the places ``zeros``, and each piece at its index: in the way "write", "add", or "add.at"
    where the index can name a place twice."""
    if out is None:
        out = np.empty_like(pieces[0], shape=shape, order="C")
    for place in zeros:
        out[place] = 0
    for piece, index, way in zip(pieces, indices, ways):
        if way == "write":
            out[index] = piece
        elif way == "add":
            target = out[index]
            if type(target) is np.ndarray:
                np.add(target, piece, target)
            else:
                out[index] = target + piece
        else:
            np.add.at(out, index, piece)
    return out


def check_finite(values: list) -> None:
    """Raise an error if one of the values is infinite or NaN (or so large that its square is: no harm is done)."""
    if not all(is_surely_finite(x) if type(x) is np.ndarray else cmath.isfinite(x) for x in values):
        fail()


def fail() -> None:
    raise FloatingPointError("not all is finite")


def out_position(function: Callable) -> int | None:
    """Where ``function`` takes the array to write its result into; None if it makes it itself."""
    if isinstance(function, np.ufunc):
        return function.nin if function.nout == 1 else None
    return traits_of(function).buffer_position


def is_elementwise_ufunc(function: Callable) -> bool:
    """Whether ``function`` is a ufunc of elements, with one result."""
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def is_basic(index: Any) -> bool:
    """Whether an index reads by slices and fixed places alone, so that what it gives is a view."""
    return all(part is None or part is Ellipsis or type(part) in (int, slice) for part in parts_of(index))


VIEWS = (getitem, reshape, transpose)
"""Functions whose results, of arrays in the order of C and by basic indices, are views."""
