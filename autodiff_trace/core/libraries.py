"""Libraries of arrays that the user's program may import: what is to be done once it has. Knows none of them."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["libraries", "look_for_libraries", "look_for_sparse"]

libraries: dict[str, Callable[[], Any]] = {}
"""For the name of a module what registers its arrays."""

modules_seen = 0

looking = threading.RLock()
"""Held while arrays are registered: another thread waits until they are."""


def look_for_libraries() -> None:
    """Register the arrays of the libraries that have been imported since the last time."""
    global modules_seen
    if len(sys.modules) != modules_seen:  # (0.03 µs)
        with looking:
            for name in [name for name in libraries if sys.modules.get(name) is not None]:
                if (register := libraries.pop(name, None)) is not None:  # (registering one looks for others)
                    register()
            modules_seen = len(sys.modules)


def look_for_sparse(kind: type) -> None:
    """Register SciPy's sparse matrices, and their operators, where ``kind`` is one."""
    if str(kind.__module__).startswith("scipy.sparse"):
        importlib.import_module(f"{__name__.partition('.')[0]}.scipy.sparse")
