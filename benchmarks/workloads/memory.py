"""What peak memory is measured on: a chain of elementwise operations, a dense net, and a deep one. Not in the table of
times."""

from __future__ import annotations

from functools import partial

import numpy as np

from autodiff_trace import nn

from ..report import OURS
from ..workload import Workload
from .elementwise import quadratic_map, quadratic_map_by_hand, square_map

__all__ = ["make_workload"]


def chain_inputs(size: int):
    return (np.linspace(0.0, 1.0, size),)


def net_inputs(batch: int):
    random = np.random.default_rng(0)
    weights = random.normal(size=(784, 100)) / 28, random.normal(size=(100, 10)) / 10
    return weights, random.random((batch, 784)), np.eye(10)[random.integers(0, 10, batch)]


def net_loss(np, weights, images, targets):
    W1, W2 = weights
    Z = np.maximum(images @ W1, 0.0) @ W2
    return np.mean(np.log(np.sum(np.exp(Z), axis=1)) - np.sum(targets * Z, axis=1))


def torch_net_loss(torch, weights, images, targets):
    W1, W2 = weights
    return torch.nn.functional.cross_entropy(torch.relu(images @ W1) @ W2, targets)


def net_by_hand(weights, images, targets):
    W1, W2 = weights
    H = images @ W1
    np.maximum(H, 0.0, out=H)
    P = H @ W2
    np.exp(P, out=P)
    P /= P.sum(axis=1, keepdims=True)
    P -= targets
    P /= len(images)
    g = P @ W2.T
    g *= H > 0.0
    return images.T @ g, H.T @ P


LAYERS, WIDTH = 50, 256


def deep_inputs(batch: int):
    random = np.random.default_rng(0)
    weights = [random.normal(size=(WIDTH, WIDTH)) * (2 / WIDTH) ** 0.5 for _ in range(LAYERS)]
    return weights, random.random((batch, WIDTH))


def deep_loss(np, weights, x):
    for W in weights:
        x = np.maximum(x @ W, 0.0)
    return np.mean(x * x)


def our_deep_loss(np, weights, x):
    for W in weights:
        x = nn.relu(x @ W)
    return np.mean(x * x)


def torch_deep_loss(torch, weights, x):
    for W in weights:
        x = torch.relu(x @ W)
    return torch.mean(x * x)


def deep_by_hand(weights, x):
    """Keeps what is after each layer."""
    kept = [x]
    for W in weights:
        x = x @ W
        kept.append(np.maximum(x, 0.0, out=x))
    g = kept.pop() * (2 / x.size)
    del x
    grads = []
    for W in reversed(weights):
        below = kept.pop()
        grads.append(below.T @ g)
        g = g @ W.T
        g *= below > 0.0
    return grads[::-1]


def make_workload(problem: str, size: int) -> Workload:
    """``chain`` on so many doubles, ``mlp`` on so many images, or ``deep`` on so many rows."""
    if problem == "deep":
        return Workload("memory-deep", f"Net of {LAYERS} layers", "dense", partial(deep_inputs, size), deep_loss,
                        by_hand=deep_by_hand,
                        losses={"torch": torch_deep_loss, **dict.fromkeys(OURS, our_deep_loss)})
    if problem == "chain":
        return Workload("memory-chain", "10 × x²/2 + 0.1", "elementwise", partial(chain_inputs, size),
                        quadratic_map, by_hand=quadratic_map_by_hand, losses={"torch-compile": square_map})
    return Workload("memory-mlp", "Net 784-100-10", "dense", partial(net_inputs, size), net_loss, by_hand=net_by_hand,
                    losses={"torch": torch_net_loss})
