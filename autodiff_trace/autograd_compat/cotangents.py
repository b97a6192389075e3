"""Cotangents that a client's rules return: of single passes, and of batches of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.primitives import primitive as native_primitive
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes
from .vspaces import OwnCotangent, ready

__all__ = ["NeedsSinglePasses", "pull_rows"]


class NeedsSinglePasses(Exception):
    """There are no batches of cotangents of a type of the user's own."""


def pull_rows(pull: Callable[[Any], list], g: Any) -> list:
    """``pull(g)``, which may write into its argument; of a batch of cotangents one by one, since a rule may hand its
    own to what knows arrays only."""
    if type(g) is np.ndarray:
        g = g.copy()
    elif type(g) is list or type(g) is tuple:
        g = [each.copy() if type(each) is np.ndarray else each for each in g]
    if type(g) in box_classes and not g._trace.holds_values and not isinstance(g._trace, RecordingTrace):
        return list(native_primitive(lambda g: tuple(map(one_of_rows, pull(g))))(g))
    return list(map(ready, pull(g)))


def one_of_rows(g: Any) -> Any:
    g = ready(g)
    if type(g) is OwnCotangent:
        raise NeedsSinglePasses
    return g
