"""Sparsity patterns, and the colouring of their columns and rows.

Columns that have no row in common can share one pass of forward mode: the sum of their derivatives is told apart row by
row. So can rows in reverse mode. Groups of such lines are found by greedy colouring (A. R. Curtis, M. J. D. Powell,
J. K. Reid, "On the estimation of sparse Jacobian matrices", 1974; A. H. Gebremedhin, F. Manne, A. Pothen, "What color
is your Jacobian?", SIAM Review 47, 2005).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

__all__ = ["GivenPattern", "Pattern"]


class Pattern:
    """Which entries of a matrix of ``shape`` may be other than zero: ``indices`` of shape (nnz, 2), by rows."""

    def __init__(self, indices: np.ndarray, shape: tuple[int, int]) -> None:
        self.shape = shape
        keys = in_order(indices[:, 0].astype(np.int64) * max(shape[1], 1) + indices[:, 1])
        self.rows, self.columns = np.divmod(keys, max(shape[1], 1))

    @property
    def indices(self) -> np.ndarray:
        return np.stack([self.rows, self.columns], axis=1)

    @functools.cached_property
    def column_colors(self) -> np.ndarray:
        return color_lines(self.columns, self.rows, self.shape[1], self.shape[0])

    @functools.cached_property
    def row_colors(self) -> np.ndarray:
        return color_lines(self.rows, self.columns, self.shape[0], self.shape[1])


def in_order(keys: np.ndarray) -> np.ndarray:
    """The keys sorted, each once: what ``np.unique`` returns, whose hash table takes far longer for millions."""
    if np.all(keys[1:] > keys[:-1]):
        return keys
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])]


def color_lines(lines: np.ndarray, crossings: np.ndarray, count: int, crossing_count: int) -> np.ndarray:
    """A colour for each of ``count`` lines, such that lines of one colour cross no line together.

    Entry k of the matrix is where line ``lines[k]`` meets ``crossings[k]``. Each line, in order, gets the first colour
    that no line has with which it shares a crossing; for a band that is as few as there can be. The colours taken at a
    crossing are the bits of one integer, so that the work is that of going over the entries twice.
    """
    order = np.argsort(lines, kind="stable")
    starts = np.searchsorted(lines[order], np.arange(count + 1)).tolist()
    crossed = crossings[order].tolist()
    taken = [0] * crossing_count
    colors = [0] * count
    for line in range(count):
        own = crossed[starts[line] : starts[line + 1]]
        forbidden = 0
        for crossing in own:
            forbidden |= taken[crossing]
        bit = ~forbidden & (forbidden + 1)  # the lowest that is not set
        colors[line] = bit.bit_length() - 1
        for crossing in own:
            taken[crossing] |= bit
    return np.array(colors, dtype=np.int64)


class GivenPattern:
    """A pattern as the user gives it; coloured once, when the shape of the Jacobian is known."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.pattern: Pattern | None = None

    def at(self, shape: tuple[int, int]) -> Pattern:
        """The pattern of a Jacobian of ``shape``."""
        pattern = self.pattern
        if pattern is None or pattern.shape != shape:
            pattern = self.pattern = to_pattern(self.given, shape)
        return pattern

    def __repr__(self) -> str:
        return f"<{type(self.given).__name__} of shape {np.shape(self.given)}>"


def to_pattern(pattern: Any, shape: tuple[int, int]) -> Pattern:
    """Index pairs, a boolean matrix, or a sparse matrix as SciPy's, as the pattern of a Jacobian of ``shape``.

    Raises ValueError where it does not fit the shape, TypeError where it is none of these.
    """
    if hasattr(pattern, "tocoo"):
        sparse = pattern.tocoo()
        return make_pattern(np.stack([sparse.row, sparse.col], axis=1), tuple(sparse.shape), shape)
    pattern = np.asarray(pattern)
    if pattern.dtype == bool and pattern.ndim == 2:
        return make_pattern(np.argwhere(pattern), pattern.shape, shape)
    if pattern.dtype.kind in "iu" and pattern.ndim == 2 and pattern.shape[1] == 2 or pattern.size == 0:
        return make_pattern(pattern.reshape(-1, 2).astype(np.int64), shape, shape)
    raise TypeError(
        "jacobian: sparsity must be 'detect', integer index pairs of shape (nnz, 2), a boolean matrix or a sparse "
        f"matrix, not an array of shape {pattern.shape} and dtype {pattern.dtype}."
    )


def make_pattern(indices: np.ndarray, found: Any, shape: Any) -> Pattern:
    if found != shape:
        raise ValueError(f"jacobian: sparsity has shape {found}, but the Jacobian has shape {shape}.")
    if indices.size and (indices.min() < 0 or np.any(indices.max(axis=0) >= shape)):
        raise ValueError(f"jacobian: sparsity has an index outside of the Jacobian, whose shape is {shape}.")
    return Pattern(indices, shape)
