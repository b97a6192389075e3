"""Guards: what Python saw of a value when a program was traced, and what a run says when it sees something else."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.tracer import box_classes

__all__ = ["Miss", "gives_itself", "is_shaped_by_values", "outcome", "signature"]

SHAPED_BY_VALUES = frozenset("""
    argwhere bincount compress delete eig eigvals extract flatnonzero histogram histogram_bin_edges intersect1d lstsq
    nonzero poly polydiv polyfit polymul real_if_close residual_squares roots setdiff1d setxor1d trim_zeros union1d
    unique unique_all unique_counts unique_inverse unique_values
""".split())
"""Functions of NumPy whose results have a shape or a dtype that depends on values; so have ``where(mask)`` and
``x[mask]``. In all others only parameters such as axes and counts decide, which are plain."""

KNOWN_PACKAGES = ("numpy", "_operator", __name__.partition(".")[0])


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
    if isinstance(seen, np.generic):
        return kind, seen.dtype.str, seen.tobytes()
    return kind, seen if kind is tuple else repr(seen)


def signature(x: Any) -> Any:
    """Type, shape and dtype, where they depend on values (``nonzero``, masks)."""
    return (type(x).__name__, x.shape, x.dtype.str) if isinstance(x, (np.ndarray, np.generic)) else type(x).__name__


def is_shaped_by_values(prim: Callable, values: list) -> bool:
    """Whether the shape, dtype or type of the answer depends on the values of the arguments, or may do so."""
    shaping = shaping_of(prim)
    if not shaping or shaping == "always":
        return bool(shaping)
    if shaping == "index":
        index = values[1] if type(values[1]) is tuple else values[1:]
        return any(getattr(getattr(part, "dtype", None), "kind", None) == "b" for part in index)
    return len(values) == 1


@functools.cache
def shaping_of(prim: Callable) -> str:
    """For which arguments that is so: "always", for some kinds of "index", for a mask alone; empty if for none."""
    if prim.__name__ in SHAPED_BY_VALUES:
        return "always"
    # Of a primitive of the user's nothing is known.
    module = type(prim.fun).__module__ if isinstance(prim.fun, np.ufunc) else getattr(prim.fun, "__module__", None)
    if (module or "numpy").partition(".")[0] not in KNOWN_PACKAGES:
        return "always"
    return "index" if prim.fun is operator.getitem else "mask" if prim.__name__ == "where" else ""


PASSING_ON = {"asanyarray", "asarray", "astype", "atleast_1d", "atleast_2d", "atleast_3d", "real", "squeeze"}
"""Functions that may give the very array: shape and dtype decide, unless an order in memory is asked for."""


def gives_itself(prim: Callable, args: tuple, kwargs: dict, trace: Any) -> bool:
    """Whether a call that has given its first argument, an array that ``trace`` has boxed, does so in each run."""
    is_box = type(args[0]) in box_classes and args[0]._trace is trace
    is_array = is_box and type(args[0]._value) is np.ndarray
    return is_array and prim.__name__ in PASSING_ON and len(args) < 3 and not kwargs.get("order")
