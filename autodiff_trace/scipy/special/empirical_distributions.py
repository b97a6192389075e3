"""Rules of the distributions of Kolmogorov, Smirnov and Tukey, which have forms of their own."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from . import wrapped as special
from .families import family_of, quiet_elementwise, refuse

# Kolmogorov's: 1 − √(2π)/x Σ exp(−(2k − 1)² π² / 8x²) for small x, 2 Σ (−1)ᵏ⁻¹ exp(−2 k² x²) for large (W. Feller, "On
# the Kolmogorov-Smirnov limit theorems for empirical distributions", Annals of Mathematical Statistics 19, 1948)

MIDDLE = 1.0


def kolmogorov_slope(ans, x):
    positive, large = anp.greater(x, 0), anp.greater(x, MIDDLE)
    x = anp.minimum(x, 30)  # where it is 0 long since
    low = anp.where(positive, anp.where(large, MIDDLE, x), MIDDLE)
    high = anp.where(large, x, MIDDLE)
    near = far = 0
    for k in range(1, 6):
        c = ((2 * k - 1) * math.pi) ** 2 / 8
        square = c / (low * low)
        near = near - math.sqrt(2 * math.pi) * (2 * square - 1) * anp.exp(-square - 2 * anp.log(low))
        far = far + 8 * (-1) ** k * k * k * high * anp.exp(-2 * k * k * high * high)
    return anp.where(large, far, anp.where(positive, near, 0))


quiet_elementwise(special.kolmogorov, kolmogorov_slope)


# Smirnov's: the sum over v ≤ n (1 − x) of C(n, v) x (x + v/n)^(v−1) (1 − x − v/n)^(n−v) (Z. W. Birnbaum, F. H. Tingey,
# "One-sided confidence contours for probability distribution functions", ibid. 22, 1951)


MOST_TERMS = 100_000


@family_of("(n) x")
def smirnov_derivative(n, x, order):
    if order == 0:
        return scipy.special.smirnov(n, x)
    n, x = np.broadcast_arrays(n, x)
    if np.any(n > MOST_TERMS):
        refuse(f"smirnov of more than {MOST_TERMS} observations", "x")
    total = falling(n, order) * (-1) ** order * (1 - x) ** (n - order)
    for v in range(1, int(np.nan_to_num(n * (1 - x), nan=0).max(initial=0)) + 1):
        a, b = x + v / n, 1 - x - v / n
        inner = [
            sum(
                math.comb(m, i) * falling(v - 1.0, i) * (-1) ** (m - i) * falling(n - v, m - i)
                * np.exp((v - 1 - i) * np.log(a) + (n - v - m + i) * np.log(np.maximum(b, 1e-300)) + log_binomial(n, v))
                for i in range(m + 1)
            )
            for m in (order, order - 1)
        ]
        total = total + np.where(b > 0, x * inner[0] + order * inner[1], 0)
    return np.where((x < 0) | (x > 1), np.nan, total)


def falling(a, n):
    return math.prod(a - i for i in range(n))


def log_binomial(n, v):
    return -np.log(n + 1) - scipy.special.betaln(np.maximum(n - v, 0) + 1, v + 1)


quiet_elementwise(special.smirnov, None, lambda ans, n, x: smirnov_derivative(n, x, 1))


# Tukey's lambda: the inverse of Q(p) = (p^λ − (1 − p)^λ) / λ, with slopes Q' = p^(λ−1) + (1 − p)^(λ−1) and ∂Q/∂λ


def tukey_density(ans, x, lmbda):
    """1 / Q', which is 0 beyond the support."""
    outside, p, q = tukey_shares(ans, x, lmbda)
    return anp.where(outside, 0, 1 / (p ** (lmbda - 1) + q ** (lmbda - 1)))


def tukey_shares(ans, x, lmbda):
    """Whether x is outside the support; p and 1 − p, with all digits; one half outside."""
    outside = anp.logical_and(anp.greater(lmbda, 0), anp.greater_equal(anp.absolute(x) * lmbda, 1))
    return outside, anp.where(outside, 0.5, ans), anp.where(outside, 0.5, special.tklmbda(-x, lmbda))


def tukey_in_lambda(ans, x, lmbda):
    outside, p, q = tukey_shares(ans, x, lmbda)
    log_p, log_q = anp.log(p), anp.log(q)
    # Near λ = 0 it is the series of (p^λ (λ log p − 1) − …) / λ² = Σ λᵏ (log p)ᵏ⁺² / (k! (k + 2)) − …
    small = anp.less(anp.absolute(lmbda) * (1 - log_p - log_q), 0.1)
    divisor = anp.where(small, 1, lmbda)
    far = (p**divisor * (divisor * log_p - 1) - q**divisor * (divisor * log_q - 1)) / (divisor * divisor)
    base, near = anp.where(small, lmbda, 0), 0
    for k in range(12):
        near = near + base**k * (log_p ** (k + 2) - log_q ** (k + 2)) / (math.factorial(k) * (k + 2))
    return -anp.where(small, near, far) * tukey_density(ans, x, lmbda)


quiet_elementwise(special.tklmbda, tukey_density, tukey_in_lambda)
