"""``autograd.scipy.stats.multivariate_normal``: the normal distribution of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ....core.forward import defjvp
from ....core.primitives import primitive
from ....core.recording import to_recorded
from ....core.reverse import defvjp
from ....core.tracer import find_top_trace
from ....numpy import linalg
from ....numpy import wrapped as anp
from ....scipy import stats as native
from ....scipy.stats.distributions import double
from ....transforms.jacobians import jacobian

__all__ = ["entropy", "logpdf", "pdf"]

__getattr__ = partial(getattr, native.multivariate_normal)


def logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    """SciPy's function. The derivative in ``cov`` is a symmetric matrix. With ``allow_singular=True`` there are
    derivatives in ``x`` and ``mean``, along the support, and in ``cov`` where it is not singular.

    >>> float(logpdf(np.array([1.0, 0.0]), np.zeros(2), np.diag([1.0, 0.0]), allow_singular=True).round(12))
    -1.418938533205
    """
    if find_top_trace((x, mean, cov)) is None:
        return native.multivariate_normal.logpdf(x, mean, cov, allow_singular)
    if allow_singular:
        if find_top_trace((cov,)) is None:
            return singular_logpdf(x, mean, np.asarray(cov))
        if np.linalg.matrix_rank(to_recorded(cov), hermitian=True) < anp.shape(cov)[-1]:
            raise NotImplementedError(
                "multivariate_normal has no derivative with respect to a singular covariance matrix. Take the plain "
                "matrix with getval(cov)."
            )
    if anp.ndim(cov) != 2 or anp.shape(x)[-1:] != anp.shape(cov)[1:] or anp.shape(x)[-1] == 1:
        return native.multivariate_normal.logpdf(x, mean, cov)
    return log_density(double(x) if mean is None else anp.subtract(double(x), mean), double(cov))


@primitive
def log_density(deviation, cov):
    """The logarithm of the density of points along the last axis, less the mean."""
    lower = np.linalg.cholesky(cov)
    whitened = np.linalg.solve(lower, deviation.reshape(-1, len(cov)).T)
    constant = 0.5 * len(cov) * math.log(2 * math.pi) + np.log(np.diagonal(lower)).sum()
    return (-0.5 * (whitened * whitened).sum(0) - constant).reshape(deviation.shape[:-1])[()]


def solved(deviation, cov):
    points = anp.reshape(deviation, (-1, anp.shape(cov)[0]))
    return anp.transpose(linalg.solve(cov, anp.transpose(points)))


# With s = Σ⁻¹ d: the derivatives are −s in d, and (s sᵀ − Σ⁻¹) / 2 in Σ.
def pull_deviation(g, ans, deviation, cov):
    return -anp.expand_dims(g, -1) * anp.reshape(solved(deviation, cov), anp.shape(deviation))


def pull_cov(g, ans, deviation, cov):
    s = solved(deviation, cov)
    return 0.5 * (anp.matmul(anp.transpose(anp.reshape(g, (-1, 1)) * s), s) - anp.sum(g) * linalg.inv(cov))


def push_deviation(t, ans, deviation, cov):
    return -anp.sum(anp.reshape(solved(deviation, cov), anp.shape(deviation)) * t, axis=-1)


def push_cov(t, ans, deviation, cov):
    s = solved(deviation, cov)
    squares = anp.reshape(anp.sum(anp.matmul(s, t) * s, axis=-1), anp.shape(ans))
    return 0.5 * (squares - anp.trace(linalg.solve(cov, t)))


defvjp(log_density, pull_deviation, pull_cov)
defjvp(log_density, push_deviation, push_cov)


def singular_logpdf(x: Any, mean: Any, cov: np.ndarray) -> Any:
    """The same for a plain matrix that may be singular."""
    size = max(anp.size(mean) if mean is not None else 1, *cov.shape, 1)
    matrix = cov * np.eye(size) if cov.ndim < 2 else cov
    deviation = anp.subtract(x, 0.0 if mean is None else mean)
    if anp.ndim(deviation) == 0 or size == 1:
        deviation = anp.expand_dims(deviation, -1)
    plain = partial(native.multivariate_normal.logpdf, mean=np.zeros(size), cov=matrix, allow_singular=True)
    products = anp.matmul(deviation, np.linalg.pinv(matrix, hermitian=True))
    value = plain(np.zeros(size)) - 0.5 * anp.sum(products * deviation, axis=-1)
    is_outside = anp.isneginf(plain(to_recorded(deviation)))
    return anp.where(is_outside, -np.inf, value) if anp.any(is_outside) else value


def pdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    """SciPy's function; derivatives as those of ``logpdf``.

    >>> float(pdf(0.0).round(12))
    0.398942280401
    """
    if find_top_trace((x, mean, cov)) is None:
        return native.multivariate_normal.pdf(x, mean, cov, allow_singular)
    return anp.exp(logpdf(x, mean, cov, allow_singular))


def entropy(mean: Any = None, cov: Any = 1) -> Any:
    """SciPy's function.

    >>> float(entropy(np.zeros(1), np.eye(1)).round(12))
    1.418938533205
    """
    if find_top_trace((cov,)) is None or anp.ndim(cov) != 2:
        return native.multivariate_normal.entropy(mean, cov)
    return 0.5 * linalg.slogdet(2 * math.pi * math.e * cov)[1]


# What else autograd's module has


def covgrad(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """The derivative of ``logpdf`` in ``cov``, for each point of ``x``."""
    return jacobian(logpdf, argnums=2)(x, mean, cov, allow_singular)


def generalized_outer_product(x: Any) -> Any:
    """x xᵀ of a vector, or of matrices of columns.

    >>> generalized_outer_product(np.array([1.0, 2.0]))
    array([[1., 2.],
           [2., 4.]])
    """
    columns = x[:, None] if anp.ndim(x) == 1 else x
    return anp.matmul(columns, anp.swapaxes(columns, -1, -2))


def solve(allow_singular: bool) -> Callable:
    """How covariance matrices are divided by."""
    return (lambda A, x: anp.dot(linalg.pinv(A), x)) if allow_singular else linalg.solve
