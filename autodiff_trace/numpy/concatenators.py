"""``r_`` and ``c_``: arrays joined by what is written between brackets.

NumPy's own make plain arrays of their items; these do too where nothing is traced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.tracer import find_top_trace
from . import wrapped as anp

__all__ = ["CONCATENATORS"]

PYTHON_NUMBERS = (bool, int, float, complex)


class AxisConcatenator:
    """``np.r_`` or ``np.c_``, whose axis, least number of dimensions and place of the axis of vectors it has."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.__doc__ = plain.__doc__

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        leaves = [(x.start, x.stop, x.step) if isinstance(x, slice) else x for x in items]
        if find_top_trace(leaves) is None:
            return self.plain[key]
        axis, ndmin, vector_axis = self.plain.axis, self.plain.ndmin, self.plain.trans1d
        if isinstance(items[0], str):
            axis, ndmin, vector_axis = read_directive(items[0], axis, ndmin, vector_axis)
            items = items[1:]
        pieces = [to_piece(item, ndmin, vector_axis) for item in items]
        dtype = anp.result_type(*pieces)  # Python's numbers have no influence on float32
        return anp.concatenate([anp.astype(anp.array(x, ndmin=ndmin), dtype) for x in pieces], axis)


def read_directive(text: str, axis: int, ndmin: int, vector_axis: int) -> tuple[int, int, int]:
    """What the first item says where it is text: "axis", "axis,ndmin" or "axis,ndmin,vector_axis"."""
    if text in ("r", "c"):
        raise TracedValueError(
            f"r_[{text!r}, ...] makes a matrix, which cannot hold traced values ({caller_line()}). Leave {text!r} away."
        )
    try:
        numbers = [int(each) for each in text.split(",")]
        axis, ndmin, vector_axis = (*numbers, *(axis, ndmin, vector_axis)[len(numbers) :])
    except ValueError:
        raise ValueError(f"unknown special directive {text!r}") from None
    return axis, ndmin, vector_axis


def to_piece(item: Any, ndmin: int, vector_axis: int) -> Any:
    """An item as an array of ``ndmin`` dimensions or more; a number of Python's as it is."""
    if item.__class__ in PYTHON_NUMBERS:  # also where jit traces it
        return item
    if isinstance(item, str):
        raise ValueError("special directives must be the first entry.")
    if isinstance(item, slice):
        start, step = 0 if item.start is None else item.start, 1 if item.step is None else item.step
        if isinstance(step, (complex, np.complexfloating)):
            item = anp.linspace(start, item.stop, int(abs(step)))
        else:
            item = anp.arange(start, item.stop, step)
        piece = anp.array(item, ndmin=ndmin)
        return anp.swapaxes(piece, -1, vector_axis) if ndmin > 1 and vector_axis != -1 else piece
    piece = anp.array(item, ndmin=ndmin)
    added = piece.ndim - anp.ndim(item)  # in front of the others, which are to begin at vector_axis
    if not added or vector_axis == -1:
        return piece
    place = vector_axis + added + 1 if vector_axis < 0 else vector_axis
    axes = list(range(ndmin))
    return anp.transpose(piece, axes[:place] + axes[added:] + axes[place:added])


CONCATENATORS = {"c_": AxisConcatenator(np.c_), "r_": AxisConcatenator(np.r_)}
"""By their names."""
