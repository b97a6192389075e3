"""Families on an interval. The standard forms are those of SciPy."""

from __future__ import annotations

import math

from ...numpy import wrapped as anp
from .. import special
from .continuous import Continuous
from .distributions import all_of
from .log_tails import log_betainc
from .real_families import HALF_LOG_TWO_PI, LOG_TWO, log_normal_density

# Truncated: all is computed of the side where the distribution function is small


def log_mass(a, b):
    """log(Φ(b) − Φ(a))."""
    is_right = a > 0
    lower, upper = special.log_ndtr(anp.where(is_right, -b, a)), special.log_ndtr(anp.where(is_right, -a, b))
    return upper + anp.log(-anp.expm1(lower - upper))


def truncated_quantile(q, log_rest, a, b):
    """From the left end where that is not right of 0, else from the right one, with what is left above."""
    is_right = a > 0
    mass = log_mass(a, b)
    near = anp.logaddexp(special.log_ndtr(anp.where(is_right, -b, a)), anp.where(is_right, log_rest, q) + mass)
    return anp.where(is_right, -1.0, 1.0) * special.ndtri_exp(near)


def edge(x):
    """x φ(x), 0 at infinity."""
    is_finite = anp.isfinite(x)
    x = anp.where(is_finite, x, 0.0)
    return x * anp.exp(log_normal_density(x)), anp.where(is_finite, anp.exp(log_normal_density(x)), 0.0)


def truncated_moments(a, b):
    mass = anp.exp(log_mass(a, b))
    (a_edge, a_density), (b_edge, b_density) = edge(a), edge(b)
    return mass, (a_density - b_density) / mass, (a_edge - b_edge) / mass


truncnorm = Continuous(
    "truncnorm", "a b", lambda a, b: a < b, support=(lambda a, b: a, lambda a, b: b),
    logpdf=lambda x, a, b: log_normal_density(x) - log_mass(a, b),
    logcdf=lambda x, a, b: log_mass(a, x) - log_mass(a, b), logsf=lambda x, a, b: log_mass(x, b) - log_mass(a, b),
    cdf=lambda x, a, b: anp.exp(log_mass(a, x) - log_mass(a, b)),
    sf=lambda x, a, b: anp.exp(log_mass(x, b) - log_mass(a, b)),
    ppf=lambda q, a, b: truncated_quantile(anp.log(q), anp.log1p(-q), a, b),
    isf=lambda q, a, b: truncated_quantile(anp.log1p(-q), anp.log(q), a, b),
    entropy=lambda a, b: HALF_LOG_TWO_PI + 0.5 + log_mass(a, b) + truncated_moments(a, b)[2] / 2,
    mean=lambda a, b: truncated_moments(a, b)[1],
    var=lambda a, b: 1 + truncated_moments(a, b)[2] - truncated_moments(a, b)[1] ** 2,
)
uniform = Continuous(
    "uniform", support=(0.0, 1.0), logpdf=lambda x: 0 * x, cdf=lambda x: x, sf=lambda x: 1 - x, ppf=lambda q: q,
    isf=lambda q: 1 - q, entropy=lambda: 0.0, mean=lambda: 0.5, var=lambda: 1 / 12,
)
beta = Continuous(
    "beta", "a b", support=(0.0, 1.0),
    logpdf=lambda x, a, b: special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b),
    cdf=lambda x, a, b: special.betainc(a, b, x), sf=lambda x, a, b: special.betaincc(a, b, x),
    logcdf=lambda x, a, b: log_betainc(a, b, x, 1 - x), logsf=lambda x, a, b: log_betainc(b, a, 1 - x, x),
    ppf=lambda q, a, b: special.betaincinv(a, b, q), isf=lambda q, a, b: special.betainccinv(a, b, q),
    entropy=lambda a, b: (
        special.betaln(a, b) - (a - 1) * (special.psi(a) - special.psi(a + b))
        - (b - 1) * (special.psi(b) - special.psi(a + b))
    ),
    mean=lambda a, b: a / (a + b), var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
)
powerlaw = Continuous(
    "powerlaw", "a", support=(0.0, 1.0), logpdf=lambda x, a: anp.log(a) + special.xlogy(a - 1, x),
    cdf=lambda x, a: x**a, sf=lambda x, a: -anp.expm1(a * anp.log(x)), ppf=lambda q, a: q ** (1 / a),
    isf=lambda q, a: anp.exp(anp.log1p(-q) / a), entropy=lambda a: 1 - 1 / a - anp.log(a),
    mean=lambda a: a / (a + 1), var=lambda a: a / ((a + 2) * (a + 1) ** 2),
)
triang = Continuous(
    "triang", "c", lambda c: all_of(c >= 0, c <= 1), support=(0.0, 1.0),
    logpdf=lambda x, c: LOG_TWO + anp.where(
        x < c, anp.log(x) - anp.log(anp.where(x < c, c, 1.0)), anp.log1p(-x) - anp.log1p(-anp.where(x < c, 0.0, c))
    ),
    cdf=lambda x, c: anp.where(
        x < c, x * x / anp.where(x < c, c, 1.0), 1 - (1 - x) ** 2 / (1 - anp.where(x < c, 0.0, c))
    ),
    ppf=lambda q, c: anp.where(q < c, anp.sqrt(c * q), 1 - anp.sqrt((1 - c) * (1 - q))),
    entropy=lambda c: 0.5 - LOG_TWO + 0 * c, mean=lambda c: (c + 1) / 3, var=lambda c: (1 - c + c * c) / 18,
)
loguniform = Continuous(
    "loguniform", "a b", lambda a, b: all_of(a > 0, b > a), support=(lambda a, b: a, lambda a, b: b),
    logpdf=lambda x, a, b: -anp.log(x) - anp.log(anp.log(b / a)),
    cdf=lambda x, a, b: anp.log(x / a) / anp.log(b / a), sf=lambda x, a, b: anp.log(b / x) / anp.log(b / a),
    ppf=lambda q, a, b: a * anp.exp(q * anp.log(b / a)), isf=lambda q, a, b: b * anp.exp(-q * anp.log(b / a)),
    entropy=lambda a, b: 0.5 * anp.log(a * b) + anp.log(anp.log(b / a)),
)
wrapcauchy = Continuous(
    "wrapcauchy", "c", lambda c: all_of(c > 0, c < 1), support=(0.0, 2 * math.pi),
    logpdf=lambda x, c: anp.log1p(-c * c) - math.log(2 * math.pi) - anp.log1p(c * c - 2 * c * anp.cos(x)),
    cdf=lambda x, c: anp.mod(2 * anp.arctan2((1 + c) * anp.sin(0.5 * x), (1 - c) * anp.cos(0.5 * x)), 2 * math.pi)
    / (2 * math.pi),
    ppf=lambda q, c: 2 * anp.arctan2((1 - c) * anp.sin(math.pi * q), (1 + c) * anp.cos(math.pi * q)),
    entropy=lambda c: math.log(2 * math.pi) + anp.log1p(-c * c),
)
