"""Per-example gradients: one for each image of a batch, not their sum."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "gradients_by_hand", "loss", "make_instance"]


def make_instance(inputs: int = 64, hidden: int = 32, batch: int = 256):
    """Weights (inputs, hidden) and (hidden, 10); images; labels as rows."""
    random = np.random.default_rng(0)
    params = random.normal(size=(inputs, hidden)) / 8, random.normal(size=(hidden, 10)) / 8
    return params, random.normal(size=(batch, inputs)), np.eye(10)[random.integers(0, 10, batch)]


def loss(np, params, image, target):
    W1, W2 = params
    z = np.maximum(image @ W1, 0.0) @ W2
    return np.log(np.sum(np.exp(z))) - np.sum(target * z)


def torch_loss(torch, params, image, target):
    W1, W2 = params
    z = torch.relu(image @ W1) @ W2
    return z.logsumexp(0) - target @ z


def gradients_by_hand(params, images, targets):
    W1, W2 = params
    H = np.maximum(images @ W1, 0.0)
    Z = H @ W2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    P -= targets
    g_H = P @ W2.T
    g_H *= H > 0.0
    return images[:, :, None] * g_H[:, None], H[:, :, None] * P[:, None]


WORKLOADS = (
    Workload(
        "per-example", "Per-example gradients, net 64-32-10, batch of 256", "structured", make_instance, loss,
        kind="per_example", by_hand=gradients_by_hand, losses={"torch": torch_loss, "mygrad": None},
    ),
)
