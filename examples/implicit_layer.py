"""An implicit layer: a network whose hidden state is the solution of an equation.

The state z of an example x solves z = tanh(W z + U x + b): infinitely many layers with the same weights. It is found by
iteration; ``custom_root`` differentiates the solution by the implicit function theorem, and keeps none of the steps.
Trained to tell the two arms of a spiral. Source: Bai, Kolter and Koltun, "Deep equilibrium models", NeurIPS 2019.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import custom_root, grad, nn, optim, value_and_grad

NORM = 0.8  # of W at most, so that the iteration converges, to the only solution


def repeated(step, z):
    for _ in range(100):
        z = step(z)
    return z


def layer(params, x, z):
    W = params["W"] * NORM / np.maximum(NORM, np.sqrt(np.sum(params["W"] ** 2)))
    return np.tanh(z @ W + x @ params["U"] + params["b"])


def implicit(params, x):
    return custom_root(
        lambda z: layer(params, x, z) - z, np.zeros((len(x), len(params["b"]))),
        solve=lambda f, z: repeated(lambda z: z + f(z), z),
        tangent_solve=lambda g, y: repeated(lambda u: u + g(u) - y, -y),  # g = J - 1, and J is small
    )


def unrolled(params, x):
    return repeated(lambda z: layer(params, x, z), np.zeros((len(x), len(params["b"]))))


def loss(params, x, labels, hidden=implicit):
    return nn.softmax_cross_entropy(hidden(params, x) @ params["V"], labels)


def spiral(random, n):
    labels = np.arange(n) % 2
    t = np.sqrt(random.uniform(0.05, 1, n))
    angle = 6 * t + np.pi * labels
    return np.stack([t * np.cos(angle), t * np.sin(angle)], 1) * 2 + 0.04 * random.normal(size=(n, 2)), labels


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    points, size, steps = (60, 8, 30) if quick else (300, 16, 200)
    x, labels = spiral(random, points)
    params = {name: random.normal(size=shape) / 2
              for name, shape in {"W": (size, size), "U": (2, size), "b": size, "V": (size, 2)}.items()}
    by_solution, by_layers = (grad(loss)(params, x[:20], labels[:20], f)["W"] for f in (implicit, unrolled))
    difference = float(np.max(np.abs(by_solution - by_layers)) / np.max(np.abs(by_layers)))
    print(f"gradient in W by the solution, and by 100 layers unrolled: relative difference {difference:.0e}")
    optimizer = optim.adam(0.05)
    state, losses = optimizer.init(params), []
    for _ in range(steps):
        value, grads = value_and_grad(loss)(params, x, labels)
        params, state = optimizer.update(grads, state, params)
        losses.append(float(value))
    accuracy = np.mean(np.argmax(implicit(params, x) @ params["V"], axis=1) == labels)
    print(f"loss {losses[0]:.4f}, after {steps} steps {losses[-1]:.4f}; {accuracy:.1%} of the points right")
    if plot:
        line = np.linspace(-2.3, 2.3, 80)
        scores = implicit(params, np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)) @ params["V"]
        with picture(plot, size=(5.4, 5.0)) as axis:
            axis.contourf(line, line, np.tanh(scores[:, 1] - scores[:, 0]).reshape(80, 80), cmap="RdBu", alpha=0.6)
            axis.scatter(*x.T, c=labels, cmap="RdBu", edgecolors="k", s=15)
            axis.set(title="Two arms of a spiral, told apart by an implicit layer", aspect="equal")
    return {"difference": difference, "losses": losses, "accuracy": accuracy}


if __name__ == "__main__":
    run(main)
