"""Gradients for each example by ``vmap`` of ``grad``, their norms, and clipping."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp, value_and_grad, vmap

Array = NDArray[np.float64]


def loss(w: Array, x: Array, y: Array | float) -> float:
    return (anp.dot(w, x) - y) ** 2


def clipped_gradient(w: Array, X: Array, y: Array, bound: float) -> Array:
    gradients: Array = vmap(grad(loss), in_axes=(None, 0, 0))(w, X, y)
    norms = anp.linalg.norm(gradients, axis=1, keepdims=True)
    return anp.mean(gradients * anp.minimum(1.0, bound / (norms + 1e-9)), axis=0)


def norm(x: Array) -> float:
    return anp.sqrt(anp.sum(x**2))


def main() -> None:
    X = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])
    y = np.array([1.0, 2.0, 3.0])
    assert np.linalg.norm(clipped_gradient(np.ones(2), X, y, 0.5)) <= 0.5
    norms = vmap(norm)(X)
    assert norms.shape == (3,) and norms[2] == 5.0
    both = vmap(value_and_grad(norm))(X)
    assert both[1].shape == (3, 2)
