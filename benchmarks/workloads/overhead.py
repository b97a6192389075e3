"""Many operations on small arrays: what is measured is what a library adds to each of them."""

from __future__ import annotations

import numpy as np

from ..workload import Target, Workload

__all__ = ["WORKLOADS"]

CHAIN = 100


def chain(np, x):
    """100 times x → sin(1.01 x) + 0.1."""
    for _ in range(CHAIN):
        x = np.sin(1.01 * x) + 0.1
    return np.sum(x)


def chain_by_hand(x):
    slopes = []
    for _ in range(CHAIN):
        x = 1.01 * x
        slopes.append(1.01 * np.cos(x))
        x = np.sin(x) + 0.1
    g = slopes.pop()
    while slopes:
        g = g * slopes.pop()
    return g


WORKLOADS = (
    Workload(
        "chain-scalar", "100 × sin(1.01 x) + 0.1, scalar", "overhead", lambda: (0.5,), chain, by_hand=chain_by_hand,
        targets=(Target("torch", 15), Target("torch", 1.8, "eager"), Target("autograd", 3.5, "eager")),
    ),
    Workload(
        "chain-vector", "100 × sin(1.01 x) + 0.1, 10-vector", "overhead", lambda: (np.linspace(0.1, 1.0, 10),), chain,
        by_hand=chain_by_hand,
        targets=(Target("torch", 9), Target("torch", 1.8, "eager"), Target("autograd", 3.5, "eager")),
    ),
)
