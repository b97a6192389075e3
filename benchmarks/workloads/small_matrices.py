"""Many small matrices at once."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "loss", "make_instance", "solve_by_hand"]


def make_instance(batch: int = 1000, n: int = 3):
    """Matrices (batch, n, n) far from singular, and right-hand sides (batch, n, 1)."""
    random = np.random.default_rng(0)
    return (random.normal(size=(batch, n, n)) + 2 * n * np.eye(n), random.normal(size=(batch, n, 1)))


def loss(np, systems):
    matrices, vectors = systems
    return np.sum(np.linalg.solve(matrices, vectors) ** 2)


def solve_by_hand(systems):
    """X = A⁻¹B: the cotangent of B is λ = A⁻ᵀ 2X, that of A is −λ Xᵀ."""
    matrices, vectors = systems
    X = np.linalg.solve(matrices, vectors)
    adjoint = np.linalg.solve(matrices.transpose(0, 2, 1), 2.0 * X)
    return -adjoint * X.transpose(0, 2, 1), adjoint


WORKLOADS = (
    Workload(
        "solve-3x3", "1,000 systems of three equations", "structured", lambda: (make_instance(),), loss,
        by_hand=solve_by_hand, losses={"mygrad": None},
    ),
)
