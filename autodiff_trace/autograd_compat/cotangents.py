"""Cotangents and tangents that a client's rules return: of single passes, and of batches of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.primitives import primitive as native_primitive
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes
from ..numpy.shared_results import own_items
from .containers import is_container, map_container
from .vspaces import OwnCotangent, ready

__all__ = ["NeedsSinglePasses", "passes_are_plain", "pull_rows", "push_rows"]


passes_are_plain: ContextVar[bool] = ContextVar("passes_are_plain", default=False)
"""Whether cotangents that are traced come from a pass that could as well be done on plain ones."""


class NeedsSinglePasses(Exception):
    """There are no batches of cotangents of a type of the user's own; a rule may know plain cotangents only."""


def pull_rows(pull: Callable[[Any], list], g: Any) -> list:
    """``pull(g)``, which may write into its argument, a cotangent or a list of those of several answers; of a batch of
    cotangents one by one, since a rule may hand its own to what knows arrays only."""
    has_several = type(g) is not np.ndarray and isinstance(g, (list, tuple))
    gs = [each.copy() if type(each) is np.ndarray else each for each in (g if has_several else (g,))]

    def pull_one(*gs):
        return list(map(ready, own_items(pull(list(gs) if has_several else gs[0]), ())))

    if passes_are_plain.get() and any(type(each) in box_classes for each in gs):
        raise NeedsSinglePasses
    if any(map(is_batch, gs)):
        return list(native_primitive(lambda *gs: tuple(map(one_of_rows, pull_one(*gs))))(*gs))
    return pull_one(*gs)


def push_rows(
    jvpmaker: Callable, argnums: Sequence, ts: Sequence, ans: Any, args: Sequence, kwargs: dict
) -> Any:
    """The tangent of an answer by a rule of forward mode; of a batch of tangents one by one."""

    def push(*ts):
        return ready_tangent(jvpmaker(argnums, ts, ans, args, kwargs))

    return (native_primitive(push) if any(map(is_batch, ts)) else push)(*ts)


def ready_tangent(t: Any) -> Any:
    if is_container(type(t)):
        return map_container(ready_tangent, t)
    t = ready(t)
    return t.settle() if type(t) is OwnCotangent else t


def is_batch(g: Any) -> bool:
    return type(g) in box_classes and not g._trace.holds_values and not isinstance(g._trace, RecordingTrace)


def one_of_rows(g: Any) -> Any:
    if type(g) is OwnCotangent:
        raise NeedsSinglePasses
    return g
