"""Cost against size: one gradient for arrays from 1 to 10⁷ elements. What a call costs, and what an element costs."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..workload import Target, Workload

__all__ = ["WORKLOADS", "by_hand", "loss"]

LARGEST = 7


def inputs(size: int):
    return (np.linspace(0.1, 1.0, size),)


def loss(np, x):
    return np.sum(np.exp(-x * x) * np.sin(3.0 * x))


def by_hand(x):
    """(3 cos 3x − 2x sin 3x) exp(−x²), in as few arrays as it takes."""
    y = 3.0 * x
    g = np.sin(y)
    g *= x
    g *= -2.0
    np.cos(y, out=y)
    y *= 3.0
    g += y
    np.multiply(x, x, out=y)
    np.negative(y, out=y)
    np.exp(y, out=y)
    g *= y
    return g


WORKLOADS = tuple(
    Workload(
        f"size-1e{k}", f"Σ exp(−x²) sin 3x, n = {10**k:,}", "overhead" if k < 3 else "elementwise",
        partial(inputs, 10**k), loss, by_hand=by_hand, size=10**k,
        targets=(Target("jax", 1.5, "native"), *[Target("numba", 1 / 1.3, "native")] * (k > 5)),
    )
    for k in range(LARGEST + 1)
)
