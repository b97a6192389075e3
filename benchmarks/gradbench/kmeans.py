"""kmeans: Σᵢ minⱼ ‖pᵢ − cⱼ‖², and the direction of a Newton step, J H⁻¹ (Bottou, Bengio 1994).

The Hessian is diagonal, since each point has one nearest centroid, so its product with ones is its diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import numpy as anp
from autodiff_trace import value_grad_and_hvp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "cost", "direction", "make_cases"]


def cost(centroids, points):
    # ‖p − c‖² without ‖p‖², which does not tell which c is nearest.
    distances = anp.sum(centroids**2, axis=1) - 2.0 * points @ centroids.T
    nearest = anp.argmin(distances, axis=1)
    return anp.sum((points - centroids[nearest]) ** 2)


def direction(centroids, points):
    _, slopes, curvatures = value_grad_and_hvp(lambda c: cost(c, points))(centroids, anp.ones(centroids.shape))
    return slopes / curvatures


def arguments(input) -> tuple:
    return np.array(input["centroids"], dtype=float), np.array(input["points"], dtype=float)


def objective(input, compile):
    values, function = arguments(input), compile(cost)
    return lambda: function(*values)


def newton(input, compile):
    values, function = arguments(input), compile(direction)
    return lambda: function(*values)


def assign(centroids, points) -> tuple:
    """The nearest centroid of each point, and the squared distance from it; a few points at once."""
    nearest, squares = [], []
    for some in np.array_split(points, max(1, len(points) * centroids.size // 2**20)):
        distances = np.sum((some[:, None] - centroids) ** 2, axis=2)
        nearest.append(distances.argmin(axis=1))
        squares.append(distances.min(axis=1))
    return np.concatenate(nearest), np.concatenate(squares)


def expected_cost(input) -> float:
    return float(assign(*arguments(input))[1].sum())


def expected_direction(input) -> list:
    """J/H = 2 Σ (c − p) / 2n: a centroid minus the mean of its points."""
    centroids, points = arguments(input)
    nearest, _ = assign(centroids, points)
    counts = np.bincount(nearest, minlength=len(centroids))
    sums = np.stack([np.bincount(nearest, column, len(centroids)) for column in points.T], axis=1)
    return (centroids - sums / counts[:, None]).tolist()


def make_cases(sizes) -> Iterator[Case]:
    """Each of the last k points is a centroid, so that each has at least one point."""
    random = np.random.RandomState(SEED)
    for k, n, d in sizes:
        points = random.rand(n, d)
        yield Case(f"k={k},n={n},d={d}", {"points": points, "centroids": points[-k:]})


def cases(data: Path | None) -> Iterator[Case]:
    sizes = [(k, n, d) for k in (10, 100, 1000) for n in (1000, 10_000) for d in (8, 16)]
    return make_cases(sorted(sizes, key=lambda size: size[0] * size[1] * size[2]))


EVAL = Eval("kmeans", {
    "cost": Function(objective, float, expected_cost),
    "dir": Function(newton, np.ndarray.tolist, expected_direction),
}, cases)
