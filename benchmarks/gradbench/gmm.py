"""gmm: the log-posterior of a Gaussian mixture with a Wishart prior (Srajer, Kukelova, Fitzgibbon 2018).

Σᵢ logsumexpₖ(αₖ + Σ qₖ − ½‖Qₖ(xᵢ − μₖ)‖²) − N logsumexp(α) − ½ N D log 2π, and for each component the prior
n D log(γ/√2) − log Γ_D(n/2) − ½γ²‖Qₖ‖² + m Σ qₖ with n = D + m + 1. Qₖ is lower triangular, with exp(qₖ) on its
diagonal and lₖ below, column by column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import grad
from autodiff_trace import numpy as anp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "log_posterior", "make_case"]

PARAMETERS = "alpha", "mu", "q", "l"


def log_posterior(alpha, mu, q, l, x, gamma, m):  # noqa: E741 (the suite's names)
    (points, dimension), components = x.shape, len(alpha)
    # Row k of the upper triangular Qₖᵀ has column k of Qₖ: the rows of numbers in l, with zeros before them.
    zero = anp.zeros((components, 1))
    roots = anp.concatenate([anp.exp(q), l, zero], axis=1)[:, places(dimension)]
    whitened = x @ roots - mu[:, None] @ roots
    log_volume = anp.sum(q, axis=1)
    logits = (alpha + log_volume)[:, None] - 0.5 * anp.sum(whitened**2, axis=2)
    likelihood = anp.sum(logsumexp(logits)) - points * logsumexp(alpha)
    squares = anp.sum(anp.exp(2.0 * q)) + anp.sum(l**2)
    prior = m * anp.sum(log_volume) - 0.5 * gamma**2 * squares
    constant = components * wishart_constant(dimension, gamma, m) - 0.5 * points * dimension * math.log(2 * math.pi)
    return likelihood + prior + constant


def places(dimension: int) -> np.ndarray:
    """Where the elements of Qᵀ stand in a row of exp(q), l and a zero."""
    index = np.full((dimension, dimension), dimension * (dimension + 1) // 2)
    index[np.diag_indices(dimension)] = np.arange(dimension)
    index[np.triu_indices(dimension, 1)] = np.arange(dimension, dimension * (dimension + 1) // 2)
    return index


def logsumexp(x):
    """Along the first axis."""
    top = anp.max(x, axis=0)
    return top + anp.log(anp.sum(anp.exp(x - top), axis=0))


def wishart_constant(dimension: int, gamma: float, m: int) -> float:
    freedom = dimension + m + 1
    log_gamma = dimension * (dimension - 1) / 4 * math.log(math.pi)
    log_gamma += sum(math.lgamma((freedom - i) / 2) for i in range(dimension))
    return freedom * dimension * math.log(gamma / math.sqrt(2)) - log_gamma


def arguments(input) -> tuple:
    components, dimension = int(input["k"]), int(input["d"])
    alpha, mu, q, l = (np.array(input[name], dtype=float) for name in PARAMETERS)  # noqa: E741
    l = l.reshape(components, dimension * (dimension - 1) // 2)  # noqa: E741
    return alpha, mu, q, l, np.array(input["x"], dtype=float), float(input["gamma"]), int(input["m"])


def objective(input, compile):
    values, function = arguments(input), compile(log_posterior)
    return lambda: function(*values)


def jacobian(input, compile):
    values, function = arguments(input), compile(grad(log_posterior, argnums=(0, 1, 2, 3)))
    return lambda: function(*values)


def jacobian_output(gradients) -> dict:
    return {name: gradient.tolist() for name, gradient in zip(PARAMETERS, gradients)}


def expected_objective(input) -> float:
    """By the density of each component, one after the other."""
    alpha, mu, q, l, x, gamma, m = arguments(input)  # noqa: E741
    dimension = x.shape[1]
    log_densities, prior = [], 0.0
    for k in range(len(alpha)):
        root = triangle(q[k], l[k])
        distances = np.sum(((x - mu[k]) @ root.T) ** 2, axis=1)
        log_densities.append(alpha[k] + q[k].sum() - 0.5 * distances - 0.5 * dimension * math.log(2 * math.pi))
        prior += m * q[k].sum() - 0.5 * gamma**2 * np.sum(root**2) + wishart_constant(dimension, gamma, m)
    total = np.logaddexp.reduce(log_densities, axis=0).sum()
    return float(total - len(x) * np.logaddexp.reduce(alpha) + prior)


def expected_jacobian(input) -> dict:
    """With R the responsibilities: ∂/∂μ = Σ R QᵀQ(x − μ), ∂/∂Q = −Σ R Q(x − μ)(x − μ)ᵀ and R for α and each q."""
    alpha, mu, q, l, x, gamma, m = arguments(input)  # noqa: E741
    roots = [triangle(*each) for each in zip(q, l)]
    log_densities = [a + each.sum() - 0.5 * np.sum(((x - center) @ root.T) ** 2, axis=1)
                     for a, each, center, root in zip(alpha, q, mu, roots)]
    shares = np.exp(log_densities - np.logaddexp.reduce(log_densities, axis=0))
    weights = np.exp(alpha - np.logaddexp.reduce(alpha))
    rows, columns = np.triu_indices(x.shape[1], 1)
    gradients = {"alpha": (shares.sum(axis=1) - len(x) * weights).tolist(), "mu": [], "q": [], "l": []}
    for share, center, root in zip(shares, mu, roots):
        centered = x - center
        g_root = -root @ (centered.T * share) @ centered - gamma**2 * root
        gradients["mu"].append((share @ centered @ root.T @ root).tolist())
        gradients["q"].append((share.sum() + m + np.diag(g_root) * np.diag(root)).tolist())
        gradients["l"].append(g_root.T[rows, columns].tolist())
    return gradients


def triangle(q, l):  # noqa: E741
    return np.append(np.append(np.exp(q), l), 0.0)[places(len(q))].T


def make_case(d: int, k: int, n: int = 1000) -> Case:
    """As the suite generates it."""
    random = np.random.default_rng(SEED)
    input = {"d": d, "k": k, "n": n, "x": random.normal(size=(n, d)), "m": 0, "gamma": 1.0}
    input |= {"mu": random.uniform(size=(k, d)), "q": random.normal(size=(k, d))}
    input |= {"l": random.normal(size=(k, d * (d - 1) // 2)), "alpha": random.normal(size=k)}
    return Case(f"{d}_{k}_{n}", input)


def cases(data: Path | None) -> Iterator[Case]:
    sizes = [(d, k) for d in (2, 10, 20, 32, 64) for k in (5, 10, 25, 50, 100)]
    for d, k in sorted(sizes, key=lambda size: size[0] * size[1]):
        yield make_case(d, k)


EVAL = Eval("gmm", {
    "objective": Function(objective, float, expected_objective),
    "jacobian": Function(jacobian, jacobian_output, expected_jacobian),
}, cases)
