"""One step of black-box variational inference: a normal approximation of a funnel, by reparametrised samples."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(count: int = 2000):
    """Mean and logarithm of the standard deviation of the approximation; standard normal samples."""
    return (np.array([-1.0, 0.5]), np.array([-1.5, -0.3])), np.random.default_rng(0).normal(size=(count, 2))


def loss(np, params, samples):
    """The posterior is a funnel: z₁ ~ N(0, 1.35), z₀ ~ N(0, exp z₁); up to a constant."""
    mean, log_scale = params
    z = mean + np.exp(log_scale) * samples
    log_density = -0.5 * (z[:, 1] / 1.35) ** 2 - 0.5 * (z[:, 0] * np.exp(-z[:, 1])) ** 2 - z[:, 1]
    return -np.mean(log_density) - np.sum(log_scale)


def gradient_by_hand(params, samples):
    mean, log_scale = params
    scaled = np.exp(log_scale) * samples
    z0, z1 = (mean + scaled).T
    precise = np.exp(-2.0 * z1) * z0
    g = np.stack([precise, z1 / 1.35**2 - precise * z0 + 1.0]) / len(samples)
    return g.sum(axis=1), np.einsum("dn,nd->d", g, scaled) - 1.0


WORKLOADS = (
    Workload(
        "variational", "Black-box variational inference, 2,000 samples of a funnel", "structured", make_instance,
        loss, by_hand=gradient_by_hand,
    ),
)
