"""A neural ordinary differential equation that learns a spiral from noisy points on its path.

Chen et al., Neural Ordinary Differential Equations (2018): dy/dt = f(y; θ), with f a network; the solver here is the
classical Runge–Kutta method in a ``scan``, and gradients go back through its steps.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, optim, scan, value_and_grad
from autodiff_trace import numpy as anp

SPIRAL = np.array([[-0.1, 2.0], [-2.0, -0.1]])


def spiral(params, y):
    """The true field, of the third powers of the state."""
    return y**3 @ SPIRAL.T


def network(params, y):
    return anp.tanh(y**3 @ params["W1"] + params["b1"]) @ params["W2"]


def path(field, params, y, steps, h=0.02):
    """The states after each step of the classical Runge–Kutta method from ``y``."""

    def step(y, _):
        k1 = field(params, y)
        k2 = field(params, y + h / 2.0 * k1)
        k3 = field(params, y + h / 2.0 * k2)
        k4 = field(params, y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y, y

    return scan(step, y, None, length=steps)[1]


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    start, steps, segment = np.array([[2.0, 0.0]]), 200, 20
    truth = path(spiral, None, start, steps)[:, 0]
    noisy = truth + 0.01 * random.normal(size=truth.shape)
    # Every stretch of twenty steps is solved from its own first point, all of them at once.
    starts = noisy[:-segment]
    targets = np.stack([noisy[k : len(noisy) - segment + k] for k in range(1, segment + 1)])
    W1, W2 = 0.3 * random.normal(size=(2, 50)), 0.1 * random.normal(size=(50, 2))
    params, rounds = {"W1": W1, "b1": np.zeros(50), "W2": W2}, 60 if quick else 1000
    optimizer = optim.adam(optim.cosine(0.02, steps=rounds))
    state = optimizer.init(params)

    def loss(params):
        return anp.mean((path(network, params, starts, segment) - targets) ** 2)

    @jit
    def train(params, state):
        value, grads = value_and_grad(loss)(params)
        return optimizer.update(grads, state, params), value

    first = None
    for _ in range(rounds):
        (params, state), value = train(params, state)
        first = float(value) if first is None else first
    predicted = path(network, params, start, steps)[:, 0]
    error = float(np.sqrt(np.mean((predicted - truth) ** 2)))
    print(f"mean square error over twenty steps: {first:.5f} at first, {float(value):.5f} trained")
    print(f"whole path from its start alone, root mean square error: {error:.4f}")
    if plot:
        with picture(plot, "A path, and the equation learned from it", (5.4, 4.6)) as axes:
            axes.plot(*noisy.T, "k.", markersize=3, label="data")
            axes.plot(*predicted.T, label="learned")
            axes.legend()
    return {"first": first, "last": float(value), "error": error}


if __name__ == "__main__":
    run(main)
