"""What the core asks of the array layer: a few functions on arrays, which that layer fills in when it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ArrayOps", "array_ops"]


class ArrayOps:
    """The functions.

    ``array(nested)``: one traced array from a nested sequence with traced values in it. ``store(out, x)``: write ``x``
    into ``out`` and return it, as the argument ``out=`` asks. ``zeros_like(x)``.
    """

    array: Callable[[list | tuple], Any]
    store: Callable[[Any, Any], Any]
    zeros_like: Callable[[Any], Any]


array_ops = ArrayOps()
