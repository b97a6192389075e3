"""Sums over axes, and how fast memory is: the triad, which does as little as can be with what it reads."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..workload import Workload

__all__ = ["TRIAD", "TRIAD_SIZE", "WORKLOADS"]

TRIAD_SIZE = 2**22
BLOCK = 2**12


def triad(np, b, c):
    return b + 3.0 * c


def triad_by_hand(b, c, a=None):
    """In blocks that stay in the cache between the two operations, so that memory is passed once."""
    a = np.empty_like(b) if a is None else a
    for start in range(0, len(b), BLOCK):
        part = a[start : start + BLOCK]
        np.multiply(c[start : start + BLOCK], 3.0, out=part)
        np.add(b[start : start + BLOCK], part, out=part)
    return a


def triad_in_place(b, c):
    return partial(triad_by_hand, b, c, np.empty_like(b))


def triad_by_numba(b, c):
    from ..programs.numba_loops import fill_triad

    return partial(fill_triad(), b, c, np.empty_like(b))


TRIAD = Workload(
    "triad", "Triad a = b + 3 c on 2²² doubles", "memory",
    lambda: (np.linspace(0.0, 1.0, TRIAD_SIZE), np.linspace(1.0, 2.0, TRIAD_SIZE)), triad, kind="value",
    by_hand=triad_by_hand, calls={"numpy": triad_in_place, "numba": triad_by_numba},
)
"""By hand into an array that is there: new memory, page by page from the system, takes longer than to fill it."""


def matrix():
    return (np.random.default_rng(0).normal(size=(1000, 1000)),)


def norms(axis):
    def loss(np, x):
        return np.sum(np.sqrt(np.sum(x * x, axis)))

    def by_hand(x):
        squares = np.einsum("ij,ij->i" if axis else "ij,ij->j", x, x)
        return x / np.expand_dims(np.sqrt(squares), axis)

    return {"loss": loss, "by_hand": by_hand}


def log_sum_exp(np, x):
    """Of each row; the numbers are small, so that none overflows."""
    return np.sum(np.log(np.sum(np.exp(x), 1)))


def log_sum_exp_by_hand(x):
    g = np.exp(x)
    g /= g.sum(axis=1, keepdims=True)
    return g


WORKLOADS = (
    Workload("norms-rows", "Norms of the rows, 1000 × 1000", "reduction", matrix, **norms(1)),
    Workload("norms-columns", "Norms of the columns, 1000 × 1000", "reduction", matrix, **norms(0)),
    Workload("log-sum-exp", "log Σ exp of the rows, 1000 × 1000", "reduction", matrix, log_sum_exp,
             by_hand=log_sum_exp_by_hand),
    TRIAD,
)
