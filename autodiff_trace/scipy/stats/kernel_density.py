"""``gaussian_kde``: a density estimated from points, differentiable in the query, in the points and in the weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.stats

from ...core.errors import MissingRuleError, caller_line
from ...core.tracer import find_top_trace
from ...numpy import linalg
from ...numpy import wrapped as anp
from .. import special
from .distributions import double

__all__ = ["gaussian_kde"]


class gaussian_kde:
    """A density estimate with Gaussian kernels, as SciPy's: D. W. Scott, "Multivariate Density Estimation", 1992.

    Arguments:
        dataset: points, of shape (n,) or (d, n); may be traced.
        bw_method: "scott", "silverman", a number (which may be traced), or a function of the estimate.
        weights: of shape (n,), or None; may be traced.

    ``evaluate(points)`` (also ``kde(points)`` and ``pdf``) and ``logpdf(points)`` give the density at points of shape
    (m,) or (d, m), as an array of shape (m,). What else SciPy's class has is there for plain data.

    >>> import numpy as np
    >>> from autodiff_trace import grad
    >>> kde = gaussian_kde(np.array([0.0, 1.0, 3.0]))
    >>> round(float(grad(lambda x: kde(x)[0])(0.5)), 6)
    0.022564
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        self.plain = None
        if find_top_trace((dataset, bw_method, weights)) is None:
            self.plain = scipy.stats.gaussian_kde(dataset, bw_method, weights)
        self.dataset = anp.atleast_2d(double(dataset))
        self.d, self.n = self.dataset.shape
        if self.n < 2:
            raise ValueError("gaussian_kde: the dataset should have more than one point.")
        weights = np.ones(self.n) if weights is None else double(weights)
        self.weights = weights / anp.sum(weights)
        self.neff = 1 / anp.sum(self.weights * self.weights)
        self.bw_method = bw_method
        self.factor = self.covariance_factor()
        deviation = self.dataset - anp.sum(self.weights * self.dataset, axis=1, keepdims=True)
        self._data_covariance = anp.matmul(deviation * self.weights, deviation.T) / (1 - 1 / self.neff)
        self.covariance = self._data_covariance * self.factor**2

    def covariance_factor(self) -> Any:
        method = self.bw_method
        if method is None or isinstance(method, str) and method == "scott":
            return self.scotts_factor()
        if isinstance(method, str) and method == "silverman":
            return self.silverman_factor()
        if callable(method):
            return method(self)
        if isinstance(method, str):
            raise ValueError("`bw_method` should be 'scott', 'silverman', a scalar or a callable.")
        return method

    def scotts_factor(self) -> Any:
        return self.neff ** (-1 / (self.d + 4))

    def silverman_factor(self) -> Any:
        return (self.neff * (self.d + 2) / 4) ** (-1 / (self.d + 4))

    def logpdf(self, x: Any) -> Any:
        if self.plain is not None and find_top_trace((x,)) is None:
            return self.plain.logpdf(x)
        points = anp.atleast_2d(double(x))
        if points.shape[0] != self.d:
            if points.shape != (1, self.d):
                raise ValueError(f"points have dimension {points.shape[0]}, dataset has dimension {self.d}")
            points = points.T
        lower = linalg.cholesky(self.covariance)
        centres, points = linalg.solve(lower, self.dataset), linalg.solve(lower, points)
        deviation = points[:, :, None] - centres[:, None, :]
        exponents = -0.5 * anp.sum(deviation * deviation, axis=0)
        normalizer = 0.5 * self.d * math.log(2 * math.pi) + anp.sum(anp.log(anp.diagonal(lower)))
        return special.logsumexp(exponents, axis=1, b=self.weights) - normalizer

    def evaluate(self, points: Any) -> Any:
        if self.plain is not None and find_top_trace((points,)) is None:
            return self.plain.evaluate(points)
        return anp.exp(self.logpdf(points))

    pdf = __call__ = evaluate

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "plain":
            raise AttributeError(name)
        if self.plain is None:
            raise MissingRuleError(
                f"scipy.stats.gaussian_kde.{name} has no derivative here ({caller_line()}). There are those of "
                "evaluate and logpdf; build the estimate from to_numpy(dataset) if none is needed."
            )
        return getattr(self.plain, name)
