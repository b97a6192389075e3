"""Fits and gradients of projects that use autograd, in a process that runs each when it is told to.

``python -m benchmarks.autograd_clients.fits LIBRARY FIT RESULTS`` is to its caller what :mod:`.process` is for an
example. It needs the project that the fit is of, and autograd or this library.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FITS", "find_fit"]

UNIVARIATE = ["Weibull", "LogNormal", "LogLogistic", "GeneralizedGamma"]
REGRESSIONS = ["WeibullAFT", "LogNormalAFT", "LogLogisticAFT", "GeneralizedGammaRegression", "CoxPH splines"]
GRADIENTS = ["gammainc", "gammaincc", "gammainccln", "betainc", "likelihood"]
PROBLEMS = [
    "eigenvector", "subspace", "complex subspace", "low rank", "low rank PSD", "PCA", "regression", "rotations",
    "packing", "covariance", "product",
]

FITS = {
    **{f"lifelines: {name}": ("lifelines", name) for name in [*UNIVARIATE, "PiecewiseExponential", "Spline"]},
    **{f"lifelines: {name}": ("lifelines", name) for name in REGRESSIONS},
    **{f"autograd-gamma: gradients of {name}": ("autograd-gamma", name) for name in GRADIENTS},
    **{f"pymanopt: {name}": ("pymanopt", name) for name in PROBLEMS},
    **{f"pymanopt: {name}, gradient and Hessian": ("pymanopt", f"{name} derivatives") for name in PROBLEMS},
}
"""By their names the project and the name in it."""

Fit = Callable[[], list]


def find_fit(name: str) -> Fit:
    """The function that fits, and gives numbers to be compared."""
    project, name = FITS[name]
    return {"lifelines": lifelines_fit, "autograd-gamma": gamma_gradients, "pymanopt": pymanopt_fit}[project](name)


def lifelines_fit(name: str) -> Fit:
    import lifelines
    from lifelines.datasets import load_rossi, load_waltons

    arguments: dict[str, Any] = {
        "PiecewiseExponential": {"breakpoints": [20, 40, 60]},
        "Spline": {"knot_locations": [6.0, 56.0, 75.0]},
        "GeneralizedGammaRegression": {"penalizer": 1.0},
        "CoxPH splines": {"baseline_estimation_method": "spline", "n_baseline_knots": 3},
    }.get(name, {})
    fitter = getattr(lifelines, f"{name.split()[0]}Fitter")
    if name in REGRESSIONS:
        data: tuple = load_rossi(), "week", "arrest"
    else:
        waltons = load_waltons()
        data = waltons["T"], waltons["E"]

    def fit():
        model = fitter(**arguments).fit(*data)
        return [model.summary["coef"].to_numpy(), np.array(model.log_likelihood_)]

    return fit


def gamma_gradients(name: str) -> Fit:
    import autograd.numpy as anp
    import autograd_gamma
    from autograd import grad, hessian, value_and_grad

    rng = np.random.default_rng(0)
    shape, scale, x = rng.uniform(0.3, 6.0, (3, 200))
    durations, is_seen = rng.gamma(2.0, 1.5, 400), rng.random(400) < 0.7

    def loss(params):
        k, rate = anp.exp(params)
        x = durations * rate
        density = (k - 1.0) * anp.log(x) - x - autograd_gamma.gammaln(k) + anp.log(rate)
        return -anp.sum(anp.where(is_seen, density, autograd_gamma.gammainccln(k, x)))

    def fit_likelihood():
        params = np.array([0.4, -0.2])
        for _ in range(4):
            value, gradient = value_and_grad(loss)(params)
            params = params - np.linalg.solve(hessian(loss)(params), gradient)
        return [params, np.array(value)]

    if name == "likelihood":
        return fit_likelihood
    function = getattr(autograd_gamma, name)
    arrays = (shape, scale, x / (1.0 + x)) if name == "betainc" else (shape, x)
    points = [tuple(map(float, point)) for point in list(zip(*arrays))[:50]]
    along = [grad(function, i) for i in range(len(arrays))]
    total = grad(lambda *args: anp.sum(function(*args)), tuple(range(len(arrays))))

    def gradients():
        return [*total(*arrays), np.array([[gradient(*point) for gradient in along] for point in points])]

    return gradients


def pymanopt_problem(name: str) -> tuple:
    """A manifold, a cost, and an optimizer."""
    import autograd.numpy as anp
    from pymanopt import manifolds
    from pymanopt.optimizers import ConjugateGradient, SteepestDescent, TrustRegions

    rng = np.random.default_rng(0)
    square, tall, points = map(rng.standard_normal, [(64, 64), (40, 30), (200, 8)])
    symmetric = square + square.T
    hermitian = rng.standard_normal((32, 32)) + 1j * rng.standard_normal((32, 32))
    hermitian = hermitian @ hermitian.conj().T
    covariance, seen = points.T @ points, rng.standard_normal(200)
    left, right = rng.standard_normal((2, 10, 3, 6))
    upper = np.triu_indices(24, 1)
    Y = points[:30]
    trust = TrustRegions(verbosity=0, max_iterations=25)
    conjugate = ConjugateGradient(verbosity=0, max_iterations=60)
    steepest = SteepestDescent(verbosity=0, max_iterations=60)
    return {
        "eigenvector": (manifolds.Sphere(64), lambda x: -x @ symmetric @ x, conjugate),
        "subspace": (manifolds.Grassmann(64, 5), lambda X: -anp.trace(X.T @ symmetric @ X), trust),
        "complex subspace": (
            manifolds.ComplexGrassmann(32, 3),
            lambda X: -anp.real(anp.trace(anp.conj(X.T) @ hermitian @ X)), trust,
        ),
        "low rank": (
            manifolds.FixedRankEmbedded(40, 30, 4),
            lambda u, s, vt: anp.linalg.norm((u * s) @ vt - tall) ** 2, conjugate,
        ),
        "low rank PSD": (
            manifolds.PSDFixedRank(30, 4), lambda X: anp.linalg.norm(X @ X.T - Y @ Y.T, "fro") ** 2, trust,
        ),
        "PCA": (manifolds.Stiefel(8, 2), lambda w: anp.linalg.norm(points - points @ w @ w.T) ** 2, trust),
        "regression": (manifolds.Euclidean(8), lambda w: anp.sum((seen - points @ w) ** 2), trust),
        "rotations": (
            manifolds.SpecialOrthogonalGroup(3, k=10), lambda X: -anp.tensordot(X @ left, right, axes=X.ndim), steepest,
        ),
        "packing": (
            manifolds.Elliptope(24, 3), lambda X: 0.1 * anp.log(anp.sum(anp.exp((X @ X.T) / 0.1)[upper])), conjugate,
        ),
        "covariance": (
            manifolds.SymmetricPositiveDefinite(8),
            lambda S: anp.trace(anp.linalg.inv(S) @ covariance) + 200.0 * anp.linalg.slogdet(S)[1], steepest,
        ),
        "product": (
            manifolds.Product([manifolds.Sphere(20), manifolds.Euclidean(20)]),
            lambda x, y: anp.sum((x - y) ** 2) - x @ symmetric[:20, :20] @ x, conjugate,
        ),
    }[name]


def pymanopt_fit(name: str) -> Fit:
    import pymanopt

    manifold, cost, optimizer = pymanopt_problem(name.removesuffix(" derivatives"))
    problem = pymanopt.Problem(manifold, pymanopt.function.autograd(manifold)(cost))
    np.random.seed(0)
    start = manifold.random_point()
    tangent = manifold.random_tangent_vector(start)

    def optimize():
        return [np.array(optimizer.run(problem, initial_point=start).cost)]

    def derivatives():
        for _ in range(20):
            found = [*leaves(problem.euclidean_gradient(start))]
            if not name.startswith("low rank d"):  # whose tangent vectors are no points
                found += leaves(problem.euclidean_hessian(start, tangent))
        return found

    return derivatives if name.endswith(" derivatives") else optimize


def leaves(x: Any) -> list[np.ndarray]:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (list, tuple)) else [np.asarray(x)]


def main() -> None:
    library, name, results = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if library == "ours":
        from autodiff_trace import autograd_compat

        autograd_compat.install()
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    fit = None
    for _ in sys.stdin:
        try:
            fit = fit or find_fit(name)
            start = time.process_time()
            numbers = fit()
            answer: dict[str, Any] = {"seconds": time.process_time() - start}
            if not results.exists():
                np.savez(results, **{f"number {i}": array for i, array in enumerate(numbers)})
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
