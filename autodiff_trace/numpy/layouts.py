"""Layouts: where in memory the elements of a traced array lie for NumPy, which decides what is a view and what a copy.

The layout of a traced array is an array that lies in memory as the one that the user sees would in plain NumPy; its
values mean nothing. As a rule it is the value in the box. A batch has the layout of one element, and an array that has
been written to, whose value is a new array, keeps the layout that it had.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.array_ops import LARGE
from ..core.foreign import array_types
from ..core.tracer import box_classes, watched_types

__all__ = [
    "Views", "axes_by_stride", "is_mapped", "is_number", "keep_layout", "keep_layout_of_element", "layout",
    "memory_of", "outline_foreign", "plain_element", "set_layout",
]


class Views(list):
    """What a box knows of its memory: weak references to the views of it, and its ``layout`` where the value tells
    another. (One attribute, since Python takes 0.1 µs to find that there is none.) ``has_locked``: whether among the
    views of it, and of these, there was one that cannot be written.
    """

    __slots__ = ("layout", "has_locked")

    def __init__(self, layout: Any = None) -> None:
        self.layout = layout
        self.has_locked = False


def set_layout(box: Any, memory: Any) -> None:
    views = getattr(box, "_views", None)
    if views is None:
        box._views = Views(memory)
    else:
        views.layout = memory


def layout(x: Any) -> Any:
    """The layout of ``x``: an array, or a number where the user sees a number."""
    while type(x) in box_classes:
        views = getattr(x, "_views", None)
        if views is not None and views.layout is not None:
            return views.layout
        if is_mapped(x):
            return layout_of_element(layout(x._value))
        x = x._value
    return outline_foreign(x) if type(x) in array_types else x


def outline_foreign(x: Any) -> np.ndarray:
    """What stands for an array of another library: if it may have views, pages that nobody touches; else one element
    of NumPy's, again and again."""
    if hasattr(x, "base"):
        try:
            return np.zeros(x.shape, x.dtype)
        except MemoryError:
            pass
    shape = [0 if size != size else size for size in x.shape]  # (Dask's NaN, where it does not know)
    return np.ndarray(shape, x.dtype, np.zeros((), x.dtype), strides=(0,) * len(shape))


def is_mapped(box: Any) -> bool:
    """Whether the value of ``box`` is a batch, also where the trace has ended: the node tells."""
    return box._node is True


def layout_of_element(batch: Any) -> Any:
    """The layout of one element of a batch: its axes in the order of the batch's, without gaps, as results have it."""
    if type(batch) is not np.ndarray or not len(batch):
        return np.zeros(batch.shape[1:], batch.dtype)[()]
    first = batch[0]
    return first if type(first) is not np.ndarray or not any(batch.strides) else zeros_laid_out_like(first)


def zeros_laid_out_like(x: np.ndarray) -> np.ndarray:
    """Zeros in memory of their own, with the axes in the order of those of ``x``. Casts of them do not warn."""
    if x.flags.forc:  # then none of the pages is touched
        return np.zeros(x.shape, x.dtype, "C" if x.flags.c_contiguous else "F")
    return np.zeros_like(x)


def plain_element(arg: Any) -> Any:
    """``arg`` without the boxes in it, of batches the first element: an index for the layout of what is indexed."""
    kind = type(arg)
    if kind in array_types:
        return outline_foreign(arg)
    if kind not in watched_types:
        return arg
    if kind not in box_classes:
        return kind(map(plain_element, arg))
    value = plain_element(arg._value)
    return value[0] if is_mapped(arg) else value


def memory_of(x: Any) -> Any:
    """What owns the memory of ``x``: an array, as a rule."""
    base = getattr(x, "base", None)
    while base is not None:
        x, base = base, getattr(base, "base", None)
    return x


NUMBERS = np.generic, int, float, complex


def is_number(x: Any) -> bool:
    """Whether the user sees a number, which is immutable: ``x += y`` makes a new one."""
    value = x._value
    if type(value) not in box_classes and not is_mapped(x):  # the commonest (0.1 instead of 0.6 µs)
        return type(value) is not np.ndarray and isinstance(value, NUMBERS)
    return isinstance(layout(x), NUMBERS)


def keep_layout_of_element(box: Any) -> None:
    """Let the elements of ``box``, a mapped input, lie where they do: unlike results they may have gaps."""
    batch = layout(box._value)
    if type(batch) is np.ndarray and batch.ndim > 1 and len(batch) and not batch.flags.c_contiguous:
        set_layout(box, batch[0])


def keep_layout(box: Any, memory: Any) -> None:
    """Let ``memory`` be the layout of ``box``, whose value is a new array."""
    if type(memory) is not np.ndarray:
        return
    new = layout(box)
    if type(new) is not np.ndarray or new.strides != memory.strides:
        set_layout(box, memory if memory.nbytes <= LARGE else outline(memory))


def axes_by_stride(memory: np.ndarray) -> tuple[int, ...]:
    """The axes from the outermost to the innermost in memory, the order that results of ``memory`` have."""
    if memory.ndim < 2 or memory.flags.c_contiguous:
        return tuple(range(memory.ndim))
    if memory.flags.f_contiguous:
        return tuple(range(memory.ndim))[::-1]
    return tuple(sorted(range(memory.ndim), key=lambda axis: -abs(memory.strides[axis])))


def outline(memory: np.ndarray) -> np.ndarray:
    """An array that lies in memory as ``memory`` does, and does not keep it alive. Its pages are not touched."""
    if memory.base is None and memory.flags.forc:
        return zeros_laid_out_like(memory)
    low = sum((length - 1) * min(stride, 0) for length, stride in zip(memory.shape, memory.strides))
    high = sum((length - 1) * max(stride, 0) for length, stride in zip(memory.shape, memory.strides))
    pages = np.zeros(high - low + memory.itemsize, np.uint8)
    like = np.ndarray(memory.shape, memory.dtype, pages, -low, memory.strides)
    like.flags.writeable = memory.flags.writeable
    return like
