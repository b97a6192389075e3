"""What batching rules are made of: the mapped axis stands before all others of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import wrapped as anp

__all__ = ["first_mapped", "map_all", "mapped_index"]


def first_mapped(rule: Callable) -> Callable:
    """The batching rule that calls ``rule(x, *params)`` where the first argument alone is mapped."""

    def batching(batch, prim, args, kwargs):
        return NotImplemented if any(batch.mapped[1:]) or kwargs else rule(*args)

    return batching


def map_all(batch: Any, args: list) -> list:
    """The arguments, with those that are not mapped repeated along a mapped axis."""
    return [
        arg if is_mapped else anp.broadcast_to(arg, (batch.size, *np.shape(arg)))
        for arg, is_mapped in zip(args, batch.mapped)
    ]


def mapped_index(index: Any) -> Any:
    """``index`` for arrays with one more axis in front; NotImplemented where that axis would not stay in front."""
    parts = index if isinstance(index, tuple) else (index,)
    advanced = [i for i, part in enumerate(parts) if is_array(part)]
    if advanced:
        # An integer among arrays is an array to NumPy, and separated arrays put their axes before all others.
        together = [i for i, part in enumerate(parts) if is_array(part) or isinstance(part, (int, np.integer))]
        if together != list(range(together[0], together[-1] + 1)):
            return NotImplemented
    return (slice(None), *parts)


def is_array(part: Any) -> bool:
    return isinstance(part, (list, np.ndarray)) or hasattr(part, "shape") and part.shape != ()
