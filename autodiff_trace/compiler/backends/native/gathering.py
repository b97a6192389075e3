"""Gathers and scatters: steps that read or write elements by arrays of indices. Whether all name elements is checked
before: where one does not, NumPy's program runs, and raises its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....numpy.rules import ordering
from ...ir.node import Node, is_fixed, spec_at, value_of
from ..numpy_source import calls
from .alone import alone, source_of
from .code import At, Expect
from .elementwise import has_place
from .indexed import Bounds, Gather, ScatterNest
from .operands import dtype_of
from .operations import find_operation
from .pieces import add_intervals, intervals
from .places import Place, place_of
from .selection import Numbers, Selection, is_number, is_selection, select

if TYPE_CHECKING:
    from .translate import Translator

__all__: list[str] = []


def is_inside(each: Numbers) -> bool:
    """Whether numbers that are known name elements."""
    values = np.asarray(value_of(each.arg))
    return bool((values >= -each.length).all() and (values < each.length).all())


def is_selected(spec: Any, index: Any, shape: tuple[int, ...] | None) -> bool:
    """Whether there is code for an index of such an array, which gives this shape (None: any)."""
    if not is_selection(spec, index):
        return False
    selection = select(place_of(spec, At(0)), index)
    if shape is not None and selection.place.shape != shape:
        return False
    return all(not is_fixed(each.arg) or is_inside(each) for each in selection.numbers)


def numbers_of(translator: Translator, selection: Selection) -> tuple[list[Place], list[bool]]:
    """The places of the numbers of an index, after records that check them, and which of them may be negative."""
    found, wraps = [], []
    flag = None
    for each in selection.numbers:
        if is_fixed(each.arg):
            values = np.array(value_of(each.arg), np.int64)
            found.append(translator.constant(np.where(values < 0, values + each.length, values)))
            wraps.append(False)
            continue
        place = translator.place(each.arg)
        found.append(place)
        wraps.append(True)
        flag = check(translator, place, each.length, flag)
    if flag is not None:
        translator.records.append(Expect(flag.at, True))
    return found, wraps


def check(translator: Translator, place: Place, length: int, flag: Place | None = None) -> Place:
    """A byte that says whether numbers name elements of an axis, and those that wrote it before."""
    if flag is None:
        flag = translator.temporary((), np.dtype(bool))
        translator.copy(translator.constant(np.array(True)), flag)
    translator.call(Bounds(place, length, flag).write())
    return flag


def is_gather(step: Node) -> bool:
    x, index = step.args
    return type(x) is Node and step.spec.size > 0 and is_selected(x.spec, index, step.spec.shape)


@alone(calls.getitem, when=is_gather)
def gather(translator: Translator, step: Node) -> None:
    selection = select(translator.place(step.args[0]), step.args[1])
    numbers, wraps = numbers_of(translator, selection)
    translator.call(Gather(selection, numbers, translator.allocate(step), wraps).write())


def put(translator: Translator, target: Place, index: Any, source: Place, adds: bool) -> None:
    """Write or add elements at an index of a place."""
    add = find_operation(np.add, target.dtype.char * 2) if adds else None
    if calls.is_basic(index):
        place = target.index(index)
        source = fitted(source, place.shape)
        if adds:
            translator.move(add, [place, source], place)
        else:
            translator.copy(source, place)
        return
    selection = select(target, index)
    numbers, wraps = numbers_of(translator, selection)
    translator.call(ScatterNest(selection, numbers, fitted(source, selection.place.shape), add, wraps).write())


def fitted(source: Place, shape: tuple[int, ...]) -> Place:
    """Elements in a shape that they are assigned to: axes of length 1 at the beginning do not count."""
    if len(source.shape) > len(shape):
        source = source.index((0,) * (len(source.shape) - len(shape)))
    return source.broadcast(shape)


def is_scatter(step: Node) -> bool:
    if len(step.args) != 5:
        return False
    pieces, indices, _, _, ways = step.args
    return all(type(each) is Node and each.spec.dtype == step.spec.dtype for each in pieces) and all(
        calls.is_basic(index) if way != "add.at" else is_selected(step.spec, index, None)
        for index, way in zip(indices, ways))


@alone(calls.scatter, when=is_scatter)
def scatter(translator: Translator, step: Node) -> None:
    pieces, indices, _, zeros, ways = step.args
    found = intervals(step)
    if found is not None:
        add_intervals(translator, step, *found)
        return
    target = translator.allocate(step)
    for index in zeros:
        place = target.index(index)
        translator.copy(translator.constant(np.zeros((), place.dtype)).broadcast(place.shape), place)
    for piece, index, way in zip(pieces, indices, ways):
        put(translator, target, index, translator.place(piece), way != "write")


def is_assignment(step: Node) -> bool:
    x, index, value = step.args
    if type(x) is not Node or not x.spec.is_array or spec_at(value).items:
        return False
    if not can_assign(spec_at(value), x.spec.dtype) or not has_place(value, x.spec.dtype.char):
        return False
    return calls.is_basic(index) or is_selected(x.spec, index, None)


def can_assign(spec: Any, dtype: np.dtype) -> bool:
    """Whether a cast in an assignment has code."""
    given = dtype_of(spec)
    if spec.kind is int and dtype.char not in "lqfdFD":
        return False  # it may be too large, of which NumPy says something
    return given == dtype or dtype.kind in ("fc" if given.kind in "biuf" else "") or (
        given.kind in "biu" and dtype.kind in "iu")


@alone(calls.assign, when=is_assignment)
def assign(translator: Translator, step: Node) -> None:
    x, index, value = step.args
    target = translator.take_over(x, step) if x in translator.late_copies else translator.place(x)
    if x not in translator.late_copies and translator.root(x) not in translator.made:  # an input, which is the caller's
        copy = translator.allocate(step)
        translator.copy(target, copy)
        target = copy
    translator.places[step] = target
    put(translator, target, index, source_of(translator, value, target.dtype), False)


def are_labels(step: Node) -> bool:
    return type(step.args[0]) is Node and step.spec.is_array and is_number(step.spec) and step.spec.size > 0


@alone(calls.check_labels, when=are_labels)
def check_labels(translator: Translator, step: Node) -> None:
    """Labels are numbers from 0 on: those of one less that are not negative."""
    labels, target = translator.place(step.args[0]), translator.allocate(step)
    flag = translator.temporary((), np.dtype(bool))
    translator.copy(translator.constant(np.array(True)), flag)
    translator.call(Bounds(labels, step.args[1], flag, signed=False).write())
    translator.records.append(Expect(flag.at, True))
    translator.copy(labels, target)


def is_permutation(step: Node) -> bool:
    x, order, axis = step.args
    return (type(x) is Node and type(order) is Node and x.spec.is_array and x.spec.size > 0
            and x.spec.ndim == order.spec.ndim and is_number(order.spec) and order.spec.is_contiguous
            and all(i == axis % x.spec.ndim or n == m
                    for i, (n, m) in enumerate(zip(x.spec.shape, order.spec.shape))))


def along(step: Node) -> tuple:
    """The index of the elements that an array of indices names along one axis."""
    x, order, axis = step.args
    axis %= x.spec.ndim
    shape = order.spec.shape
    return tuple([order if i == axis else np.arange(n).reshape([n if j == i else 1 for j in range(len(shape))])
                  for i, n in enumerate(shape)])


@alone(ordering.permute.fun, when=is_permutation)
def permute(translator: Translator, step: Node) -> None:
    selection = select(translator.place(step.args[0]), along(step))
    numbers, wraps = numbers_of(translator, selection)
    translator.call(Gather(selection, numbers, translator.allocate(step), wraps).write())


def is_inverse(step: Node) -> bool:
    return is_permutation(step) and step.args[0].spec.shape == step.args[1].spec.shape


@alone(ordering.unpermute.fun, when=is_inverse)
def unpermute(translator: Translator, step: Node) -> None:
    put(translator, translator.allocate(step), along(step), translator.place(step.args[0]), False)
