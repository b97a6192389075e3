"""Special functions and distributions of SciPy: a Bayesian fit of a rate."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import elementwise_grad, grad, numpy as anp, scipy
from autodiff_trace.scipy import special, stats
from autodiff_trace.scipy.special import gammaln


def log_posterior(rate: float, counts: NDArray[np.float64], shape: float = 2.0) -> float:
    log_likelihood = anp.sum(counts) * anp.log(rate) - counts.size * rate - anp.sum(gammaln(counts + 1.0))
    return log_likelihood + stats.gamma.logpdf(rate, shape)


def digamma_by_gradient(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return elementwise_grad(special.gammaln)(x)


def tail(threshold: float, loc: float = 0.0) -> float:
    frozen = stats.norm(loc, 2.0)
    return 1.0 - frozen.cdf(threshold)


def main() -> None:
    counts = np.array([3.0, 1.0, 4.0])
    assert abs(grad(log_posterior)(8.0 / 3.0, counts)) < 2.0
    x = np.array([0.5, 1.0, 2.5])
    assert np.allclose(digamma_by_gradient(x), special.digamma(x))
    assert grad(tail)(0.3) < 0.0
    assert scipy.special.expit(0.0) == 0.5
    assert special.jv(0, 0.0) == 1.0
    assert special.logsumexp(x, axis=0) > 2.5
