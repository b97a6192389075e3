"""Logistic regression: a value with its gradient, handed to a solver of SciPy's."""

import numpy as np
from numpy.typing import NDArray

import autodiff_trace as at
import autodiff_trace.numpy as anp
from autodiff_trace.scipy import optimize, special

Vector = NDArray[np.float64]


def negative_log_likelihood(w: Vector, X: Vector, y: Vector) -> float:
    margins = y * (X @ w)
    return -anp.sum(special.log_expit(margins)) + 0.5 * anp.dot(w, w)


def fit(X: Vector, y: Vector) -> Vector:
    result = optimize.minimize(at.value_and_grad(negative_log_likelihood), np.zeros(X.shape[1]), args=(X, y), jac=True)
    assert result.success, result.message
    return result.x


def standard_errors(w: Vector, X: Vector, y: Vector) -> Vector:
    information = at.hessian(negative_log_likelihood)(w, X, y)
    return anp.sqrt(anp.diag(anp.linalg.inv(information)))


def main() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3))
    y = np.where(X @ np.array([1.0, -2.0, 0.5]) > 0, 1.0, -1.0)
    w = fit(X, y)
    assert w.shape == (3,) and w[0] > 0 > w[1]
    assert np.all(standard_errors(w, X, y) > 0)
