"""A least-squares fit of a natural cubic spline whose knots may move."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(knots: int = 30, points: int = 1000):
    """Scores whose softmax are the gaps between the knots in [0, 1], values at the knots; the data; a zero."""
    random = np.random.default_rng(0)
    x = random.random(points)
    params = 0.3 * random.normal(size=knots - 1), random.normal(size=knots)
    return params, x, np.sin(9 * x) + 0.1 * random.normal(size=points), np.zeros(1)


def place_knots(np, scores, zero):
    gaps = np.exp(scores) / np.sum(np.exp(scores))
    return np.concatenate([zero, np.cumsum(gaps, 0)])


def curvatures(np, t, y, zero):
    """Second derivatives at the knots: hᵢ₋₁Mᵢ₋₁ + 2(hᵢ₋₁ + hᵢ)Mᵢ + hᵢMᵢ₊₁ = 6(sᵢ − sᵢ₋₁), zero at the ends."""
    h = t[1:] - t[:-1]
    slopes = (y[1:] - y[:-1]) / h
    matrix = np.diag(2.0 * (h[1:] + h[:-1])) + np.diag(h[1:-1], 1) + np.diag(h[1:-1], -1)
    return np.concatenate([zero, np.linalg.solve(matrix, 6.0 * (slopes[1:] - slopes[:-1])), zero])


def loss(np, params, x, targets, zero):
    scores, y = params
    t = place_knots(np, scores, zero)
    M = curvatures(np, t, y, zero)
    i = np.searchsorted(t[1:-1], x)
    w = t[i + 1] - t[i]
    a = (t[i + 1] - x) / w
    b = 1.0 - a
    bend = ((a**3 - a) * M[i] + (b**3 - b) * M[i + 1]) * w**2 / 6.0
    return np.mean((a * y[i] + b * y[i + 1] + bend - targets) ** 2)


def gradient_by_hand(params, x, targets, zero):
    scores, y = params
    gaps = np.exp(scores) / np.exp(scores).sum()
    t = np.concatenate([zero, np.cumsum(gaps)])
    h = t[1:] - t[:-1]
    slopes = (y[1:] - y[:-1]) / h
    matrix = np.diag(2.0 * (h[1:] + h[:-1])) + np.diag(h[1:-1], 1) + np.diag(h[1:-1], -1)
    inner = np.linalg.solve(matrix, 6.0 * (slopes[1:] - slopes[:-1]))
    M = np.concatenate([zero, inner, zero])
    i = np.searchsorted(t[1:-1], x)
    w = h[i]
    a = (t[i + 1] - x) / w
    b, c = 1.0 - a, w**2 / 6.0
    a3, b3 = a**3 - a, b**3 - b
    cubic = a3 * M[i] + b3 * M[i + 1]
    g = 2.0 * (a * y[i] + b * y[i + 1] + cubic * c - targets) / len(x)

    def at_both(left, right):
        """Add to the knot on the left and to the one on the right of each point."""
        return np.bincount(i, g * left, len(t)) + np.bincount(i + 1, g * right, len(t))

    g_y, g_M = at_both(a, b), at_both(a3 * c, b3 * c)
    # What b = 1 − a and a = (tᵢ₊₁ − x) / w send to the knots.
    g_a = y[i] - y[i + 1] + ((3.0 * a**2 - 1.0) * M[i] - (3.0 * b**2 - 1.0) * M[i + 1]) * c
    g_w = cubic * w / 3.0 - g_a * a / w
    g_t = at_both(-g_w, g_w + g_a / w)
    # M = A⁻¹r: the cotangent of r is λ = A⁻ᵀ g, that of A is −λ Mᵀ, read on its three diagonals.
    adjoint = np.linalg.solve(matrix.T, g_M[1:-1])
    g_slopes = np.concatenate([[0.0], 6.0 * adjoint]) - np.concatenate([6.0 * adjoint, [0.0]])
    g_h = -g_slopes * slopes / h
    diagonal = -2.0 * adjoint * inner
    g_h[1:] += diagonal
    g_h[:-1] += diagonal
    g_h[1:-1] -= adjoint[:-1] * inner[1:] + adjoint[1:] * inner[:-1]
    for result, part in (g_y, g_slopes / h), (g_t, g_h):
        result[1:] += part
        result[:-1] -= part
    g_gaps = np.cumsum(g_t[:0:-1])[::-1]
    return gaps * (g_gaps - gaps @ g_gaps), g_y


WORKLOADS = (
    Workload(
        "spline", "Cubic-spline fit, 30 movable knots, 1,000 points", "structured", make_instance, loss,
        by_hand=gradient_by_hand, losses={"mygrad": None},
    ),
)
