"""Elementwise work on large arrays: what is measured is how often they go through memory."""

from __future__ import annotations

import numpy as np

from ..workload import Target, Workload

__all__ = ["WORKLOADS", "quadratic_map", "quadratic_map_by_hand", "square_map"]

SIZE = 2**20
BLOCK = 2**13
"""Numbers that fit the first-level cache several times."""

ROUNDS = 10
STEPS = 20
RATE = 0.1


def diffusion(np, u):
    """The sum of squares after 20 steps of the heat equation on a torus, by shifted copies."""
    for _ in range(STEPS):
        neighbours = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
        u = u + RATE * (neighbours - 4 * u)
    return np.sum(u**2)


def diffusion_by_hand(u):
    # A step is a symmetric matrix: back is as forth.
    def steps(u):
        for _ in range(STEPS):
            neighbours = np.roll(u, 1, 0)
            neighbours += np.roll(u, -1, 0)
            neighbours += np.roll(u, 1, 1)
            neighbours += np.roll(u, -1, 1)
            neighbours *= RATE
            u = (1 - 4 * RATE) * u
            u += neighbours
        return u

    return steps(2 * steps(u))


def quadratic_map(np, x):
    """10 rounds of y → y y .5 + .1."""
    for _ in range(ROUNDS):
        x = x * x * 0.5 + 0.1
    return np.sum(x)


def square_map(torch, x):
    """The same: for ``x * x`` Inductor puts the expression of x in twice, round by round."""
    for _ in range(ROUNDS):
        x = torch.square(x) * 0.5 + 0.1
    return torch.sum(x)


def quadratic_map_by_hand(x):
    """An operation a line, in place where a value is not needed any more."""
    kept = []
    for _ in range(ROUNDS):
        kept.append(x)
        x = x * x
        x *= 0.5
        x += 0.1
    g = kept.pop()
    while len(kept) > 1:
        g *= kept.pop()
    return g * kept.pop()


def two_products(np, x):
    return np.sum(np.sin(x) * np.exp(-(x**2)) + np.log(1 + x**2) * np.tanh(x))


def two_products_by_hand(x):
    """In blocks, so that what lies between the operations stays in the cache."""
    ans = np.empty_like(x)
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        square = part * part
        bell = np.exp(-square)
        square += 1.0
        slope = np.tanh(part)
        g = (np.cos(part) - 2 * part * np.sin(part)) * bell
        g += 2 * part / square * slope
        slope *= slope
        g += np.log(square) * (1.0 - slope)
        ans[start : start + BLOCK] = g
    return ans


WORKLOADS = (
    Workload(
        "diffusion", "Diffusion stencil by roll, 128 × 128, 20 steps", "elementwise",
        lambda: (np.random.default_rng(0).normal(size=(128, 128)),), diffusion, by_hand=diffusion_by_hand,
        targets=(Target("jax"), Target("torch")),
    ),
    Workload(
        "quadratic-map", "10 × y·y·.5 + .1 on 2²⁰ doubles", "elementwise", lambda: (np.linspace(0.0, 1.0, SIZE),),
        quadratic_map, by_hand=quadratic_map_by_hand, losses={"torch-compile": square_map},
        targets=(Target("torch", 4), Target("jax", 1.5, "native"), Target("numba", 1 / 1.3, "native")),
    ),
    Workload(
        "two-products", "sin·exp(−x²) + log(1 + x²)·tanh on 2²⁰ doubles", "elementwise",
        lambda: (np.linspace(-3.0, 3.0, SIZE),), two_products, by_hand=two_products_by_hand,
        targets=(Target("torch", 1.8), Target("jax", 2, "native"), Target("numba", 1 / 1.3, "native")),
    ),
)
