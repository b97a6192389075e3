"""Log-likelihoods of regressions, with the special functions of SciPy: Poisson, probit, and gamma with its shape.

Without SciPy there are none.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from ..workload import Workload

__all__ = ["WORKLOADS", "make_instance"]

SPECIAL = {"autograd": "autograd.scipy.special", "jax": "jax.scipy.special", "torch": "torch.special"}
"""The special functions of other libraries."""


def make_instance(kind: str, points: int = 10_000, features: int = 10):
    """Coefficients, design, responses."""
    random = np.random.default_rng(0)
    X = random.normal(size=(points, features)) / np.sqrt(features)
    beta = 0.5 * random.normal(size=features)
    eta = X @ beta
    if kind == "poisson":
        return beta, X, random.poisson(np.exp(eta)).astype(float)
    if kind == "probit":
        return beta, X, np.where(random.normal(size=points) < eta, 1.0, -1.0)
    return (beta, np.array(0.3)), X, random.gamma(1.4, np.exp(eta) / 1.4)


def poisson(special, np, beta, X, counts):
    eta = X @ beta
    return np.sum(counts * eta - np.exp(eta) - special.gammaln(counts + 1.0))


def poisson_by_hand(beta, X, counts):
    return X.T @ (counts - np.exp(X @ beta))


def probit(special, np, beta, X, signs):
    return np.sum(special.log_ndtr(signs * (X @ beta)))


def probit_of_autograd(special, np, beta, X, signs):
    from autograd.scipy.stats import norm

    return np.sum(norm.logcdf(signs * (X @ beta)))


def probit_by_hand(beta, X, signs):
    from scipy import special

    z = signs * (X @ beta)
    return X.T @ (signs * np.exp(-0.5 * z * z - special.log_ndtr(z)) / np.sqrt(2.0 * np.pi))


def gamma(special, np, params, X, y):
    """y ~ Gamma(shape k, mean exp(Xβ)), with log k among the parameters."""
    beta, log_shape = params
    eta, k = X @ beta, np.exp(log_shape)
    scaled = np.log(y) - eta + log_shape
    return np.sum(k * scaled - k * y * np.exp(-eta) - np.log(y)) - len(y) * special.gammaln(k)


def gamma_by_hand(params, X, y):
    from scipy import special

    beta, log_shape = params
    eta, k = X @ beta, np.exp(log_shape)
    ratio = y * np.exp(-eta)
    slope = k * np.sum(np.log(y) - eta + log_shape + 1.0 - ratio) - len(y) * k * special.digamma(k)
    return X.T @ (k * (ratio - 1.0)), slope


def losses(loss, loss_of_autograd=None):
    """The loss with the special functions of each library."""

    def with_special(loss, module):
        return lambda np, *args: loss(import_module(module), np, *args)

    found = {library: with_special(loss, module) for library, module in SPECIAL.items()}
    if loss_of_autograd is not None:
        found["autograd"] = with_special(loss_of_autograd, SPECIAL["autograd"])
    return {**found, "mygrad": None}


MODELS = {
    "poisson": ("Poisson", poisson, poisson_by_hand, losses(poisson)),
    "probit": ("Probit", probit, probit_by_hand, losses(probit, probit_of_autograd)),
    "gamma": ("Gamma", gamma, gamma_by_hand, losses(gamma)),
}


def find_workloads():
    if find_spec("scipy") is None:
        return ()
    from autodiff_trace.scipy import special

    return tuple(
        Workload(
            f"{kind}-regression-{points}", f"{title} regression, {points:,} points, 10 coefficients", family,
            partial(make_instance, kind, points), partial(loss, special), by_hand=by_hand, losses=others,
        )
        for kind, (title, loss, by_hand, others) in MODELS.items()
        for points, family in ((10, "overhead"), (10_000, "elementwise"))
    )


WORKLOADS = find_workloads()
