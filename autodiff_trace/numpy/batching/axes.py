"""Where axes are in a batch."""

from __future__ import annotations

from numpy.lib.array_utils import normalize_axis_index

__all__ = ["shift_axes"]


def shift_axes(axis, ndim: int):
    """``axis`` of an array with ``ndim`` axes, where one more axis stands in front; None is all axes but that.

    An axis that the array does not have raises NumPy's AxisError: counted from the end it would be the one in front.
    """
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple([normalize_axis_index(i, ndim) + 1 for i in axis])
    return normalize_axis_index(axis, ndim) + 1
