"""Sizes that are not known before an array is computed: they can be compared, but no number comes of them."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import caller_line

__all__ = ["UNKNOWN", "UnknownSize", "has_unknown", "is_same_shape", "known_in_part"]


class UnknownSize:
    """The size of an axis that is not known. Like NaN it equals nothing; unlike NaN it is no factor: that would make
    every number that it meets NaN, silently.

    >>> UNKNOWN == 1, (UNKNOWN, 2) == (UNKNOWN, 2)
    (False, True)
    """

    def refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"the size of an axis is not known before the array is computed ({caller_line()}), and a number was to be "
            "computed of it. Give the array its sizes before (of Dask's arrays: x.compute_chunk_sizes())."
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __array_ufunc__ = refuse
    __float__ = __int__ = __index__ = __bool__ = __lt__ = __le__ = __gt__ = __ge__ = refuse

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = UnknownSize()


class KnownInPart:
    """What stands for an array of which some sizes are not known where its shape is read."""

    __slots__ = ("array", "shape")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.shape = tuple([n if n == n else UNKNOWN for n in array.shape])

    size = property(lambda self: UNKNOWN)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.array, name)


def has_unknown(shape: tuple) -> bool:
    """Whether a size in ``shape`` is not known."""
    return any([n != n for n in shape])


def is_same_shape(shape: tuple, other: tuple) -> bool:
    """Whether two shapes agree, unknown sizes with unknown ones."""
    if shape == other:
        return True
    return len(shape) == len(other) and all([n == m or n != n and m != m for n, m in zip(shape, other)])


def known_in_part(x: Any) -> Any:
    """``x``, or what stands for it where not all sizes are known."""
    return KnownInPart(x) if has_unknown(x.shape) else x
