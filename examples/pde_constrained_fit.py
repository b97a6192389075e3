"""A fit constrained by a PDE: how a rod conducts heat, found from measured temperatures.

-(a(x) u'(x))' = f(x) on [0, 1] with u(0) = u(1) = 0. Wanted is the conductivity a = exp(m), known are noisy values of u
for two sources f. The equation is solved by finite volumes; the gradient passes through the solution of the linear
system, which is the adjoint equation without writing it. L-BFGS minimises the misfit plus a penalty on the slope of m.

Source: Tikhonov's regularisation; for the adjoint, Plessix, "A review of the adjoint-state method", 2006.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, jit, optim


def solve(m, sources):
    """Temperatures at the inner nodes, a column for each source; ``m`` has a value for each of the cells between."""
    n, a = len(m), np.exp(m)
    matrix = (np.diag(a[:-1] + a[1:]) - np.diag(a[1:-1], 1) - np.diag(a[1:-1], -1)) * n**2
    return np.linalg.solve(matrix, sources)


def misfit(m, sources, measured, noise):
    return 0.5 * np.sum((solve(m, sources) - measured) ** 2) / noise**2


def objective(m, sources, measured, noise):
    return misfit(m, sources, measured, noise) + 0.5 * len(m) * np.sum(np.diff(m) ** 2)


def adjoint_gradient(m, sources, measured, noise):
    """The gradient of the misfit by hand: p solves the same equation for the residuals; a cell gets -a n^2 dp du."""
    u = solve(m, sources)
    p = solve(m, (u - measured) / noise**2)
    border = np.zeros((1, u.shape[1]))
    du, dp = (np.diff(np.concatenate([border, each, border]), axis=0) for each in (u, p))
    return -np.exp(m) * len(m) ** 2 * np.sum(du * dp, axis=1)


def main(quick=False, plot=None):
    n = 40 if quick else 120
    nodes, cells = np.arange(1, n) / n, (np.arange(n) + 0.5) / n
    truth = 0.6 * np.sin(2 * np.pi * cells) + 0.8 * (cells > 0.6)
    sources = np.stack([np.full(n - 1, 5.0), 20.0 * (nodes < 0.4)], axis=1)
    exact = solve(truth, sources)
    noise = 0.003 * float(np.max(exact))
    measured = exact + noise * np.random.default_rng(0).normal(size=exact.shape)
    data = sources, measured, noise

    by_hand, traced = adjoint_gradient(np.zeros(n), *data), grad(misfit)(np.zeros(n), *data)
    difference = float(np.max(np.abs(by_hand - traced)) / np.max(np.abs(by_hand)))
    result = optim.minimize(jit(lambda m: objective(m, *data)), np.zeros(n), maxiter=400, tol=1e-3)
    error = float(np.linalg.norm(np.exp(result.x) - np.exp(truth)) / np.linalg.norm(np.exp(truth)))
    residual = float(np.sqrt(np.mean((solve(result.x, sources) - measured) ** 2))) / noise
    print(f"{n} cells; gradient against the adjoint equation by hand: relative difference {difference:.0e}")
    before = float(objective(np.zeros(n), *data))
    print(f"objective {before:.0f} at first, {float(result.fun):.1f} after {result.nit} steps")
    print(f"residuals are {residual:.2f} times the noise; the conductivity is off by {error:.1%}")
    if plot:
        with picture(plot, size=(7.2, 3.6), ncols=2) as (left, right):
            left.plot(nodes, measured, ".", nodes, solve(result.x, sources), "k-")
            left.set(title="Temperatures, measured and fitted", xlabel="x")
            left.legend(left.lines[:3], ["source 1", "source 2", "fitted"], loc="lower center")
            right.plot(cells, np.exp(truth), label="true")
            right.plot(cells, np.exp(result.x), label="found")
            right.set(title="Conductivity", xlabel="x", ylim=(0, None))
            right.legend()
    return {"difference": difference, "residual": residual, "error": error}


if __name__ == "__main__":
    run(main)
