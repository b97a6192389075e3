"""The marginal likelihood of a Gaussian process with a squared-exponential covariance, by Cholesky."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(points: int = 500, dimension: int = 2):
    """Logarithms of the length scales, of the variance and of the noise; points and values; the unit matrix."""
    random = np.random.default_rng(0)
    X = random.normal(size=(points, dimension))
    params = np.full(dimension, -0.2), np.array(0.1), np.array(-1.0)
    return params, X, np.sin(3 * X[:, 0]) + 0.3 * random.normal(size=points), np.eye(points)


def covariance(np, params, X, eye):
    """exp(v − ½ Σ (xᵢ − xⱼ)² / l²) + noise."""
    log_lengths, log_variance, log_noise = params
    Z = X * np.exp(-log_lengths)
    squares = np.sum(Z**2, 1)
    return np.exp(log_variance - 0.5 * (squares[:, None] + squares) + Z @ Z.T) + np.exp(log_noise) * eye


def loss(np, params, X, y, eye):
    """½ yᵀK⁻¹y + ½ log det K, with K = LLᵀ; NumPy has no solver for triangles."""
    L = np.linalg.cholesky(covariance(np, params, X, eye))
    return 0.5 * np.sum(np.linalg.solve(L, y) ** 2) + np.sum(np.log(np.diag(L)))


def jax_loss(np, params, X, y, eye):
    from jax.scipy.linalg import solve_triangular

    L = np.linalg.cholesky(covariance(np, params, X, eye))
    return 0.5 * np.sum(solve_triangular(L, y, lower=True) ** 2) + np.sum(np.log(np.diag(L)))


def torch_loss(torch, params, X, y, eye):
    L = torch.linalg.cholesky(covariance(torch, params, X, eye))
    whitened = torch.linalg.solve_triangular(L, y[:, None], upper=False)
    return 0.5 * whitened.square().sum() + torch.diag(L).log().sum()


def gradient_by_hand(params, X, y, eye):
    """The cotangent of K is ½ (K⁻¹ − aaᵀ) with a = K⁻¹y."""
    log_lengths, _, log_noise = params
    noise = np.exp(log_noise)
    K = covariance(np, params, X, eye)
    g = np.linalg.inv(K)
    a = g @ y
    g -= np.outer(a, a)
    g *= 0.5
    g_noise = noise * np.trace(g)
    K.flat[:: len(K) + 1] -= noise
    g *= K
    squares = 2.0 * (g.sum(axis=0) @ X**2 - np.einsum("id,id->d", X, g @ X))
    return squares * np.exp(-2.0 * log_lengths), g.sum(), g_noise


WORKLOADS = (
    Workload(
        "gaussian-process", "Marginal likelihood of a Gaussian process, 500 points", "dense", make_instance,
        loss, by_hand=gradient_by_hand, rtol=1e-8,
        losses={"jax": jax_loss, "torch": torch_loss, "mygrad": None},
    ),
)
