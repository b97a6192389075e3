"""Which eigenvalues and singular values count as equal: what rounding leaves of equal ones."""

from __future__ import annotations

import numpy as np

from ...core.primitives import nondifferentiable
from ...core.traits import declare
from ..batching import batch_stacks

__all__ = ["ROUNDING", "clusters", "find_tolerance", "largest", "nearly_repeated", "repeated", "smallest", "tolerance"]

ROUNDING = 4
"""Machine precisions, for each value of a matrix, that rounding leaves between equal ones, relative to the largest."""

UNCERTAIN = 1000
"""Machine precisions, relative to the largest value, below which a gap leaves less than three digits to a quotient."""

MOST_CONDITION = 1e4
"""The condition that is reckoned with at most: vectors that are all but dependent say little about rounding."""


def largest(x, axis, keepdims=False):
    """The largest of numbers ≥ 0 along ``axis``; of none it is 0."""
    return np.max(x, axis=axis, keepdims=keepdims) if x.size else np.sum(x, axis=axis, keepdims=keepdims)


def smallest(x, axis):
    """The smallest of numbers along ``axis``; of none it is infinite."""
    return np.min(x, axis=axis) if x.size else np.sum(x, axis=axis) + np.inf


def find_tolerance(w, v=None):
    """The difference up to which values are equal: what rounding leaves of equal ones.

    For vectors ``v`` that need not be orthogonal it is larger, by the norm of the matrix and the condition of ``v``
    (Bauer and Fike). These are computed for values that may be equal, in which no more than half the digits differ.
    """
    eps, size = np.finfo(w.dtype).eps, largest(np.abs(w), -1)
    least = ROUNDING * w.shape[-1] * eps * size
    if v is not None:
        most = eps**0.5 * size
        close = np.abs(w[..., None, :] - w[..., None]) <= most[..., None, None]
        if np.count_nonzero(close) > w.size:  # each is close to itself
            near = close.sum((-2, -1)) > w.shape[-1]
            u = v[near]
            norm = np.linalg.norm((u * w[near][:, None]) @ np.linalg.pinv(u), axis=(-2, -1))
            wide = ROUNDING * w.shape[-1] * eps * norm * np.fmin(np.linalg.cond(u), MOST_CONDITION)
            least = np.array(least)
            least[near] = np.maximum(least[near], np.minimum(wide, most[near]))
    return least[..., None, None]


tolerance = nondifferentiable(find_tolerance)
declare(tolerance, batching=batch_stacks)


def nearly_repeated(gaps: np.ndarray, least: np.ndarray) -> np.ndarray:
    """The mask of the gaps above ``least`` that are so small that what they divide is uncertain."""
    return (gaps > least) & (gaps <= least * UNCERTAIN / (ROUNDING * gaps.shape[-1]))


def repeated(w: np.ndarray, least: np.ndarray, with_zero: bool = False) -> np.ndarray:
    """The mask of the values that have an equal one, within ``least``; of singular values also 0."""
    close = np.abs(w[..., None, :] - w[..., None]) <= least
    return (close.sum(-1) > 1) | (with_zero & (np.abs(w) <= least[..., 0]))


def clusters(w: np.ndarray, least: np.ndarray) -> list[list[int]]:
    """The positions of equal values of one matrix, within ``least``, of those that are repeated."""
    close = np.abs(w[None] - w[:, None]) <= least
    groups: list[list[int]] = []
    for i in range(len(w)):
        near = [group for group in groups if close[i, group].any()]
        groups = [group for group in groups if group not in near] + [[*sum(near, []), i]]
    return [group for group in groups if len(group) > 1]
