"""Parameters in a dataclass, a named tuple and a dict; gradients have their form."""

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp, tree_flatten, tree_leaves, tree_map, tree_unflatten, value_and_grad


@dataclass
class Line:
    slope: NDArray[np.float64]
    offset: float


class Point(NamedTuple):
    x: float
    y: float


class Weights(TypedDict):
    w: NDArray[np.float64]
    b: float


def residual(line: Line, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return anp.sum((line.slope * x + line.offset - y) ** 2)


def descend(line: Line, x: NDArray[np.float64], y: NDArray[np.float64], rate: float = 0.01) -> Line:
    gradient = grad(residual)(line, x, y)
    return Line(line.slope - rate * gradient.slope, line.offset - rate * gradient.offset)


def distance(point: Point) -> float:
    return anp.hypot(point.x, point.y)


def unit_normal(point: Point) -> Point:
    return grad(distance)(point)


def affine(p: Weights, x: NDArray[np.float64]) -> float:
    return anp.sum(p["w"] * x) + p["b"]


def step(p: Weights, x: NDArray[np.float64]) -> Weights:
    value, g = value_and_grad(affine)(p, x)
    print(f"{value:.2f}")
    return tree_map(lambda a, b: a - 0.1 * b, p, g)


def main() -> None:
    x = np.linspace(0.0, 1.0, 5)
    line = Line(np.ones(5), 0.0)
    before = residual(line, x, 2.0 * x)
    assert residual(descend(line, x, 2.0 * x), x, 2.0 * x) < before
    normal = unit_normal(Point(3.0, 4.0))
    assert abs(normal.x - 0.6) < 1e-12
    new = step({"w": np.ones(5), "b": 1.0}, x)
    assert new["b"] == 0.9
    leaves, structure = tree_flatten(line)
    again: Line = tree_unflatten(structure, leaves)
    assert len(tree_leaves(again)) == 2
