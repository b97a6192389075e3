"""A Gaussian process: kernels, Cholesky factors, determinants, and other factorisations."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp
from autodiff_trace.numpy import linalg
from autodiff_trace.scipy import linalg as sla

Array = NDArray[np.float64]


def kernel(x: Array, scale: float) -> Array:
    return anp.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / scale**2) + 1e-3 * anp.eye(len(x))


def evidence(log_scale: float, x: Array, y: Array) -> float:
    K = kernel(x, anp.exp(log_scale))
    L = linalg.cholesky(K)
    alpha = anp.linalg.solve(L.T, anp.linalg.solve(L, y))
    return 0.5 * y @ alpha + anp.sum(anp.log(anp.diag(L)))


def log_determinant(A: Array) -> float:
    sign, value = anp.linalg.slogdet(A)
    return sign * value


def spectral_gap(A: Array) -> float:
    values, vectors = anp.linalg.eigh(A)
    return values[-1] - values[-2]


def nuclear_norm(A: Array) -> float:
    return anp.sum(anp.linalg.svd(A, compute_uv=False)) + 0.0 * anp.linalg.norm(A, ord="fro")


def main() -> None:
    x = np.linspace(0.0, 1.0, 5)
    assert np.isfinite(grad(evidence)(-1.0, x, np.sin(x)))
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert np.allclose(grad(log_determinant)(A), np.linalg.inv(A).T)
    assert grad(spectral_gap)(A).shape == (2, 2)
    assert grad(nuclear_norm)(A).shape == (2, 2)
    q, r = anp.linalg.qr(A)
    assert np.allclose(q @ r, A)
    assert np.allclose(sla.expm(np.zeros((2, 2))), np.eye(2))
    solved: Array = sla.cho_solve(sla.cho_factor(A), np.ones(2))
    assert np.allclose(A @ solved, 1.0)
