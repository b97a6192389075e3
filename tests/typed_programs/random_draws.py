"""Reparametrised draws: plain noise from a generator, derivatives of what is computed of it."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp
from autodiff_trace.numpy import random

Vector = NDArray[np.float64]


def evidence_lower_bound(params: tuple[Vector, Vector], noise: Vector) -> float:
    mean, log_scale = params
    draws = mean + anp.exp(log_scale) * noise
    log_density = -0.5 * anp.sum(draws**2, axis=1)
    return anp.mean(log_density) + anp.sum(log_scale)


def main() -> None:
    random.seed(0)
    noise: Vector = random.normal(size=(20, 3))
    rng = random.default_rng(1)
    more = anp.random.standard_normal((20, 3)) + rng.uniform(size=3)
    params = (np.zeros(3), np.zeros(3))
    d_mean, d_scale = grad(evidence_lower_bound)(params, noise + 0.0 * more)
    assert d_mean.shape == d_scale.shape == (3,)
