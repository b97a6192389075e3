"""Many operations on small arrays: what is measured is what a library adds to each of them."""

from __future__ import annotations


from functools import partial

import numpy as np

from autodiff_trace import numpy as anp

from ..workload import Target, Workload

__all__ = ["WORKLOADS"]

CHAIN = 100
LAYERS = 20
VECTOR = np.linspace(0.1, 1.0, 10)


def chain(np, x, rounds=CHAIN):
    """100 times x → sin(1.01 x) + 0.1."""
    for _ in range(rounds):
        x = np.sin(1.01 * x) + 0.1
    return x


def chain_by_hand(x, rounds=CHAIN):
    slopes = []
    for _ in range(rounds):
        x = 1.01 * x
        slopes.append(1.01 * np.cos(x))
        x = np.sin(x) + 0.1
    g = slopes.pop()
    while slopes:
        g = g * slopes.pop()
    return g


def rosenbrock(np, x):
    """The sum of 100 (x[i+1] − x[i]²)² + (1 − x[i])², an item at a time."""
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def rosenbrock_by_hand(x):
    g = np.zeros_like(x)
    for i in range(len(x) - 1):
        slope = 200 * (x[i + 1] - x[i] ** 2)
        g[i + 1] += slope
        g[i] -= 2 * slope * x[i] + 2 * (1 - x[i])
    return g


def tanh_net(np, weights, x):
    for W in weights:
        x = np.tanh(x @ W)
    return np.sum(x**2)


def tanh_net_by_hand(weights, x):
    layers = [x]
    for W in weights:
        layers.append(np.tanh(layers[-1] @ W))
    grads, g = [], 2 * layers[-1]
    for W, x, ans in zip(weights[::-1], layers[-2::-1], layers[::-1]):
        g = g * (1 - ans * ans)
        grads.append(x.T @ g)
        g = g @ W.T
    return grads[::-1]


def tanh_net_inputs():
    random = np.random.default_rng(0)
    return [random.normal(size=(16, 16)) / 4 for _ in range(LAYERS)], random.normal(size=(8, 16))


def chain_of(rounds, kind, x):
    """The chain at another length, of a scalar or of a vector."""
    return Workload(
        f"chain-{kind}-{rounds}", f"{rounds:,} × sin(1.01 x) + 0.1, {'scalar' if kind == 'scalar' else '10-vector'}",
        "overhead", lambda: (x,), partial(chain, rounds=rounds), by_hand=partial(chain_by_hand, rounds=rounds),
    )


def call(name, *args):
    """A call of a primitive without a box: what the wrapped function costs more than NumPy's own."""
    return Workload(
        f"call-{name}", f"A call of {name} without a box, 10-vector", "call", lambda: (VECTOR, *args),
        lambda np, *args: getattr(np, name)(*args), kind="value",
        calls={"numpy": partial(partial, getattr(np, name)), "eager": partial(partial, getattr(anp, name))},
        # Tensors and compiled functions have no such call.
        losses=dict.fromkeys(("jit", "autograd", "jax", "torch", "mygrad")),
        targets=(Target("numpy", more=0.4e-6, subject="eager"),),
    )


WORKLOADS = (
    Workload(
        "chain-scalar", "100 × sin(1.01 x) + 0.1, scalar", "overhead", lambda: (0.5,), chain, by_hand=chain_by_hand,
        targets=(Target("torch", 15), Target("torch", 1.8, "eager"), Target("autograd", 3.5, "eager"),
                 Target("jax", 3, "native")),
    ),
    Workload(
        "chain-vector", "100 × sin(1.01 x) + 0.1, 10-vector", "overhead", lambda: (VECTOR,), chain,
        by_hand=chain_by_hand,
        targets=(Target("torch", 9), Target("torch", 1.8, "eager"), Target("autograd", 3.5, "eager"),
                 Target("jax", 5, "native")),
    ),
    *(chain_of(rounds, kind, x) for rounds in (10, 1000) for kind, x in (("scalar", 0.5), ("vector", VECTOR))),
    Workload(
        "rosenbrock-loop", "Rosenbrock in a Python loop over x[i], n = 500", "overhead",
        lambda: (np.linspace(-1.0, 1.0, 500),), rosenbrock, by_hand=rosenbrock_by_hand, targets=(Target("torch", 10),),
    ),
    Workload(
        "tanh-mlp", "20-layer tanh MLP, 16 wide, batch 8", "overhead", tanh_net_inputs, tanh_net,
        by_hand=tanh_net_by_hand, targets=(Target("jax"),),
    ),
    call("sin"),
    call("multiply", VECTOR + 1.0),
    call("sum"),
    call("dot", VECTOR + 1.0),
    call("reshape", (2, 5)),
)
