"""Cotangents that a client's rules return: made ready for the native backward pass, which adds arrays and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.cotangents import DeferredCotangent
from ..core.primitives import primitive as native_primitive
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes, fixed_types, spent_constant
from .containers import is_container
from .vspaces import SparseObject, VSpace, dense, vspace

__all__ = ["pull_rows", "ready"]


class OwnCotangent(DeferredCotangent):
    """A cotangent of a type of the user's own, added as its vector space says."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def plus(self, g):
        other = g.value if type(g) is OwnCotangent else g
        return OwnCotangent(vspace(other).add(self.value, other))

    def settle(self):
        return self.value


def ready(g: Any) -> Any:
    """A cotangent as the native backward pass adds it."""
    kind = type(g)
    if kind in box_classes:
        return spent_constant(g)
    if kind is np.float64:
        return g
    if kind is SparseObject:
        return dense(g)
    return OwnCotangent(g) if kind in VSpace.mappings and is_own_type(kind) else g


def is_own_type(kind: type) -> bool:
    """Whether values of this type are neither arrays, nor numbers, nor containers."""
    return not is_container(kind) and not hasattr(kind, "__array__") and kind not in fixed_types


def pull_rows(pull: Callable[[Any], list], g: Any) -> list:
    """``pull(g)``, which may write into its argument, a cotangent or a list of those of several answers; of a batch of
    cotangents one by one, since a rule may hand its own to what knows arrays only."""
    has_several = type(g) is not np.ndarray and isinstance(g, (list, tuple))
    gs = [each.copy() if type(each) is np.ndarray else each for each in (g if has_several else (g,))]

    def pull_one(*gs):
        return list(map(ready, pull(list(gs) if has_several else gs[0])))

    if any(map(is_batch, gs)):
        return list(native_primitive(lambda *gs: tuple(pull_one(*gs)))(*gs))
    return pull_one(*gs)


def is_batch(g: Any) -> bool:
    return type(g) in box_classes and not g._trace.holds_values and not isinstance(g._trace, RecordingTrace)
