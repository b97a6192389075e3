"""Layouts: how NumPy lays results out in memory, from the shapes and strides of operands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...numpy.axis_order import order_axes
from .node import parts_of
from .spec import Spec, array_spec, c_strides, make_spec, new_spec

__all__ = [
    "axes_by_strides", "broadcast_shape", "copied", "distances", "indexed", "laid_out", "order_axes", "view_strides",
]


def laid_out(operands: list[Spec], dtype: np.dtype) -> Spec:
    """What an elementwise function makes of these operands: NumPy's scalar, or an array in their order of axes."""
    shape = broadcast_shape(operands)
    if not shape:
        return make_spec(dtype.type, (), dtype, ())
    if all(each.is_contiguous for each in operands):
        return array_spec(shape, dtype)
    return new_spec(shape, dtype, axes_by_strides(shape, operands))


def copied(x: Spec, dtype: np.dtype) -> Spec:
    """What NumPy's functions make that give an array like ``x``, with its order of axes: unlike what an elementwise
    function makes, axes along which it does not move are the innermost ones."""
    if x.is_contiguous:
        return array_spec(x.shape, dtype)
    return new_spec(x.shape, dtype, sorted(range(x.ndim), key=lambda axis: (-abs(x.strides[axis]), axis)))


def broadcast_shape(operands: list[Spec]) -> tuple[int, ...]:
    shapes = {each.shape for each in operands} - {()}
    return shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)  # as a rule (2 of 4 µs)


def axes_by_strides(shape: tuple[int, ...], operands: list[Spec]) -> tuple[int, ...]:
    """The axes from the outermost to the innermost, as NumPy orders them in the result (``order="K"``)."""
    return order_axes(len(shape), [[0] * (len(shape) - each.ndim) + distances(each) for each in operands])


def distances(x: Any) -> list[int]:
    """The strides along the axes on which there are several elements; of others none, 0."""
    return [0 if length == 1 else abs(stride) for length, stride in zip(x.shape, x.strides)]


def indexed(shape: Sequence[int], strides: Sequence[int], index: Any) -> tuple[tuple, tuple, int]:
    """The shape and the strides of what an index of integers and slices reads, and how far it begins, in bytes.

    >>> indexed((4, 3), (24, 8), (slice(None, None, -2), 1))
    ((2,), (-48,), 80)
    """
    parts = list(parts_of(index))
    used = sum(part is not None and part is not ... for part in parts)
    place = parts.index(...) if ... in parts else len(parts)
    parts[place:place + 1] = [slice(None)] * (len(shape) - used)
    axes = iter(zip(shape, strides))
    lengths: list[int] = []
    steps: list[int] = []
    offset = 0
    for part in parts:
        if part is None:
            lengths.append(1)
            steps.append(0)
            continue
        length, stride = next(axes)
        if type(part) is slice:
            places = range(length)[part]
            offset += places.start * stride if places else 0
            lengths.append(len(places))
            steps.append(stride * places.step)
        else:
            offset += range(length)[part] * stride
    return tuple(lengths), tuple(steps), offset


def view_strides(x: Spec, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The strides with which a view of ``x`` has this shape; None if there are none, so that NumPy makes a copy."""
    old = [(length, stride) for length, stride in zip(x.shape, x.strides) if length != 1]
    strides: list[int] = []
    pending = list(shape)
    while old:
        (length, stride), *old = old
        group = [(length, stride)]
        taken = [pending.pop(0)]
        while math.prod(taken) != length:
            if math.prod(taken) < length:
                taken.append(pending.pop(0))
            else:
                (more, inner), *old = old
                if stride != inner * more:
                    return None
                group.append((more, inner))
                length, stride = length * more, inner
        while pending and pending[0] == 1:
            taken.append(pending.pop(0))
        strides += [group[-1][1] * each for each in c_strides(tuple(taken), 1)]
    return tuple(strides + [x.itemsize] * len(pending))
