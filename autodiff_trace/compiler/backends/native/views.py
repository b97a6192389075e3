"""Views: steps that name other elements of an array, or the same in another order, and take no time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...ir.infer import reshape as infer_reshape
from ...ir.layout import view_strides
from ...ir.loop import read_each, read_floats, result, stack_turns, turn_of
from ...ir.node import Node, spec_at, value_of
from ...ir.spec import Spec
from ..numpy_source import calls
from .code import At
from .operands import char_of, dtype_of
from .places import Place, place_of

__all__ = ["find_view", "is_result", "is_view"]


def index(place: Place, step: Node) -> Place:
    return place.index(step.args[1])


def reshape(place: Place, step: Node) -> Place:
    shape = step.spec.shape
    strides = step.spec.strides if place.is_contiguous() or not place.size else view_strides(
        spec_at(step.args[0]), shape)
    return place._replace(shape=shape, strides=tuple(strides))


def transpose(place: Place, step: Node) -> Place:
    return place.along(step.args[1])


def broadcast(place: Place, step: Node) -> Place:
    return place.broadcast(step.spec.shape)


def diagonal(place: Place, step: Node) -> Place:
    _, offset, first, second = step.args
    axes = [i for i in range(len(place.shape)) if i not in (first % len(place.shape), second % len(place.shape))]
    rest = place.along(axes)
    start = place.strides[first] * max(-offset, 0) + place.strides[second] * max(offset, 0)
    stride = place.strides[first] + place.strides[second]
    return rest._replace(
        shape=rest.shape + step.spec.shape[-1:], strides=rest.strides + (stride,)).moved(start if step.spec.size else 0)


def same_place(place: Place, step: Node) -> Place:
    """The values of a list, which lie one after the other."""
    return place


def spread(place: Place, step: Node) -> Place:
    """One number in another shape."""
    return place.broadcast(step.spec.shape)


def part(place: Place, step: Node) -> Place:
    """The real or the imaginary parts of complex numbers."""
    if place.dtype == step.spec.dtype:
        return place
    half = step.spec.itemsize if step.function is np.imag else 0
    return place._replace(dtype=step.spec.dtype).moved(half)


def is_part(step: Node) -> bool:
    """Whether a step gives parts of complex numbers as they lie in memory."""
    spec = step.args[0].spec
    if step.function is calls.cast:
        return spec.dtype.kind == "c" and step.spec.dtype.kind == "f" and spec.itemsize == 2 * step.spec.itemsize
    return len(step.args) == 1 and (spec.dtype.kind == "c" or step.function is np.real) and step.spec.is_array


def result_place(place: Place, step: Node) -> Place:
    raise LookupError("one of several results has a place of its own")


def turn(place: Place, step: Node) -> Place:
    """One turn's value of a list, or those of some turns."""
    return place.index(step.args[1])


def each(place: Place, step: Node) -> Place:
    """The list of elements at indices that are evenly spaced."""
    indices = value_of(step.args[1])
    offsets = element_offsets(place, indices)
    stride = offsets[1] - offsets[0] if len(offsets) > 1 else 0
    return place.index(indices[0]).insert(0, len(offsets), stride)


def element_offsets(place: Place, indices: tuple) -> list[int]:
    return [place.index(index).at.offset for index in indices]


def is_even(step: Node) -> bool:
    """Whether a list of elements is of some that are evenly spaced in memory."""
    x, indices = step.args[0], value_of(step.args[1])
    if not indices or not all(map(calls.is_basic, indices)):
        return False
    offsets = element_offsets(place_of(x.spec, At(0)), indices)
    return len({after - before for before, after in zip(offsets, offsets[1:])}) <= 1


VIEWS: dict[Callable, Callable[[Place, Node], Place]] = {
    calls.getitem: index, calls.reshape: reshape, calls.transpose: transpose, np.broadcast_to: broadcast,
    np.diagonal: diagonal, turn_of: turn, read_each: each, read_floats: each, result: result_place,
    stack_turns: same_place, np.array: same_place, np.reshape: spread, np.copy: spread, np.real: part, np.imag: part,
    calls.cast: part,
}


def find_view(step: Node) -> Callable[[Place, Node], Place] | None:
    """What gives the place of a view from that of the array; None if the step is none."""
    if step.kwargs or step.function.__hash__ is None or step.function not in VIEWS or type(step.args[0]) is not Node:
        return None
    spec = step.args[0].spec
    if step.function is turn_of:
        return turn if spec.items else None
    if is_result(step):
        return result_place
    if step.function in (stack_turns, np.array):
        is_list = spec.items and len(step.args) == 1 and step.spec.is_array
        return same_place if is_list and all(is_item(each, step.spec) for each in spec.items) else None
    if step.function in (read_each, read_floats):
        return each if spec.is_array and is_even(step) else None
    if step.function in (np.broadcast_to, np.reshape, np.copy) and not spec.is_array:
        return spread if step.spec.is_array and not spec.items and char_of(spec) == step.spec.dtype.char else None
    if spec.dtype is None or not spec.is_array or step.function in (np.reshape, np.copy):
        return None
    if VIEWS[step.function] is part and not is_part(step):
        return None
    if step.function is calls.getitem and not calls.is_basic(step.args[1]):
        return None
    if step.function is calls.reshape and not spec.is_contiguous and (
            infer_reshape(step.args[0], step.spec.shape).strides != step.spec.strides
            or view_strides(spec, step.spec.shape) is None):
        return None
    if step.function is np.diagonal and len(step.args) != 4:
        return None
    return VIEWS[step.function]


def is_item(item: Spec, whole: Spec) -> bool:
    """Whether a list of such values is an array like this as it lies in memory."""
    dtype = dtype_of(item)
    return not item.items and dtype == whole.dtype and item.shape == whole.shape[1:]


def is_result(step: Node) -> bool:
    """Whether a step reads one of several results of another: of a loop, or of a function that gives a tuple."""
    if step.function is result:
        return True
    if step.function is not calls.getitem or type(step.args[0]) is not Node or type(step.args[1]) is not int:
        return False
    spec = step.args[0].spec
    return bool(spec.items) and issubclass(spec.kind, tuple) and step.args[0].kind == "call"


def is_view(step: Node) -> bool:
    return find_view(step) is not None
