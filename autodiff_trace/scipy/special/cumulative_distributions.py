"""Definitions of the distribution functions of probability by incomplete gamma and beta functions, and their rules.

Arguments that count (of the binomial, negative binomial and Poisson distributions) are whole numbers: between them
these functions are constant.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import define
from ...numpy.error_states import quiet
from . import wrapped as special
from .families import differentiate, family_of, quiet_elementwise



def counts(*numbers):
    """The whole numbers below; NaN of what is negative."""
    return [anp.where(anp.less(each, 0), np.nan, anp.floor(each)) for each in numbers]


# Gamma: Poisson's, χ² and gamma distributions, DLMF 8.2.4


@define(scipy.special.pdtr)
@quiet
def pdtr(k, m):
    [k] = counts(k)
    return special.gammaincc(k + 1, m)


@define(scipy.special.pdtrc)
@quiet
def pdtrc(k, m):
    [k] = counts(k)
    return special.gammainc(k + 1, m)


@define(scipy.special.pdtri)
@quiet
def pdtri(k, y):
    [k] = counts(k)
    return special.gammainccinv(k + 1, y)


@define(scipy.special.chdtr)
@quiet
def chdtr(v, x):
    return special.gammainc(0.5 * v, 0.5 * x)


@define(scipy.special.chdtrc)
@quiet
def chdtrc(v, x):
    return special.gammaincc(0.5 * v, 0.5 * x)


@define(scipy.special.chdtri)
@quiet
def chdtri(v, p):
    return 2 * special.gammainccinv(0.5 * v, p)


@define(scipy.special.gdtr)
@quiet
def gdtr(a, b, x):
    return special.gammainc(b, a * x)


@define(scipy.special.gdtrc)
@quiet
def gdtrc(a, b, x):
    return special.gammaincc(b, a * x)


# Beta: binomial, negative binomial and F distributions, DLMF 8.17.5


@define(scipy.special.bdtr)
@quiet
def bdtr(k, n, p):
    k, n = counts(k, n)
    all_of_them = anp.equal(k, n)
    return anp.where(all_of_them, 1, special.betainc(anp.where(all_of_them, 1, n - k), k + 1, 1 - p))


@define(scipy.special.bdtrc)
@quiet
def bdtrc(k, n, p):
    k, n = anp.floor(k), anp.floor(n)
    none, all_of_them = anp.less(k, 0), anp.equal(k, n)
    a, b = anp.where(none, 1, k + 1), anp.where(all_of_them, 1, n - k)
    return anp.where(none, 1, anp.where(all_of_them, 0, special.betainc(a, b, p)))


@define(scipy.special.bdtri)
@quiet
def bdtri(k, n, y):
    k, n = counts(k, n)
    return 1 - special.betaincinv(n - k, k + 1, y)


@define(scipy.special.nbdtr)
@quiet
def nbdtr(k, n, p):
    k, n = counts(k, n)
    return special.betainc(n, k + 1, p)


@define(scipy.special.nbdtrc)
@quiet
def nbdtrc(k, n, p):
    k, n = counts(k, n)
    return special.betainc(k + 1, n, 1 - p)


@define(scipy.special.nbdtri)
@quiet
def nbdtri(k, n, y):
    k, n = counts(k, n)
    return special.betaincinv(n, k + 1, y)


@define(scipy.special.fdtr)
@quiet
def fdtr(dfn, dfd, x):
    return special.betainc(0.5 * dfn, 0.5 * dfd, dfn * x / (dfd + dfn * x))


@define(scipy.special.fdtrc)
@quiet
def fdtrc(dfn, dfd, x):
    return special.betainc(0.5 * dfd, 0.5 * dfn, dfd / (dfd + dfn * x))


# Student's: with density f, (ν + t²) f' = −(ν + 1) t f, of which further derivatives follow


def log_gamma_quotient(z):
    """log(Γ(z + ½) / Γ(z)), DLMF 5.11.13, of which the difference loses digits for large z."""
    large = z > 50
    far = np.where(large, z, 50)
    expansion = 0.5 * np.log(far) - 1 / (8 * far) + 1 / (192 * far**3) - 1 / (640 * far**5)
    return np.where(large, expansion, scipy.special.gammaln(z + 0.5) - scipy.special.gammaln(z))


@family_of("df t")
def stdtr_derivative(df, t, i, j):
    df, t = np.broadcast_arrays(np.minimum(df, 1e300), t)

    def in_t(df):
        if j == 0:
            return scipy.special.stdtr(df, t)
        log = log_gamma_quotient(0.5 * df) - 0.5 * (df + 1) * np.log1p(t * t / df) - 0.5 * np.log(np.pi * df)
        values = [np.exp(log)]
        for m in range(j - 1):
            lower = m * values[m - 1] if m else 0
            values.append(-((df + 1 + 2 * m) * t * values[m] + (df + m) * lower) / (df + t * t))
        return values[j - 1]

    radius = np.minimum(df / 4, 4 / np.maximum(np.log1p(t * t / df), 1e-300))
    return differentiate(in_t, df, radius, i, "stdtr in df")


quiet_elementwise(
    special.stdtr, lambda ans, df, t: stdtr_derivative(df, t, 1, 0), lambda ans, df, t: stdtr_derivative(df, t, 0, 1)
)


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


@family_of("(n) x")
def smirnov_derivative(n, x, order):
    if order == 0:
        return scipy.special.smirnov(n, x)
    n, x = np.broadcast_arrays(n, x)
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
