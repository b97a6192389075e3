"""Boxes that can be written to: the box stands for the new value from then on, and so do its views."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.fast.ownership import can_overwrite, note_write, writing
from ..core.tracebacks import hide_frames
from ..core.tracer import Box, box_classes, find_top_trace, is_box, to_value
from . import wrapped as anp
from .array_kinds import stored
from .broadcasting import drop_leading, indexed_ndim
from .layouts import axes_by_stride, is_mapped, is_number, keep_layout, layout
from .views import check_writable, find_root, is_view, refresh_views, write_base

__all__ = ["WritableBox", "written_boxes"]

written_boxes: ContextVar[list | None] = ContextVar("written_boxes", default=None)
"""Where somebody asks: the boxes that are written to, each with its trace, value and node before."""

TINY = 1024
"""Bytes up to which a copy takes less than to find out who else holds them."""


class WritableBox(Box):
    """A box whose items can be assigned to."""

    __slots__ = ()

    def __setitem__(self, index, value):
        with writing:
            try:
                self.write(index, value)
            except BaseException as error:  # also Ctrl-C between the array and its views
                self.settle_views()
                hide_frames(error)
                raise

    def __delitem__(self, index):
        raise ValueError("cannot delete array elements")

    def settle_views(self) -> None:
        """Let the views show what the array holds that owns the memory, whether it has been written or not."""
        if is_view(self) or getattr(self, "_views", None):
            refresh_views(find_root(self))

    def write(self, index: Any, value: Any, except_view: WritableBox | None = None) -> None:
        """``self[index] = value``: in its memory if nobody else needs the old values, else in a copy."""
        if type(value) in (list, tuple) and find_top_trace(value) is not None:
            value = anp.array(value)
        if type(value) in box_classes and (shape := value.shape) and shape[0] == 1:
            value = drop_leading(value, indexed_ndim(self.shape, index))
        of_base = is_view(self)
        if of_base or getattr(self, "_views", None):
            check_writable(self)
        memory = self._value
        is_tiny = type(memory) is np.ndarray and memory.nbytes <= TINY
        del memory  # else it would count as held
        if not is_tiny and can_overwrite(self, index, value) and not is_number(self):
            self.stand_for(anp.write_item(self, index, value))
        else:
            self.assume(anp.set_item(self, index, value))
        if not is_tiny:
            note_write(self)
        if of_base:
            write_base(self)
        refresh_views(self, except_view)

    def replace(self, new: Any, except_view: WritableBox | None = None) -> WritableBox:
        """Write ``new``, of the same shape, into this array: the box stands for it from now on, and so do its views."""
        of_base = is_view(self)
        if of_base or getattr(self, "_views", None):
            check_writable(self)
        try:
            self.assume(new)
            if of_base:
                write_base(self)
            refresh_views(self, except_view)
        except BaseException:
            self.settle_views()
            raise
        return self

    def assume(self, new: Any) -> None:
        """Stand for the value ``new``, cast to this dtype."""
        before, after = self._value, to_value(new)
        if type(before) is np.ndarray and not is_mapped(self):
            shape, dtype = before.shape, before.dtype
        elif is_number(self):
            raise TypeError(f"a number cannot be written to ({caller_line()}): write x = ... instead.")
        else:
            shape, dtype = self.shape, self.dtype
        if new.shape != shape:
            raise ValueError(f"an array of shape {shape} cannot hold a result of shape {new.shape} ({caller_line()})")
        if new.dtype != dtype:
            new = new if shape else anp.copy(new)  # (a number has no order of bytes)
            if not np.can_cast(new.dtype, dtype, "same_kind"):
                raise TypeError(
                    f"an array of dtype {dtype} cannot hold a result of dtype {new.dtype} ({caller_line()}). Write y = "
                    "y + x, or make the array with that dtype."
                )
            new = anp.astype(new, dtype)
            after = to_value(new)
        memory = None
        if type(after) is not np.ndarray or type(before) is not np.ndarray or after.strides != before.strides:
            memory = layout(self)
            if type(memory) is np.ndarray and not memory.ndim:
                new = anp.copy(new)  # what NumPy computes of an array of no dimensions is a number
            elif type(memory) is np.ndarray and (axes := axes_by_stride(memory)) != axes_by_stride(layout(new)):
                # What is computed of this array has its axes in the order of those of the value.
                places = tuple(axes.index(axis) for axis in range(len(axes)))
                new = anp.transpose(anp.ascontiguousarray(anp.transpose(new, axes)), places)
        self.stand_for(new)
        if memory is not None:
            keep_layout(self, memory)

    def stand_for(self, new: Any) -> None:
        if (written := written_boxes.get()) is not None:
            written.append((self, self._trace, self._value, self._node))
        if is_box(new):
            self._value, self._trace, self._node = new._value, new._trace, new._node
        else:
            self._value, self._node = stored(new), None
