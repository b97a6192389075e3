"""Butcher tableaus: SciPy's explicit Runge–Kutta methods with their interpolants, and Radau's collocation methods."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.integrate import DOP853

__all__ = ["Tableau", "explicit_tableau", "radau_tableau"]


class Tableau(NamedTuple):
    """A Runge–Kutta method: K_j = f(t + c_j h, y + h Σ A_jl K_l), and y(t + x h) = y + h Σ w_j(x) K_j."""

    A: np.ndarray
    b: np.ndarray
    c: np.ndarray
    weights: Callable[[np.ndarray], np.ndarray] | None
    """From numbers x of shape (m,) to w(x) of shape (m, stages)."""
    is_explicit: bool

    def first(self, count: int) -> Tableau:
        """The first stages alone, which are enough for the ends of steps."""
        return Tableau(self.A[:count, :count], self.b[:count], self.c[:count], None, self.is_explicit)


@functools.cache
def explicit_tableau(method: type) -> Tableau:
    """The method of a class of SciPy, with the stages that its interpolant needs: f at the end of the step, and of
    DOP853 three more."""
    stages = method.n_stages
    extra = method.A_EXTRA if issubclass(method, DOP853) else np.zeros((0, stages + 1))
    count = stages + 1 + len(extra)
    A = np.zeros((count, count))
    A[:stages, : method.A.shape[1]] = method.A
    A[stages, :stages] = method.B
    A[stages + 1 :, : extra.shape[1]] = extra
    b = np.concatenate([method.B, np.zeros(count - stages)])
    c = np.concatenate([method.C, [1.0], method.C_EXTRA if len(extra) else []])
    weights = functools.partial(dop853_weights if len(extra) else polynomial_weights, method)
    return Tableau(A, b, c, weights, True)


def polynomial_weights(method, x):
    """Of RK23 and RK45: y(t + x h) = y + h Kᵀ P (x, x², …)."""
    return x[:, None] ** np.arange(1, method.P.shape[1] + 1) @ method.P.T


def dop853_weights(method, x):
    """Of DOP853: y(t + x h) = y + x (F₀ + (1 − x) (F₁ + x (F₂ + …))), in which F is linear in K."""
    stages = method.n_stages
    F = np.zeros((3 + len(method.D), method.D.shape[1]))
    F[0, :stages] = method.B
    F[1] = -F[0]
    F[1, 0] += 1
    F[2] = 2 * F[0]
    F[2, [0, stages]] -= 1
    F[3:] = method.D
    factors = np.where(np.arange(len(F)) % 2, 1 - x[:, None], x[:, None])
    return np.cumprod(factors, axis=1) @ F


@functools.cache
def radau_tableau(stages: int) -> Tableau:
    """Radau IIA of order 2·stages − 1 (Hairer, Wanner, Solving Ordinary Differential Equations II, IV.5): collocation
    at the zeros of P_s(2x − 1) − P_{s−1}(2x − 1). It is stiffly accurate, b is the last row of A."""
    series = np.zeros(stages + 1)
    series[[stages - 1, stages]] = -1, 1
    c = (np.sort(np.polynomial.legendre.legroots(series).real) + 1) / 2
    c[-1] = 1.0
    powers = np.arange(stages)
    # ∫₀^{c_j} ℓ_l = Σ_k c_j^(k+1) / (k+1) (V⁻¹)_kl for the Vandermonde matrix V of the nodes.
    A = (c[:, None] ** (powers + 1) / (powers + 1)) @ np.linalg.inv(c[:, None] ** powers)
    return Tableau(A, A[-1], c, None, False)
