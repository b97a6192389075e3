"""Definitions of the distribution functions of probability by incomplete gamma and beta functions, and their rules.

Arguments that count (of the binomial, negative binomial and Poisson distributions) are whole numbers: between them
these functions are constant.
"""

from __future__ import annotations

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from . import wrapped as special
from .families import differentiate, family_of, quiet_elementwise, slopes_of



def counts(*numbers):
    """The whole numbers below; NaN of what is negative."""
    return [anp.where(anp.less(each, 0), np.nan, anp.floor(each)) for each in numbers]


# Gamma: Poisson's, χ² and gamma distributions, DLMF 8.2.4


@slopes_of(scipy.special.pdtr)
def pdtr(k, m):
    [k] = counts(k)
    return special.gammaincc(k + 1, m)


@slopes_of(scipy.special.pdtrc)
def pdtrc(k, m):
    [k] = counts(k)
    return special.gammainc(k + 1, m)


@slopes_of(scipy.special.pdtri)
def pdtri(k, y):
    [k] = counts(k)
    return special.gammainccinv(k + 1, y)


@slopes_of(scipy.special.chdtr)
def chdtr(v, x):
    return special.gammainc(0.5 * v, 0.5 * x)


@slopes_of(scipy.special.chdtrc)
def chdtrc(v, x):
    return special.gammaincc(0.5 * v, 0.5 * x)


@slopes_of(scipy.special.chdtri)
def chdtri(v, p):
    return 2 * special.gammainccinv(0.5 * v, p)


@slopes_of(scipy.special.gdtr)
def gdtr(a, b, x):
    return special.gammainc(b, a * x)


@slopes_of(scipy.special.gdtrc)
def gdtrc(a, b, x):
    return special.gammaincc(b, a * x)


# Beta: binomial, negative binomial and F distributions, DLMF 8.17.5


@slopes_of(scipy.special.bdtr)
def bdtr(k, n, p):
    k, n = counts(k, n)
    all_of_them = anp.equal(k, n)
    return anp.where(all_of_them, 1, special.betainc(anp.where(all_of_them, 1, n - k), k + 1, 1 - p))


@slopes_of(scipy.special.bdtrc)
def bdtrc(k, n, p):
    k, n = anp.floor(k), anp.floor(n)
    none, all_of_them = anp.less(k, 0), anp.equal(k, n)
    a, b = anp.where(none, 1, k + 1), anp.where(all_of_them, 1, n - k)
    return anp.where(none, 1, anp.where(all_of_them, 0, special.betainc(a, b, p)))


@slopes_of(scipy.special.bdtri)
def bdtri(k, n, y):
    k, n = counts(k, n)
    return 1 - special.betaincinv(n - k, k + 1, y)


@slopes_of(scipy.special.nbdtr)
def nbdtr(k, n, p):
    k, n = counts(k, n)
    return special.betainc(n, k + 1, p)


@slopes_of(scipy.special.nbdtrc)
def nbdtrc(k, n, p):
    k, n = counts(k, n)
    return special.betainc(k + 1, n, 1 - p)


@slopes_of(scipy.special.nbdtri)
def nbdtri(k, n, y):
    k, n = counts(k, n)
    return special.betaincinv(n, k + 1, y)


@slopes_of(scipy.special.fdtr)
def fdtr(dfn, dfd, x):
    return special.betainc(0.5 * dfn, 0.5 * dfd, dfn * x / (dfd + dfn * x))


@slopes_of(scipy.special.fdtrc)
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
