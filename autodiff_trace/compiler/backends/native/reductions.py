"""Reductions: sums, extrema and truths over axes, by NumPy's own loops, which add up pairwise as NumPy does."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ....numpy.rules import cumulative, reductions
from ...ir.layout import distances, order_axes
from ...ir.node import Node, spec_at
from ..numpy_source import calls
from .alone import add_ufunc, alone, in_memory
from .places import Place, collapse

__all__ = ["Reduction", "find_closing", "find_reduction", "total_place"]


class Reduction(NamedTuple):
    """A reduction of ``x`` over ``axes`` by a ufunc, of elements cast to ``char``."""

    x: Node
    axes: frozenset[int]
    ufunc: np.ufunc
    char: str

    @property
    def neutral(self) -> Any:
        """What a sum begins with; None where it begins with the first element."""
        return {np.add: 0, np.multiply: 1, np.logical_or: False, np.logical_and: True}.get(self.ufunc)


UFUNCS: dict[Callable, np.ufunc] = {
    calls.ADD_REDUCE: np.add, calls.MAXIMUM_REDUCE: np.maximum, calls.MINIMUM_REDUCE: np.minimum,
    reductions.prod_over.fun: np.multiply, reductions.any_over.fun: np.logical_or,
    reductions.all_over.fun: np.logical_and, reductions.count_over.fun: np.add,
}
COUNT = reductions.count_over.fun


def find_reduction(step: Node) -> Reduction | None:
    """The reduction that a step is; None if it is none that native code computes."""
    if step.kwargs or step.function.__hash__ is None or step.function not in UFUNCS or type(step.args[0]) is not Node:
        return None
    x, ufunc = step.args[0], UFUNCS[step.function]
    spec, result = x.spec, step.spec.dtype
    if not spec.is_array or not spec.ndim or not spec.size or result is None or not spec.dtype.isnative:
        return None
    if step.function in (calls.ADD_REDUCE, calls.MAXIMUM_REDUCE, calls.MINIMUM_REDUCE):
        axis, dtype, out = (*step.args[1:4], 0, None, None)[:3] if len(step.args) > 1 else (0, None, None)
        if dtype is not None or out is not None:
            return None
        axes = range(spec.ndim) if axis is None else axis if type(axis) is tuple else (axis,)
    else:
        axes = step.args[1]
    char = "?" if ufunc in (np.logical_or, np.logical_and) else result.char
    if char not in "?lqLQfdFD" or spec.dtype.kind == "c" and result.kind != "c":
        return None
    if ufunc in (np.maximum, np.minimum) and char not in "fdlq":
        return None
    if spec.dtype.char != char and not (spec.dtype.kind in "?biu" and char in "?lLqQ"):
        return None
    return Reduction(x, frozenset(axis % spec.ndim for axis in axes), ufunc, char)


def find_closing(step: Node) -> Reduction | None:
    """The reduction that a step is, if it can close a nest of loops: of floating-point numbers."""
    found = find_reduction(step)
    if found is None or found.char not in "fd" or found.ufunc not in (np.add, np.maximum, np.minimum):
        return None
    return found if found.x.spec.dtype.char == found.char and found.axes else None


def total_place(target: Place, shape: tuple[int, ...], axes: frozenset[int]) -> Place:
    """The result as a place with the shape of what is reduced, in which the reduced axes do not move."""
    if len(target.shape) != len(shape):
        for each in sorted(axes):
            target = target.insert(each)
    strides = tuple([0 if i in axes else stride for i, stride in enumerate(target.strides)])
    return target._replace(shape=shape, strides=strides)


@alone(*UFUNCS, when=lambda step: find_reduction(step) is not None)
def reduce(translator: Any, step: Node) -> None:
    """The loop along the axes in the order in which NumPy walks them."""
    found = find_reduction(step)
    x = translator.place(found.x)
    if step.function is COUNT and x.dtype.char != "?":
        x = cast(translator, x, "?")
    if x.dtype.char != found.char:
        x = cast(translator, x, found.char)
    total = total_place(translator.allocate(step), x.shape, found.axes)
    first = tuple([slice(0, 1) if i in found.axes else slice(None) for i in range(len(x.shape))])
    if found.neutral is not None:
        translator.copy(translator.constant(np.array(found.neutral, x.dtype)).broadcast(total.index(first).shape),
                        total.index(first))
    else:
        translator.copy(x.index(first), total.index(first))
    order = order_axes(len(x.shape), [distances(each) for each in (total, x)])
    x, total = x.along(order), total.along(order)
    if found.char in "fdFD" and is_gathered(x, total):
        x = cast(translator, x, found.char)
    types = f"{found.char}{found.char}->{found.char}"
    for source, sum_ in later_visits(x, total, found.neutral is None):
        add_ufunc(translator, found.ufunc.__name__, types, [sum_, source, sum_], source.shape)


def is_gathered(x: Place, total: Place) -> bool:
    """Whether NumPy puts elements of several rows next to one another first, and so adds up other pairs."""
    lengths, strides = collapse(x.shape, [total.strides, x.strides])
    walked = zip(reversed(lengths), reversed(strides[0])) if lengths else ()
    rows = list(itertools.takewhile(lambda row: row[1] == 0, walked))
    return len(rows) > 1 and math.prod(length for length, _ in rows) <= np.getbufsize() and gathers()


@functools.cache
def gathers() -> bool:
    """Whether this NumPy does (2.3 and later)."""
    rows = np.zeros((2, 6))
    rows[:, 0] = 1e16, -1e16
    rows[0, 1:5] = 1
    return np.add.reduce(rows[:, :5], None) != 0  # each 1 by itself is lost in 1e16


def later_visits(x: Place, total: Place, has_first: bool) -> list[tuple[Place, Place]]:
    """The elements with the totals that they go to, without those that are the first ones and are there already: with
    one more the loops of extrema would compare others, and zeros have signs."""
    lengths, strides = collapse(x.shape, [total.strides, x.strides])
    if not has_first or not lengths or strides[0][-1] != 0:
        return [(x, total)]
    total, x = (each._replace(shape=tuple(lengths), strides=tuple(own)) for each, own in zip((total, x), strides))
    reduced = [axis for axis, stride in enumerate(total.strides) if stride == 0]
    found = []
    for axis in reversed(reduced):
        index = tuple([
            slice(1, None) if i == axis else slice(0, 1) if i in reduced and i < axis else slice(None)
            for i in range(len(lengths))])
        found.append((x.index(index), total.index(index)))
    return found


def cast(translator: Any, x: Place, char: str) -> Place:
    place = translator.temporary(x.shape, np.dtype(char))
    translator.copy(x, place)
    return place


def is_running(step: Node) -> bool:
    spec = spec_at(step.args[0])
    return len(step.args) == 2 and type(step.args[0]) is Node and step.spec.is_array and step.spec.size > 0 and (
        step.spec.dtype.char in "fdlq" and spec.dtype is not None)


@alone(cumulative.cumsum_along.fun, cumulative.cumprod_along.fun, when=is_running)
def accumulate(translator: Any, step: Node) -> None:
    """Sums, or products, of the elements up to each place, one after the other."""
    ufunc = np.add if step.function is cumulative.cumsum_along.fun else np.multiply
    char, axis = step.spec.dtype.char, step.args[1] % step.spec.ndim
    x, target = in_memory(translator, step.args[0], char), translator.allocate(step)
    before = (slice(None),) * axis
    translator.copy(x.index((*before, slice(0, 1))), target.index((*before, slice(0, 1))))
    if x.shape[axis] < 2:
        return
    places = [target.index((*before, slice(0, -1))), x.index((*before, slice(1, None))),
              target.index((*before, slice(1, None)))]
    order = [*[i for i in range(len(x.shape)) if i != axis], axis]
    places = [each.along(order) for each in places]
    add_ufunc(translator, ufunc.__name__, f"{char}{char}->{char}", places, places[0].shape)
