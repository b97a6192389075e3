"""Views: steps that name other elements of an array, or the same in another order, and take no time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...ir.infer import reshape as infer_reshape
from ...ir.layout import view_strides
from ...ir.node import Node, spec_at
from ..numpy_source import calls
from .places import Place

__all__ = ["find_view", "is_view"]


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


VIEWS: dict[Callable, Callable[[Place, Node], Place]] = {
    calls.getitem: index, calls.reshape: reshape, calls.transpose: transpose, np.broadcast_to: broadcast,
    np.diagonal: diagonal, calls.after: lambda place, step: place,
}


def find_view(step: Node) -> Callable[[Place, Node], Place] | None:
    """What gives the place of a view from that of the array; None if the step is none."""
    if step.kwargs or step.function.__hash__ is None or step.function not in VIEWS or type(step.args[0]) is not Node:
        return None
    spec = step.args[0].spec
    if spec.dtype is None or not spec.is_array:
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


def is_view(step: Node) -> bool:
    return find_view(step) is not None
