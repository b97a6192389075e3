"""Hessians, Jacobians, nested derivatives, gradients for each example."""

from __future__ import annotations

from functools import partial

import numpy as np

from autodiff_trace import grad, nn

from ..workload import Target, Workload

__all__ = ["WORKLOADS"]

ORDER = 6
EXAMPLES = 256


# Rosenbrock


def rosenbrock(np, x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_bands(x):
    """The diagonal of the Hessian, and the one beside it."""
    diagonal, beside = np.zeros_like(x), -400 * x[:-1]
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    return diagonal, beside


def hessian_by_hand(x):
    diagonal, beside = rosenbrock_bands(x)
    n = len(x)
    H = np.zeros((n, n))
    flat = H.reshape(-1)
    flat[:: n + 1], flat[1 :: n + 1], flat[n :: n + 1] = diagonal, beside, beside
    return H


def hvp_by_hand(x, v):
    diagonal, beside = rosenbrock_bands(x)
    ans = diagonal * v
    ans[:-1] += beside * v[1:]
    ans[1:] += beside * v[:-1]
    return ans


# A Jacobian


def tanh_net(np, x, weights):
    for W in weights:
        x = np.tanh(W @ x)
    return x


def tanh_net_jacobian_by_hand(x, weights):
    J = None
    for W in weights:
        x = np.tanh(W @ x)
        J = (1 - x * x)[:, None] * (W if J is None else W @ J)
    return J


def tanh_net_inputs():
    random = np.random.default_rng(0)
    return np.linspace(-1.0, 1.0, 50), [random.normal(size=(50, 50)) / 7 for _ in range(3)]


# The sixth derivative of tanh


def exponential_tanh(np, x):
    y = np.exp(-2.0 * x)
    return (1.0 - y) / (1.0 + y)


def tanh_polynomial(order):
    """The derivative of tanh of that order, as a polynomial in t = tanh: p(t)' = p'(t) (1 − t²)."""
    p = np.polynomial.Polynomial([0, 1])
    for _ in range(order):
        p = p.deriv() * np.polynomial.Polynomial([1, 0, -1])
    return p.coef


SIXTH = tanh_polynomial(ORDER)


def sixth_by_hand(x):
    return np.polynomial.polynomial.polyval(np.tanh(x), SIXTH)


# Gradients for each example


def example_loss(np, weights, x, label):
    W1, W2 = weights
    Z = np.maximum(x @ W1, 0) @ W2
    Z = Z - np.max(Z)
    return np.log(np.sum(np.exp(Z))) - Z[label]


def our_example_loss(np, weights, x, label):
    W1, W2 = weights
    return nn.softmax_cross_entropy(nn.relu(x @ W1) @ W2, label)


def torch_example_loss(torch, weights, x, label):
    W1, W2 = weights
    return torch.nn.functional.cross_entropy(torch.relu(x @ W1) @ W2, label)


def examples_by_hand(weights, X, labels):
    W1, W2 = weights
    A = X @ W1
    H = np.maximum(A, 0)
    P = H @ W2
    P = np.exp(P - P.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    P[np.arange(len(X)), labels] -= 1
    return X[:, :, None] * (P @ W2.T * (A > 0))[:, None, :], H[:, :, None] * P[:, None, :]


def loop_over_examples(weights, X, labels):
    gradient = grad(partial(our_example_loss, None))

    def loop():
        rows = [gradient(weights, x, label) for x, label in zip(X, labels)]
        return [np.stack(column) for column in zip(*rows)]

    return loop


def per_example(inputs, hidden, targets=()):
    def make_inputs():
        random = np.random.default_rng(0)
        weights = random.normal(size=(inputs, hidden)) / 8, random.normal(size=(hidden, 10)) / 8
        return weights, random.normal(size=(EXAMPLES, inputs)), random.integers(0, 10, EXAMPLES)

    return Workload(
        f"per-example-{inputs}", f"Per-example gradients, net {inputs}-{hidden}-10, batch {EXAMPLES}", "higher order",
        make_inputs, example_loss, kind="per_example", by_hand=examples_by_hand, calls={"loop": loop_over_examples},
        losses={"eager": our_example_loss, "jit": our_example_loss, "torch": torch_example_loss}, targets=targets,
    )


WORKLOADS = (
    Workload(
        "hessian", "Hessian, Rosenbrock n = 100", "higher order", lambda: (np.linspace(-1.0, 1.0, 100),), rosenbrock,
        kind="hessian", by_hand=hessian_by_hand,
        targets=(Target("torch", 10), Target("autograd", 20, "eager"), Target("torch", subject="eager")),
    ),
    Workload(
        "hvp", "Hessian times vector, Rosenbrock n = 100,000", "higher order",
        lambda: (np.linspace(-1.0, 1.0, 100_000), np.linspace(1.0, 2.0, 100_000)), rosenbrock, kind="hvp",
        by_hand=hvp_by_hand,
        targets=(Target("torch", 3), Target("torch", subject="eager"), Target("jax", 1.5, "native")),
    ),
    Workload(
        "jacobian", "Jacobian, tanh net 50-50-50-50", "higher order", tanh_net_inputs, tanh_net, kind="jacobian",
        by_hand=tanh_net_jacobian_by_hand, targets=(Target("torch", subject="eager"),),
    ),
    Workload(
        "nested-6", "Sixth derivative of tanh by nested grad, 200 points", "higher order",
        lambda: (np.linspace(-3.0, 3.0, 200),), exponential_tanh, kind="nested", order=ORDER, by_hand=sixth_by_hand,
        # Autograd's rule for division loses digits at every level.
        rtol=1e-4, targets=(Target("torch", 20), Target("autograd", 3, "eager"), Target("jax", 2, "native")),
    ),
    Workload(
        "taylor-6", "The same, by derivatives() where there is such a thing", "higher order",
        lambda: (np.linspace(-3.0, 3.0, 200),), exponential_tanh, kind="taylor", order=ORDER, by_hand=sixth_by_hand,
        rtol=1e-4, targets=(Target("autograd", 50, "eager"),),
    ),
    per_example(64, 32, (Target("loop", 20, "eager"),)),
    per_example(784, 100),
)
