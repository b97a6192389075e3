"""What the core asks of the array layer: a few functions on arrays, which that layer fills in when it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ArrayOps", "array_ops"]


class ArrayOps:
    """``zeros_like(x)``, and ``array(nested)``: one traced array from a nested sequence with traced values in it."""

    zeros_like: Callable[[Any], Any]
    array: Callable[[list | tuple], Any]


array_ops = ArrayOps()
