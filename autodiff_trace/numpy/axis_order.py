"""The order of axes in memory, as NumPy's iterator walks them (``order="K"``)."""

from __future__ import annotations

__all__ = ["order_axes"]


def order_axes(ndim: int, table: list[list[int]]) -> tuple[int, ...]:
    """The axes from the outermost to the innermost, as NumPy's iterator sorts them, from the strides of each operand
    along all axes; 0 is that of an axis along which nothing moves.

    >>> order_axes(3, [[8, 24, 0]])
    (1, 0, 2)
    """
    order: list[int] = []  # the innermost first
    for axis in reversed(range(ndim)):
        place = len(order)
        for i in reversed(range(len(order))):
            further = [strides[order[i]] > strides[axis] for strides in table if strides[axis] and strides[order[i]]]
            if further and not all(further):
                break
            if further:
                place = i
        order.insert(place, axis)
    return tuple(reversed(order))
