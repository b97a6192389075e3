"""The gamma and the beta density, to all digits also where their factors are far from one another.

Both are e^−D times a factor without exponentials, with the deviance D from the most probable point (C. Loader, "Fast
and accurate computation of binomial probabilities", 2000), so that parameters of a million cost no digits.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from .families import family

__all__ = ["beta_density", "gamma_density"]

LARGE = 20.0
"""From here on Stirling's series has all digits."""


def stirling_rest(a):
    """log Γ(a) − (a − 1/2) log a + a − log √2π, for large a: DLMF 5.11.1."""
    square = 1 / (a * a)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / a


def log1p_rest(u):
    """log(1 + u) − u, of which small u keep their digits: −u²/2 · 2F1(1, 2; 3; −u)."""
    is_small = np.abs(u) < 0.5
    small = np.where(is_small, u, 0)
    return np.where(is_small, -0.5 * small * small * scipy.special.hyp2f1(1, 2, 3, -small), np.log1p(u) - u)


def bell_polynomials(count, cumulants):
    """The complete Bell polynomials B₀ … B_count of cumulants c₁ …: what derivatives of e^f are made of."""
    values = [1.0]
    for n in range(count):
        values.append(sum([math.comb(n, k) * values[n - k] * cumulants[k] for k in range(n + 1)]))
    return values


@lambda compute: family(compute, "a x", x=lambda ans, a, x, order: gamma_density_slope(ans, a, x, order))
def gamma_density(a, x, order):
    """xᵃ⁻¹ e⁻ˣ / Γ(a), and its derivatives in a: log x − ψ(a) is the first cumulant."""
    safe = np.where(a > LARGE, a, LARGE)
    u = (x - safe) / safe
    large = np.exp(safe * log1p_rest(u) - stirling_rest(safe)) * np.sqrt(safe / (2 * np.pi)) / x
    density = np.where(a > LARGE, large, np.exp(scipy.special.xlogy(a - 1, x) - x - scipy.special.gammaln(a)))
    is_none = (a < 0) | (a == 0) & (order > 0)  # at 0 the density is that of the point 0, whose slope in a is another
    density = np.where((x < 0) | is_none, np.nan, np.where(np.isinf(x) | (x == 0) & (a > LARGE), 0, density))
    if order == 0:
        return density
    cumulants = [np.log(x) - scipy.special.psi(a), *[-scipy.special.polygamma(n, a) for n in range(1, order)]]
    return np.where(density == 0, 0, density * bell_polynomials(order, cumulants)[order])


def gamma_density_slope(ans, a, x, order):
    """∂ₓ f = (a − 1) f(x) / x − f(x); each derivative of the factor a gives one term more."""
    slope = ans * ((a - 1) / anp.where(anp.equal(a, 1), 1 + 0 * x, x) - 1)
    return slope + order * gamma_density(a, x, order - 1) / x if order else slope


@lambda compute: family(compute, "a b x", x=lambda ans, a, b, x, i, j: beta_density_slope(ans, a, b, x, i, j))
def beta_density(a, b, x, i, j):
    """xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b), and its derivatives of orders i in a and j in b."""
    y = 1 - x
    is_large = (a > LARGE) & (b > LARGE)
    p, q = np.where(is_large, a, LARGE), np.where(is_large, b, LARGE)
    total = p + q
    u = (x * total - p) / p
    v = (y * total - q) / q
    deviance = p * log1p_rest(u) + q * log1p_rest(v)
    rest = stirling_rest(total) - stirling_rest(p) - stirling_rest(q)
    large = np.where(x * y == 0, 0, np.exp(deviance + rest) * np.sqrt(p / total * q / (2 * np.pi)) / (x * y))
    plain = np.exp(scipy.special.xlogy(a - 1, x) + scipy.special.xlog1py(b - 1, -x) - scipy.special.betaln(a, b))
    density = np.where(is_large, large, plain)
    density = np.where((x < 0) | (x > 1) | (a <= 0) | (b <= 0), np.nan, density)
    if i == j == 0:
        return density
    return np.where(density == 0, 0, density * beta_moments(a, b, x, i, j))


def beta_moments(a, b, x, i, j):
    """The derivative of the density over the density: of e^f, where f = a log x + b log(1 − x) − log B(a, b)."""
    psi, polygamma = scipy.special.psi, scipy.special.polygamma

    def cumulant(m, n):
        """∂ᵐ⁺ⁿ f / ∂aᵐ ∂bⁿ."""
        if m + n == 1:
            return (np.log(x) - psi(a) if m else np.log1p(-x) - psi(b)) + psi(a + b)
        joint = polygamma(m + n - 1, a + b)
        return joint if m and n else joint - polygamma(m + n - 1, a if m else b)

    values = {(0, 0): 1.0}
    for m in range(i + 1):  # by Leibniz's rule of f' e^f, in a where there is an order in it
        for n in range(j + 1):
            if m:
                terms = [(k, h) for k in range(m) for h in range(n + 1)]
                values[m, n] = sum([
                    math.comb(m - 1, k) * math.comb(n, h) * values[m - 1 - k, n - h] * cumulant(k + 1, h)
                    for k, h in terms
                ])
            elif n:
                values[m, n] = sum([
                    math.comb(n - 1, k) * values[m, n - 1 - k] * cumulant(0, k + 1) for k in range(n)
                ])
    return values[i, j]


def beta_density_slope(ans, a, b, x, i, j):
    slope = ans * ((a - 1) / x - (b - 1) / (1 - x))
    slope = slope + i * beta_density(a, b, x, i - 1, j) / x if i else slope
    return slope - j * beta_density(a, b, x, i, j - 1) / (1 - x) if j else slope
