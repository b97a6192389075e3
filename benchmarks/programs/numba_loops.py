"""Gradients as loops over elements, for Numba; without it they are plain Python, and slow."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, log, sin, sqrt, tanh

import numpy as np

from ..workloads.elementwise import RATE, ROUNDS, STEPS
from ..workloads.higher_order import SIXTH
from . import numba_sequences
from .numba_compiler import compiled, prange

__all__ = ["fill_triad", "find"]

# Derivatives of functions of one element


def chain_slope(rounds):
    """Of `rounds` times x → sin(1.01 x) + 0.1, forward: there is nothing to keep."""

    def slope(x):
        g = 1.0
        for _ in range(rounds):
            x = 1.01 * x
            g *= 1.01 * cos(x)
            x = sin(x) + 0.1
        return g

    return slope


def quadratic_slope(x):
    g = 1.0
    for _ in range(ROUNDS):
        g *= x
        x = x * x * 0.5 + 0.1
    return g


def products_slope(x):
    square, slope = x * x, tanh(x)
    g = (cos(x) - 2 * x * sin(x)) * exp(-square) + 2 * x / (1.0 + square) * slope
    return g + log(1.0 + square) * (1.0 - slope * slope)


def sizes_slope(x):
    return (3.0 * cos(3.0 * x) - 2.0 * x * sin(3.0 * x)) * exp(-x * x)


def sixth_slope(x):
    t, ans = tanh(x), 0.0
    for i in range(len(SIXTH) - 1, -1, -1):
        ans = ans * t + SIXTH[i]
    return ans


def elementwise(slope, parallel=False):
    slope = compiled(slope)

    def gradient(x):
        g = np.empty_like(x)
        for i in prange(len(x)):
            g[i] = slope(x[i])
        return g

    return compiled(gradient, parallel)


# Neighbours


def rosenbrock(x):
    g = np.zeros_like(x)
    for i in range(len(x) - 1):
        slope = 200.0 * (x[i + 1] - x[i] * x[i])
        g[i + 1] += slope
        g[i] -= 2.0 * slope * x[i] + 2.0 * (1.0 - x[i])
    return g


def rosenbrock_hvp(x, v):
    """A row of the Hessian at a time: its diagonal, and the one beside it on both sides."""
    ans, last = np.empty_like(x), len(x) - 1
    for i in prange(len(x)):
        total = 0.0
        if i < last:
            total += (1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0) * v[i] - 400.0 * x[i] * v[i + 1]
        if i > 0:
            total += 200.0 * v[i] - 400.0 * x[i - 1] * v[i - 1]
        ans[i] = total
    return ans


def rosenbrock_hessian(x):
    n = len(x)
    H = np.zeros((n, n))
    for i in range(n - 1):
        H[i, i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0
        H[i + 1, i + 1] += 200.0
        H[i, i + 1] = H[i + 1, i] = -400.0 * x[i]
    return H


def diffusion(u):
    """A step is a symmetric matrix: back is as forth."""
    rows, columns = u.shape
    u, following = u.copy(), np.empty_like(u)
    for step in range(2 * STEPS):
        factor = 2.0 if step == STEPS else 1.0
        for i in range(rows):
            up, down = (i - 1) % rows, (i + 1) % rows
            for j in range(columns):
                left, right = j - 1 if j else columns - 1, j + 1 if j < columns - 1 else 0
                sides = u[up, j] + u[down, j] + u[i, left] + u[i, right]
                following[i, j] = factor * ((1.0 - 4.0 * RATE) * u[i, j] + RATE * sides)
        u, following = following, u
    return u


# Sums


def triad(b, c, a):
    for i in prange(len(b)):
        a[i] = b[i] + 3.0 * c[i]
    return a


def fill_triad():
    return compiled(triad, parallel=True)


def norms_of_rows(x):
    g = np.empty_like(x)
    for i in prange(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
        scale = 1.0 / sqrt(total)
        for j in range(x.shape[1]):
            g[i, j] = x[i, j] * scale
    return g


def norms_of_columns(x):
    g, scale = np.empty_like(x), np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            scale[j] += x[i, j] * x[i, j]
    scale = 1.0 / np.sqrt(scale)
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            g[i, j] = x[i, j] * scale[j]
    return g


def log_sum_exp(x):
    g = np.empty_like(x)
    for i in prange(x.shape[0]):
        top = x[i, 0]
        for j in range(x.shape[1]):
            top = max(top, x[i, j])
        total = 0.0
        for j in range(x.shape[1]):
            g[i, j] = exp(x[i, j] - top)
            total += g[i, j]
        for j in range(x.shape[1]):
            g[i, j] /= total
    return g


SLOPES = {"quadratic-map": quadratic_slope, "memory-chain": quadratic_slope, "two-products": products_slope,
          "nested-6": sixth_slope, "taylor-6": sixth_slope, "chain-vector": chain_slope(100),
          "chain-vector-10": chain_slope(10), "chain-vector-1000": chain_slope(1000),
          **{f"size-1e{k}": sizes_slope for k in range(8)}}

LOOPS = {"chain-scalar": chain_slope(100), "chain-scalar-10": chain_slope(10), "chain-scalar-1000": chain_slope(1000),
         "rosenbrock-loop": rosenbrock, "hvp": rosenbrock_hvp, "hessian": rosenbrock_hessian, "diffusion": diffusion,
         "norms-rows": norms_of_rows, "norms-columns": norms_of_columns, "log-sum-exp": log_sum_exp,
         **numba_sequences.LOOPS}

PARALLEL = {"quadratic-map", "memory-chain", "two-products", "size-1e5", "size-1e6", "size-1e7", "hvp",
            "norms-rows", "norms-columns", "log-sum-exp"}
"""Large enough for threads."""


def find(name: str, threads: int = 1) -> Callable | None:
    """The gradient of the workload of that name, compiled anew in its first call; None if there is none by hand."""
    parallel = threads > 1 and name in PARALLEL
    if name in SLOPES:
        return elementwise(SLOPES[name], parallel)
    return compiled(LOOPS[name], parallel) if name in LOOPS else None
