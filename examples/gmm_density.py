"""A Gaussian mixture fitted to points in the plane by gradients of its log-likelihood, with full covariances.

log p(x) = logsumexp_k [log π_k + log N(x; μ_k, (L_k L_kᵀ)⁻¹)] (Bishop, Pattern Recognition and Machine Learning, 2006,
equation 9.14); L_k, triangular with a positive diagonal, is the Cholesky factor of the precision.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, nn, optim
from autodiff_trace import numpy as anp


def log_density(params, X):
    """log p of each row of ``X``."""
    L = anp.tril(params["factors"], -1) + anp.exp(params["log_diagonals"])[:, :, None] * np.eye(2)
    white = anp.einsum("kij,nki->nkj", L, X[:, None] - params["means"])
    log_normal = anp.sum(params["log_diagonals"], axis=1) - np.log(2.0 * np.pi) - 0.5 * anp.sum(white**2, axis=2)
    return nn.logsumexp(nn.log_softmax(params["logits"]) + log_normal, axis=1)


def pinwheel(random, count, arms=3):
    """Points on twisted arms, each a stretched Gaussian cloud turned by an angle that grows outwards."""
    arm = random.integers(arms, size=count)
    radius, across = 1.0 + 0.3 * random.normal(size=count), 0.05 * random.normal(size=count)
    angle = 2.0 * np.pi * arm / arms + 0.25 * np.exp(radius)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([radius * cosine - across * sine, radius * sine + across * cosine], axis=1)


def initial(random, X, components):
    return {
        "logits": np.zeros(components),
        "means": X[random.choice(len(X), components, replace=False)],
        "factors": np.zeros((components, 2, 2)),
        "log_diagonals": np.full((components, 2), 1.0),
    }


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    X, held_out = pinwheel(random, 300 if quick else 1500), pinwheel(random, 1000)
    start = initial(random, X, 6 if quick else 12)
    loss = jit(lambda params: -anp.mean(log_density(params, X)))
    fit = optim.minimize(loss, start, maxiter=60 if quick else 300)

    side = np.linspace(-2.0, 2.0, 121)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    density = np.exp(log_density(fit.x, grid.reshape(-1, 2))).reshape(121, 121)
    mass = float(density.sum() * (side[1] - side[0]) ** 2)
    single = -float(np.log(2.0 * np.pi) + 1.0 + 0.5 * np.linalg.slogdet(np.cov(X.T, bias=True))[1])
    test = float(np.mean(log_density(fit.x, held_out)))
    print(f"mean log-likelihood in training: {-float(loss(start)):.3f} at the start, {-float(fit.fun):.3f} fitted")
    print(f"on held-out points: {test:.3f} (a single Gaussian reaches {single:.3f})")
    print(f"the density integrates to {mass:.4f}")
    if plot:
        with picture(plot, "Density of a mixture of Gaussians, and its data", (5.4, 5.0)) as axes:
            axes.contourf(side, side, density, levels=20)
            axes.plot(*X.T, "w.", markersize=1)
            axes.set_aspect("equal")
    return {"mass": mass, "test": test, "single": single}


if __name__ == "__main__":
    run(main)
