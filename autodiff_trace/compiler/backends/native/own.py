"""Own functions: which of NumPy's functions have vector code of their own, for the translator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["own_functions"]


def own_functions(math: str) -> dict[np.ufunc, Callable]:
    """What writes them, ``rule(lanes, *values)``, by NumPy's function; none where all have to be NumPy's own."""
    return OWN if math == "own" else {}


OWN: dict[np.ufunc, Callable] = {}
