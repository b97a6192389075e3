"""``x.flat``: the elements of an array one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.fast.ownership import writing
from ..core.tracer import boxers, register_box
from . import wrapped as anp
from .array_box import ArrayBox
from .views import forget_view, link

__all__ = ["FlatBox"]


class FlatBox(ArrayBox):
    """``x.flat``: the elements in the order C, always a view. What is read of it is a copy, and what is written to it
    is repeated as needed; both take the iterator back to its start, as in NumPy."""

    __slots__ = ("index",)
    __hash__ = ArrayBox.__hash__

    base = property(lambda self: self._view_of[0])
    coords = property(lambda self: tuple(map(int, np.unravel_index(self.index, self.base.shape))))

    def __getitem__(self, index):
        self.index = 0
        return forget_view(anp.getitem(self, index))

    def __setitem__(self, index, values):
        self.index = 0
        places = np.arange(self.size)[index]
        values = anp.reshape(anp.resize(values, places.size), places.shape)
        with writing:
            self.replace(anp.set_item(self, index, values))

    def __iter__(self):
        return self

    def __next__(self):
        if self.index == self.size:
            raise StopIteration
        self.index += 1
        return anp.getitem(self, self.index - 1)

    def copy(self, order="C"):
        return anp.copy(self, order)


register_box(FlatBox)
boxers[FlatBox] = ArrayBox  # other traces have boxes of their own


def get_flat(x: ArrayBox) -> FlatBox:
    with writing:
        flat = anp.ravel(x)
        flat = FlatBox(flat._value, flat._trace, flat._node)
        flat.index = 0
        link(flat, x, anp.ravel, (), {})
    return flat


def set_flat(x: ArrayBox, values: Any) -> None:
    get_flat(x)[:] = values


ArrayBox.flat = property(get_flat, set_flat)  # here, since what it gives is an ArrayBox
