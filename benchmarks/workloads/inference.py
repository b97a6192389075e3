"""Bayesian inference: one step of black-box variational inference, the marginal likelihood of a Gaussian process."""

from __future__ import annotations

import numpy as np

from ..workload import Workload

__all__ = [
    "WORKLOADS", "elbo_by_hand", "likelihood_by_hand", "make_process", "make_samples", "negative_elbo",
    "negative_likelihood",
]


def make_samples(count: int = 2000):
    """Mean and logarithm of the standard deviation of the approximation; standard normal samples."""
    return (np.array([-1.0, 0.5]), np.array([-1.5, -0.3])), np.random.default_rng(0).normal(size=(count, 2))


def negative_elbo(np, params, samples):
    """The posterior is a funnel: z₁ ~ N(0, 1.35), z₀ ~ N(0, exp z₁); up to a constant."""
    mean, log_scale = params
    z = mean + np.exp(log_scale) * samples
    log_density = -0.5 * (z[:, 1] / 1.35) ** 2 - 0.5 * (z[:, 0] * np.exp(-z[:, 1])) ** 2 - z[:, 1]
    return -np.mean(log_density) - np.sum(log_scale)


def elbo_by_hand(params, samples):
    mean, log_scale = params
    scaled = np.exp(log_scale) * samples
    z0, z1 = (mean + scaled).T
    precise = np.exp(-2.0 * z1) * z0
    g = np.stack([precise, z1 / 1.35**2 - precise * z0 + 1.0]) / len(samples)
    return g.sum(axis=1), np.einsum("dn,nd->d", g, scaled) - 1.0


def make_process(points: int = 500, dimension: int = 2):
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


def negative_likelihood(np, params, X, y, eye):
    """½ yᵀK⁻¹y + ½ log det K, with K = LLᵀ; NumPy has no solver for triangles."""
    L = np.linalg.cholesky(covariance(np, params, X, eye))
    return 0.5 * np.sum(np.linalg.solve(L, y) ** 2) + np.sum(np.log(np.diag(L)))


def jax_likelihood(np, params, X, y, eye):
    from jax.scipy.linalg import solve_triangular

    L = np.linalg.cholesky(covariance(np, params, X, eye))
    return 0.5 * np.sum(solve_triangular(L, y, lower=True) ** 2) + np.sum(np.log(np.diag(L)))


def torch_likelihood(torch, params, X, y, eye):
    L = torch.linalg.cholesky(covariance(torch, params, X, eye))
    whitened = torch.linalg.solve_triangular(L, y[:, None], upper=False)
    return 0.5 * whitened.square().sum() + torch.diag(L).log().sum()


def likelihood_by_hand(params, X, y, eye):
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
        "variational", "Black-box variational inference, 2,000 samples of a funnel", "structured", make_samples,
        negative_elbo, by_hand=elbo_by_hand,
    ),
    Workload(
        "gaussian-process", "Marginal likelihood of a Gaussian process, 500 points", "dense", make_process,
        negative_likelihood, by_hand=likelihood_by_hand, rtol=1e-8,
        losses={"jax": jax_likelihood, "torch": torch_likelihood, "mygrad": None},
    ),
)
