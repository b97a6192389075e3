"""Hamiltonian Monte Carlo: samples of the posterior of a logistic regression, by gradients of its density.

Neal, MCMC using Hamiltonian dynamics (2011), figure 2: momenta are drawn anew, the leapfrog method follows the
dynamics of H = U(q) + ½ |p|², and the end is accepted with probability min(1, exp(−ΔH)). Chains run side by side.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, hessian, jit, optim
from autodiff_trace import numpy as anp


def potential(q, X, y):
    """−log p(q, y): labels Bernoulli with logits Xq, coefficients normal of deviation 3; ``q`` may have many rows."""
    logits = q @ X.T
    return anp.sum(anp.logaddexp(0.0, logits) - y * logits, axis=-1) + anp.sum(q**2, axis=-1) / 18.0


def leapfrog(force, q, p, size, steps):
    """The state after ``steps`` steps of ``size``; ``force`` is the gradient of the potential."""
    p = p - 0.5 * size * force(q)
    for _ in range(steps - 1):
        q = q + size * p
        p = p - size * force(q)
    q = q + size * p
    return q, p - 0.5 * size * force(q)


def sample(random, energy, q, count, size=0.12, steps=12):
    """``count`` states of each chain, and the fraction of proposals that was accepted."""
    # grad of a function that returns an array is that of its sum: a row for each chain.
    force, samples, accepted = jit(grad(energy)), [], []
    for _ in range(count):
        p = random.normal(size=q.shape)
        proposal, p_end = leapfrog(force, q, p, size, steps)
        change = energy(proposal) - energy(q) + 0.5 * np.sum(p_end**2 - p**2, axis=1)
        accept = np.log(random.uniform(size=len(q))) < -change
        q = np.where(accept[:, None], proposal, q)
        samples.append(q)
        accepted.append(accept)
    return np.array(samples), float(np.mean(accepted))


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    X = np.column_stack([np.ones(200), random.normal(size=(200, 2))])
    y = (random.uniform(size=200) < 1.0 / (1.0 + np.exp(-X @ [0.5, -1.0, 2.0]))).astype(float)

    def energy(q):
        return potential(q, X, y)

    chains, count, burn_in = 8, 150 if quick else 2000, 50
    samples, rate = sample(random, energy, random.normal(size=(chains, 3)), burn_in + count)
    kept = samples[burn_in:]
    mean, deviation = kept.mean(axis=(0, 1)), kept.std(axis=(0, 1))
    # Gelman and Rubin: the variance of all samples over that within the chains.
    within, between = kept.var(axis=0, ddof=1).mean(axis=0), kept.mean(axis=0).var(axis=0, ddof=1)
    r_hat = float(np.max(np.sqrt((count - 1) / count + between / within)))
    mode = optim.minimize(energy, np.zeros(3)).x
    laplace = np.sqrt(np.diag(np.linalg.inv(hessian(energy)(mode))))
    print(f"accepted {rate:.1%}, R-hat at most {r_hat:.4f}")
    print(f"posterior mean {mean.round(3)}, deviation {deviation.round(3)} (true coefficients 0.5, -1, 2)")
    print(f"Laplace: mode  {mode.round(3)}, deviation {laplace.round(3)}")
    if plot:
        with picture(plot, "Samples of the posterior of two coefficients") as axes:
            axes.plot(*kept[:, :, 1:].reshape(-1, 2).T, ".", markersize=1, alpha=0.5)
            axes.plot(*mode[1:], "k+", markersize=14, markeredgewidth=2, label="mode")
            axes.set(xlabel="second coefficient", ylabel="third coefficient")
            axes.legend()
    return {"rate": rate, "r_hat": r_hat, "mean": mean, "deviation": deviation, "mode": mode, "laplace": laplace}


if __name__ == "__main__":
    run(main)
