"""Multivariate families of SciPy: log densities by traced linear algebra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.stats

from ...core.errors import MissingRuleError, caller_line
from ...core.recording import to_recorded
from ...core.tracebacks import border
from ...core.tracer import find_top_trace
from ...numpy import linalg
from ...numpy import wrapped as anp
from .. import special
from .distributions import Frozen, double

__all__ = ["Multivariate"]

LOG_TWO_PI = math.log(2 * math.pi)


class Multivariate:
    """One of SciPy's multivariate distributions; calls without traced values go to SciPy's object.

    Arguments:
        name: SciPy's.
        log: ``log(x, …)`` by SciPy's names of the parameters: the logarithm of the density or of the probability.
        entropy: the same without ``x``, where there is a closed form.
    """

    def __init__(self, name: str, log: Any, entropy: Any = None) -> None:
        self.name = name
        self.plain = getattr(scipy.stats, name)
        self.kind = "pmf" if hasattr(self.plain, "pmf") else "pdf"
        self.functions = {f"log{self.kind}": log, self.kind: lambda *args, **kwargs: anp.exp(log(*args, **kwargs))}
        if entropy is not None:
            self.functions["entropy"] = entropy
        self.methods = tuple(self.functions)
        self.__doc__ = self.plain.__doc__

    @border
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        is_traced = find_top_trace((*args, *kwargs.values())) is not None
        return Frozen(self, args, kwargs, None if is_traced else self.plain(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        plain = getattr(self.plain, name)
        if not callable(plain):
            return plain
        traced = self.functions.get(name)

        def method(*args, **kwargs):
            if find_top_trace((*args, *kwargs.values())) is None:
                return plain(*args, **kwargs)
            if traced is None:
                raise MissingRuleError(
                    f"scipy.stats.{self.name}.{name} has no derivative here ({caller_line()}). There are those of "
                    f"{', '.join(self.methods)}; take plain values with to_numpy(x) if none is needed."
                )
            return traced(*args, **kwargs)

        method.__name__ = name
        return method

    def __repr__(self) -> str:
        return f"<autodiff_trace.scipy.stats.{self.name}>"


def factor(name: str, matrix: Any) -> Any:
    """The lower Cholesky factor. ValueError, as SciPy's, if the matrix is not positive definite."""
    try:
        return linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"{name}: the matrix must be symmetric positive definite ({caller_line()}); for singular ones there is no "
            "derivative."
        ) from error


def log_determinant(lower: Any) -> Any:
    return 2 * anp.sum(anp.log(anp.diagonal(lower, axis1=-2, axis2=-1)), axis=-1)


def squared_lengths(x: Any, mean: Any, matrix: Any, name: str) -> tuple:
    """(x − m)ᵀ M⁻¹ (x − m) for the points along the last axis, the dimension, and log det M."""
    x, matrix = double(x), double(matrix)
    mean = None if mean is None else double(mean)
    size = max(anp.shape(mean)[-1:] or (1,)) if mean is not None else max(anp.shape(matrix)[-1:] or (1,))
    if anp.ndim(matrix) == 0:
        matrix = matrix * np.eye(size)
    elif anp.ndim(matrix) == 1:
        matrix = anp.diag(matrix)
    size = matrix.shape[-1]
    if anp.ndim(x) == 0:
        x = anp.reshape(x, (1,))
    elif anp.ndim(x) == 1 and size == 1:
        x = anp.expand_dims(x, -1)
    if x.shape[-1] != size:
        raise ValueError(f"{name}: points have {x.shape[-1]} numbers, the matrix has shape {matrix.shape}.")
    deviation = x if mean is None else x - anp.reshape(mean, (-1,))
    lower = factor(name, matrix)
    whitened = linalg.solve(lower, anp.reshape(deviation, (-1, size)).T)
    return anp.reshape(anp.sum(whitened * whitened, axis=0), deviation.shape[:-1]), size, log_determinant(lower)


def refuse_singular(name: str, allow_singular: bool) -> None:
    if allow_singular:
        raise ValueError(f"{name}: there is no derivative with allow_singular=True ({caller_line()}).")


def normal_logpdf(x, mean=None, cov=1, allow_singular=False):
    refuse_singular("multivariate_normal", allow_singular)
    square, size, log_det = squared_lengths(x, mean, cov, "multivariate_normal")
    return -0.5 * (size * LOG_TWO_PI + log_det + square)


def normal_entropy(mean=None, cov=1):
    _, size, log_det = squared_lengths(0 * double(cov)[0] if mean is None else mean, mean, cov, "multivariate_normal")
    return 0.5 * (size * (LOG_TWO_PI + 1) + log_det)


def t_logpdf(x, loc=None, shape=1, df=1, allow_singular=False):
    refuse_singular("multivariate_t", allow_singular)
    square, size, log_det = squared_lengths(x, loc, shape, "multivariate_t")
    df = double(df)
    gammas = special.gammaln(0.5 * (df + size)) - special.gammaln(0.5 * df)
    return gammas - 0.5 * (size * anp.log(math.pi * df) + log_det) - 0.5 * (df + size) * anp.log1p(square / df)


def dirichlet_logpdf(x, alpha):
    x, alpha = double(x), double(alpha)
    if x.shape[0] + 1 == alpha.shape[0]:
        x = anp.concatenate([x, 1 - anp.sum(x, axis=0, keepdims=True)])
    if x.shape[0] != alpha.shape[0]:
        raise ValueError(f"dirichlet: x has {x.shape[0]} parts, alpha {alpha.shape[0]} ({caller_line()}).")
    if anp.any(to_recorded(alpha) <= 0) or anp.any(to_recorded(x) < 0):
        raise ValueError(f"dirichlet: alpha must be above 0, and the parts of x not below ({caller_line()}).")
    normalizer = anp.sum(special.gammaln(alpha)) - special.gammaln(anp.sum(alpha))
    return anp.sum(special.xlogy((alpha - 1), x.T).T, axis=0) - normalizer


def dirichlet_entropy(alpha):
    alpha = double(alpha)
    total = anp.sum(alpha)
    return (
        anp.sum(special.gammaln(alpha)) - special.gammaln(total) + (total - alpha.shape[0]) * special.psi(total)
        - anp.sum((alpha - 1) * special.psi(alpha))
    )


def multinomial_logpmf(x, n, p):
    """Of counts along the last axis. As in SciPy the last probability is what the others leave."""
    x, p = np.asarray(x, float), double(p)
    p = anp.concatenate([p[..., :-1], 1 - anp.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
    is_there = (x.sum(-1) == n) & (x >= 0).all(-1) & (x == np.floor(x)).all(-1)
    value = special.gammaln(np.asarray(n) + 1.0) + anp.sum(
        special.xlogy(np.maximum(x, 0), p) - special.gammaln(np.maximum(x, 0) + 1), axis=-1
    )
    return anp.where(is_there, value, -np.inf)


def wishart_parts(x, scale, name):
    """x and the scale as matrices, their size, their factors, and whether there is one matrix alone."""
    x, scale = double(x), double(scale)
    scale = anp.reshape(scale, (1, 1)) if anp.ndim(scale) == 0 else anp.diag(scale) if anp.ndim(scale) == 1 else scale
    size = scale.shape[0]
    if anp.ndim(x) < 2:
        x = anp.reshape(x, (1, 1, -1)) if size == 1 else anp.diag(x)
    matrices = anp.moveaxis(x, -1, 0) if anp.ndim(x) == 3 else x[None]
    return matrices, scale, size, factor(name, matrices), factor(name, scale)


def wishart_logpdf(x, df, scale):
    matrices, scale, size, x_lower, lower = wishart_parts(x, scale, "wishart")
    df = double(df)
    trace = anp.trace(linalg.solve(scale[None], matrices), axis1=-2, axis2=-1)
    value = (
        0.5 * (df - size - 1) * log_determinant(x_lower) - 0.5 * trace - 0.5 * df * size * math.log(2)
        - 0.5 * df * log_determinant(lower) - special.multigammaln(0.5 * df, size)
    )
    return value if anp.ndim(x) == 3 or size == 1 and anp.ndim(x) == 1 else value[0]


def invwishart_logpdf(x, df, scale):
    matrices, scale, size, x_lower, lower = wishart_parts(x, scale, "invwishart")
    df = double(df)
    trace = anp.trace(linalg.solve(matrices, anp.broadcast_to(scale, matrices.shape)), axis1=-2, axis2=-1)
    value = (
        0.5 * df * log_determinant(lower) - 0.5 * trace - 0.5 * df * size * math.log(2)
        - special.multigammaln(0.5 * df, size) - 0.5 * (df + size + 1) * log_determinant(x_lower)
    )
    return value if anp.ndim(x) == 3 or size == 1 and anp.ndim(x) == 1 else value[0]


multivariate_normal = Multivariate("multivariate_normal", normal_logpdf, normal_entropy)
multivariate_t = Multivariate("multivariate_t", t_logpdf)
dirichlet = Multivariate("dirichlet", dirichlet_logpdf, dirichlet_entropy)
multinomial = Multivariate("multinomial", multinomial_logpmf)
wishart = Multivariate("wishart", wishart_logpdf)
invwishart = Multivariate("invwishart", invwishart_logpdf)
