"""A multilayer perceptron with parameters in a list of pairs, trained by Adam."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import numpy as anp, optim, value_and_grad

Array = NDArray[np.float64]
Params = list[tuple[Array, Array]]


def init(sizes: list[int], rng: np.random.Generator) -> Params:
    return [(rng.normal(size=(m, n)) / np.sqrt(m), np.zeros(n)) for m, n in zip(sizes[:-1], sizes[1:])]


def predict(params: Params, x: Array) -> Array:
    for weights, offset in params[:-1]:
        x = anp.tanh(x @ weights + offset)
    weights, offset = params[-1]
    return anp.dot(x, weights) + offset


def loss(params: Params, x: Array, y: Array) -> float:
    return anp.mean((predict(params, x) - y) ** 2) + 1e-4 * sum(anp.sum(w**2) for w, _ in params)


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    y = np.sin(x[:, :1])
    params = init([2, 8, 1], rng)
    optimizer = optim.adam(0.05)
    state = optimizer.init(params)
    step = value_and_grad(loss)
    values: list[float] = []
    for _ in range(30):
        value, gradient = step(params, x, y)
        params, state = optimizer.update(gradient, state, params)
        values.append(value)
    assert values[-1] < 0.5 * values[0], f"from {values[0]:.3f} to {values[-1]:.3f}"
