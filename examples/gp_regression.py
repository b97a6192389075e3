"""Gaussian-process regression: hyperparameters by maximum marginal likelihood, with exact gradients.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1: with K + σ²I = LLᵀ,
log p(y) = −½ |L⁻¹y|² − Σ log Lᵢᵢ − ½ n log 2π.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, jit, optim
from autodiff_trace import numpy as anp


def kernel(params, x, z):
    """The squared exponential, s² exp(−(x − z)² / 2ℓ²)."""
    scaled = (x[:, None] - z) / anp.exp(params["log_length"])
    return anp.exp(2.0 * params["log_scale"] - 0.5 * scaled**2)


def cholesky(params, x):
    noise = anp.exp(2.0 * params["log_noise"])
    return anp.linalg.cholesky(kernel(params, x, x) + noise * np.eye(len(x)))


def negative_log_likelihood(params, x, y):
    L = cholesky(params, x)
    white = anp.linalg.solve(L, y)
    return 0.5 * white @ white + anp.sum(anp.log(anp.diag(L))) + 0.5 * len(x) * np.log(2.0 * np.pi)


def posterior(params, x, y, grid):
    """Mean and standard deviation of the function at ``grid``."""
    L = cholesky(params, x)
    cross = np.linalg.solve(L, kernel(params, x, grid))
    mean = cross.T @ np.linalg.solve(L, y)
    return mean, np.sqrt(np.exp(2.0 * params["log_scale"]) - np.sum(cross**2, axis=0))


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    x = np.sort(random.uniform(-4.0, 4.0, 40 if quick else 150))
    y = np.sin(2.0 * x) + 0.2 * random.normal(size=len(x))
    start = {"log_length": 0.0, "log_scale": 0.0, "log_noise": 0.0}
    objective = jit(lambda params: negative_log_likelihood(params, x, y))
    fit = optim.minimize(objective, start)

    grid = np.linspace(-4.0, 4.0, 200)
    mean, deviation = posterior(fit.x, x, y, grid)
    length, scale, noise = (float(np.exp(fit.x[name])) for name in start)
    error = float(np.sqrt(np.mean((mean - np.sin(2.0 * grid)) ** 2)))
    print(f"-log p(y): {float(objective(start)):.2f} at the start, {float(fit.fun):.2f} at the optimum")
    print(f"length {length:.3f}, scale {scale:.3f}, noise {noise:.3f} (the data have noise 0.2)")
    print(f"root mean square error of the posterior mean against the true curve: {error:.4f}")
    if plot:
        with picture(plot, "Gaussian process regression") as axes:
            axes.fill_between(grid, mean - 2.0 * deviation, mean + 2.0 * deviation, alpha=0.3, label="2 deviations")
            axes.plot(grid, mean, label="posterior mean")
            axes.plot(grid, np.sin(2.0 * grid), "k:", label="sin 2x")
            axes.plot(x, y, "k.", label="data")
            axes.set(xlabel="x", ylabel="y", ylim=(-2.0, 1.5))
            axes.legend(loc="lower center", ncols=4)
    return {"noise": noise, "error": error, "slopes": grad(objective)(fit.x)}


if __name__ == "__main__":
    run(main)
