"""What windows that move over an array are told by, checked, axis by axis: size, strides, padding and dilation."""

from __future__ import annotations

import operator
from typing import Any

from ..core.errors import caller_line

__all__ = ["check_fit", "numbers_of", "pairs_of"]


def numbers_of(value: Any, ndim: int, name: str, least: int = 1) -> tuple[int, ...]:
    """One number for each of ``ndim`` axes, from one for all or a sequence."""
    try:
        numbers = tuple(map(operator.index, value)) if isinstance(value, (list, tuple)) else (operator.index(value),)
    except TypeError:
        numbers = ()
    if len(numbers) == 1 and ndim > 1 and not isinstance(value, (list, tuple)):
        numbers *= ndim
    if len(numbers) != ndim or min(numbers) < least:
        wanted = "an integer" if ndim == 1 else f"an integer, or {ndim} of them"
        raise ValueError(f"{name} is {wanted}, at least {least}, not {value!r} ({caller_line()})")
    return numbers


def pairs_of(padding: Any, sizes: tuple, reach: tuple, strides: tuple, name: str) -> tuple[tuple[int, int], ...]:
    """How much to put before and after each axis.

    ``padding`` is "valid" (nothing), "same" (as much as gives one window for each stride, the odd one behind), a number
    for all axes, a number or a pair for each.
    """
    ndim = len(sizes)
    if isinstance(padding, str):
        if padding.lower() == "valid":
            return ((0, 0),) * ndim
        if padding.lower() == "same":
            total = [max(0, (-(-n // step) - 1) * step + r - n) for n, r, step in zip(sizes, reach, strides)]
            return tuple([(n // 2, n - n // 2) for n in total])
        raise ValueError(f"{name}: padding is 'same', 'valid', or numbers, not {padding!r} ({caller_line()})")
    if isinstance(padding, (list, tuple)) and len(padding) == ndim:
        each = [p if isinstance(p, (list, tuple)) else (p, p) for p in padding]
        return tuple([numbers_of(pair, 2, f"{name}: a pair of padding", 0) for pair in each])
    return tuple([(n, n) for n in numbers_of(padding, ndim, f"{name}: padding", 0)])


def check_fit(shape: tuple, sizes: tuple, reach: tuple, padding: tuple, name: str) -> None:
    for n, r, (before, after) in zip(sizes, reach, padding):
        if n + before + after < r:
            raise ValueError(
                f"{name}: a window that reaches over {r} elements does not fit into {n + before + after}, those of an "
                f"axis with its padding (x has shape {shape}, {caller_line()}). Write padding='same', or a smaller "
                "window"
            )
