"""Layers and losses of ``nn`` with momentum; checks of the derivatives."""

import numpy as np
from numpy.typing import NDArray

import autodiff_trace as at
import autodiff_trace.numpy as anp
from autodiff_trace import nn, testing

Params = dict[str, NDArray[np.float64]]


def logits(params: Params, x: NDArray[np.float64]) -> NDArray[np.float64]:
    return nn.relu(x @ params["w1"] + params["b1"]) @ params["w2"]


def loss(params: Params, x: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return anp.mean(nn.softmax_cross_entropy(logits(params, x), labels))


def train(params: Params, x: NDArray[np.float64], labels: NDArray[np.int64], epochs: int) -> Params:
    optimizer = at.optim.sgd(0.1, momentum=0.9)
    state = optimizer.init(params)
    gradient = at.jit(at.grad(loss))
    for _ in range(epochs):
        params, state = optimizer.update(gradient(params, x, labels), state, params)
    return params


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2))
    labels = (x[:, 0] > 0).astype(np.int64)
    params: Params = {"w1": rng.normal(size=(2, 5)), "b1": np.zeros(5), "w2": rng.normal(size=(5, 2))}
    trained = train(params, x, labels, 20)
    assert loss(trained, x, labels) < loss(params, x, labels)
    testing.check_grads(lambda z: anp.tanh(z) * z, 0.5, order=1)
