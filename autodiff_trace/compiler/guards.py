"""Guards: what Python saw of a value when a program was traced, and what a run says when it sees something else."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Miss", "outcome", "signature"]


class Miss(NamedTuple):
    """A run came to guard number ``guard`` and saw ``seen`` there, which is not what was traced."""

    guard: int
    seen: Any


def outcome(seen: Any) -> Any:
    """What Python saw, so that it can be compared and hashed: NaN equals itself, and 0.0 is not -0.0."""
    kind = type(seen)
    if kind is bool or kind is int or kind is str:
        return seen
    if isinstance(seen, (float, complex)):
        return kind, repr(seen)
    if isinstance(seen, np.ndarray):
        return kind, seen.shape, seen.dtype.str, seen.tobytes()
    return kind, seen if isinstance(seen, (tuple, np.generic)) else repr(seen)


def signature(x: Any) -> Any:
    """Type, shape and dtype, where they depend on values (``nonzero``, masks)."""
    return (type(x).__name__, x.shape, x.dtype.str) if isinstance(x, (np.ndarray, np.generic)) else type(x).__name__
