"""Numba where it is installed; without it loops remain plain Python."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["compiled", "prange"]

try:
    from numba import njit, prange
except ImportError:
    njit, prange = None, range


def compiled(function: Callable, parallel: bool = False) -> Callable:
    """``function``, to be compiled when it is called: no fast-math, a division by zero as in NumPy."""
    return function if njit is None else njit(function, parallel=parallel, error_model="numpy")
