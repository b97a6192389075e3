"""The Gaussian-mixture objective of ADBench (Srajer, Kukelova, Fitzgibbon 2018), with a Wishart prior.

log p = Σᵢ logsumexpₖ(αₖ + Σ log diag Qₖ − ½‖Qₖ(xᵢ − μₖ)‖²) − N logsumexp(α) + the prior of the lower triangular Qₖ.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from autodiff_trace.demo.cli import UserError

from ..workload import Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "log_posterior", "make_instance", "read_instance"]


def make_instance(dimension: int = 10, components: int = 25, points: int = 1000) -> tuple:
    """An instance of the form and size of ADBench's gmm_d10_K25, with numbers of our own.

    The parameters have shapes (K,), (K, D) and (K, D(D+1)/2).
    """
    random = np.random.default_rng(0)
    triangle = dimension * (dimension + 1) // 2
    params = (
        random.normal(size=components),
        random.random((components, dimension)),
        random.normal(size=(components, triangle)),
    )
    return complete(params, random.normal(size=(points, dimension)), 1.0, 0.0)


def read_instance(path: Path) -> tuple:
    """A file of ADBench: D K N; α; μ; Q, the logarithms of the diagonal first; the points; gamma and m."""
    try:
        numbers = np.array(path.read_text().split(), dtype=float)
        D, K, N = map(int, numbers[:3])
        sizes = [3, K, K * D, K * D * (D + 1) // 2, N * D, 2]
        _, alphas, means, factors, points, prior = np.split(numbers, np.cumsum(sizes)[:-1])
        shaped = alphas, means.reshape(K, D), factors.reshape(K, -1)
        return complete(shaped, points.reshape(N, D), float(prior[0]), float(prior[1]))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a Gaussian-mixture instance of ADBench: {error}") from error


def complete(params, points: np.ndarray, gamma: float, m: float) -> tuple:
    """The instance, with the constants of the objective and the places of a factor's numbers in Qᵀ.

    The numbers below the diagonal of Q come column by column, which is row by row in Qᵀ; a zero is put behind them.
    """
    (N, D), K = points.shape, len(params[0])
    index = np.full((D, D), D * (D + 1) // 2)
    index[np.diag_indices(D)] = np.arange(D)
    index[np.triu_indices(D, 1)] = np.arange(D, D * (D + 1) // 2)
    freedom = D + m + 1
    log_gamma = D * (D - 1) / 4 * math.log(math.pi) + sum(math.lgamma((freedom - j) / 2) for j in range(D))
    prior = freedom * D * math.log(gamma / math.sqrt(2)) - log_gamma
    return params, points, index, gamma, m, -N * D / 2 * math.log(2 * math.pi) - K * prior


def logsumexp(np, x):
    top = np.max(x, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(x - top), axis=-1)) + top[..., 0]


def log_posterior(np, params, points, index, gamma, m, constant):
    alphas, means, factors = params
    D = points.shape[1]
    log_diagonal, lower = factors[:, :D], factors[:, D:]
    numbers = np.concatenate([np.exp(log_diagonal), lower, 0.0 * lower[:, :1]], axis=1)
    roots = numbers[:, index]
    whitened = np.matmul(points, roots) - np.matmul(means[:, None], roots)
    log_volumes = np.sum(log_diagonal, axis=1)
    logits = alphas + log_volumes - 0.5 * np.sum(whitened**2, axis=2).T
    prior = 0.5 * gamma**2 * np.sum(numbers**2) - m * np.sum(log_volumes)
    return constant + np.sum(logsumexp(np, logits)) - len(points) * logsumexp(np, alphas) + prior


def torch_log_posterior(torch, params, points, index, gamma, m, constant):
    alphas, means, factors = params
    D = points.shape[1]
    log_diagonal, lower = factors[:, :D], factors[:, D:]
    numbers = torch.cat([log_diagonal.exp(), lower, torch.zeros_like(lower[:, :1])], dim=1)
    roots = numbers[:, index]
    whitened = points @ roots - means[:, None] @ roots
    log_volumes = log_diagonal.sum(dim=1)
    logits = alphas + log_volumes - 0.5 * whitened.square().sum(dim=2).T
    prior = 0.5 * gamma**2 * numbers.square().sum() - m * log_volumes.sum()
    return constant + logits.logsumexp(1).sum() - len(points) * alphas.logsumexp(0) + prior


def gradient_by_hand(params, points, index, gamma, m, constant):
    """With R the responsibilities, the cotangent of the whitened points W is −R W."""
    alphas, means, factors = params
    K, (N, D) = len(alphas), points.shape
    numbers = np.concatenate([np.exp(factors[:, :D]), factors[:, D:], np.zeros((K, 1))], axis=1)
    roots = numbers[:, index]
    whitened = points @ roots - means[:, None] @ roots
    logits = (alphas + factors[:, :D].sum(axis=1))[:, None] - 0.5 * np.einsum("knd,knd->kn", whitened, whitened)
    responsibilities = softmax(logits, axis=0)
    totals = responsibilities.sum(axis=1)
    g_whitened = whitened
    g_whitened *= -responsibilities[:, :, None]
    g_sums = g_whitened.sum(axis=1)
    g_roots = points.T @ g_whitened - means[:, :, None] * g_sums[:, None]
    g_factors = gamma**2 * numbers[:, :-1]
    g_factors[:, :D] += g_roots[:, np.arange(D), np.arange(D)]
    rows, columns = np.triu_indices(D, 1)
    g_factors[:, D:] += g_roots[:, rows, columns]
    g_factors[:, :D] = g_factors[:, :D] * numbers[:, :D] + totals[:, None] - m
    g_means = -(roots @ g_sums[:, :, None])[:, :, 0]
    return totals - N * softmax(alphas, axis=0), g_means, g_factors


def softmax(x, axis):
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


FOLDER = "BENCHMARK_DATA"
"""The variable of the environment that names a folder with ADBench's own instance, gmm/gmm_d10_K25.txt."""


def inputs() -> tuple:
    folder = os.environ.get(FOLDER)
    return read_instance(Path(folder, "gmm", "gmm_d10_K25.txt")) if folder else make_instance()


WORKLOADS = (
    Workload(
        "gaussian-mixture", "Gaussian mixture of ADBench, D = 10, K = 25, N = 1,000", "structured", inputs,
        log_posterior, by_hand=gradient_by_hand, losses={"torch": torch_log_posterior, "mygrad": None},
    ),
)
