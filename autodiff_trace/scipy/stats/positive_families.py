"""Families of positive numbers. The standard forms are those of SciPy."""

from __future__ import annotations

import math

import scipy.stats

from ...numpy import wrapped as anp
from .. import special
from .continuous import INFINITE, Continuous
from .log_tails import log_betainc, log_gammainc, log_gammaincc, log_rest
from .numeric import quantile_of
from .real_families import EULER, HALF_LOG_TWO_PI, LOG_TWO, ROOT_HALF, any_shape

POSITIVE = 0.0, INFINITE


def on_positive(name, shapes="", **standard):
    return Continuous(name, shapes, support=POSITIVE, **standard)


def gamma_entropy(a):
    return a + special.gammaln(a) + (1 - a) * special.psi(a)


gamma, erlang = [
    on_positive(
        name, "a", logpdf=lambda x, a: special.xlogy(a - 1, x) - x - special.gammaln(a),
        cdf=lambda x, a: special.gammainc(a, x), sf=lambda x, a: special.gammaincc(a, x),
        logcdf=lambda x, a: log_gammainc(a, x), logsf=lambda x, a: log_gammaincc(a, x),
        ppf=lambda q, a: special.gammaincinv(a, q), isf=lambda q, a: special.gammainccinv(a, q),
        entropy=gamma_entropy, mean=lambda a: a, var=lambda a: a,
    )
    for name in ("gamma", "erlang")
]
chi2 = on_positive(
    "chi2", "df",
    logpdf=lambda x, df: special.xlogy(0.5 * df - 1, x) - 0.5 * x - special.gammaln(0.5 * df) - 0.5 * LOG_TWO * df,
    cdf=lambda x, df: special.gammainc(0.5 * df, 0.5 * x), sf=lambda x, df: special.gammaincc(0.5 * df, 0.5 * x),
    logcdf=lambda x, df: log_gammainc(0.5 * df, 0.5 * x), logsf=lambda x, df: log_gammaincc(0.5 * df, 0.5 * x),
    ppf=lambda q, df: 2 * special.gammaincinv(0.5 * df, q), isf=lambda q, df: 2 * special.gammainccinv(0.5 * df, q),
    entropy=lambda df: gamma_entropy(0.5 * df) + LOG_TWO, mean=lambda df: df, var=lambda df: 2 * df,
)
chi = on_positive(
    "chi", "df",
    logpdf=lambda x, df: LOG_TWO * (1 - 0.5 * df) - special.gammaln(0.5 * df) + special.xlogy(df - 1, x) - 0.5 * x * x,
    cdf=lambda x, df: special.gammainc(0.5 * df, 0.5 * x * x),
    sf=lambda x, df: special.gammaincc(0.5 * df, 0.5 * x * x),
    logcdf=lambda x, df: log_gammainc(0.5 * df, 0.5 * x * x), logsf=lambda x, df: log_gammaincc(0.5 * df, 0.5 * x * x),
    ppf=lambda q, df: anp.sqrt(2 * special.gammaincinv(0.5 * df, q)),
    isf=lambda q, df: anp.sqrt(2 * special.gammainccinv(0.5 * df, q)),
    entropy=lambda df: special.gammaln(0.5 * df) + 0.5 * (df - LOG_TWO - (df - 1) * special.psi(0.5 * df)),
)
invgamma = on_positive(
    "invgamma", "a", open_ends=True, logpdf=lambda x, a: -(a + 1) * anp.log(x) - special.gammaln(a) - 1 / x,
    cdf=lambda x, a: special.gammaincc(a, 1 / x), sf=lambda x, a: special.gammainc(a, 1 / x),
    logcdf=lambda x, a: log_gammaincc(a, 1 / x), logsf=lambda x, a: log_gammainc(a, 1 / x),
    ppf=lambda q, a: 1 / special.gammainccinv(a, q), isf=lambda q, a: 1 / special.gammaincinv(a, q),
    entropy=lambda a: a + special.gammaln(a) - (1 + a) * special.psi(a),
    mean=lambda a: anp.where(a > 1, 1 / anp.where(a > 1, a - 1, 1.0), INFINITE),
)
expon = on_positive(
    "expon", logpdf=lambda x: -x, logsf=lambda x: -x, ppf=lambda q: -anp.log1p(-q), isf=lambda q: -anp.log(q),
    entropy=lambda: 1.0, mean=lambda: 1.0, var=lambda: 1.0,
)
weibull_min = on_positive(
    "weibull_min", "c", logpdf=lambda x, c: anp.log(c) + special.xlogy(c - 1, x) - x**c, logsf=lambda x, c: -(x**c),
    logcdf=lambda x, c: log_rest(c * anp.log(x)),
    ppf=lambda q, c: (-anp.log1p(-q)) ** (1 / c), isf=lambda q, c: (-anp.log(q)) ** (1 / c),
    entropy=lambda c: EULER * (1 - 1 / c) - anp.log(c) + 1, mean=lambda c: special.gamma(1 + 1 / c),
    var=lambda c: special.gamma(1 + 2 / c) - special.gamma(1 + 1 / c) ** 2,
)
weibull_max = Continuous(
    "weibull_max", "c", support=(-INFINITE, 0.0),
    logpdf=lambda x, c: anp.log(c) + special.xlogy(c - 1, -x) - (-x) ** c, logcdf=lambda x, c: -((-x) ** c),
    logsf=lambda x, c: log_rest(c * anp.log(-x)),
    ppf=lambda q, c: -((-anp.log(q)) ** (1 / c)), isf=lambda q, c: -((-anp.log1p(-q)) ** (1 / c)),
    entropy=lambda c: EULER * (1 - 1 / c) - anp.log(c) + 1,
)
rayleigh = on_positive(
    "rayleigh", logpdf=lambda x: anp.log(x) - 0.5 * x * x, logsf=lambda x: -0.5 * x * x,
    ppf=lambda q: anp.sqrt(-2 * anp.log1p(-q)), isf=lambda q: anp.sqrt(-2 * anp.log(q)),
    entropy=lambda: 1 + 0.5 * EULER - 0.5 * LOG_TWO, mean=lambda: math.sqrt(math.pi / 2), var=lambda: 2 - math.pi / 2,
)
maxwell = on_positive(
    "maxwell", logpdf=lambda x: 0.5 * math.log(2 / math.pi) + 2 * anp.log(x) - 0.5 * x * x,
    cdf=lambda x: special.gammainc(1.5, 0.5 * x * x), sf=lambda x: special.gammaincc(1.5, 0.5 * x * x),
    ppf=lambda q: anp.sqrt(2 * special.gammaincinv(1.5, q)), isf=lambda q: anp.sqrt(2 * special.gammainccinv(1.5, q)),
    entropy=lambda: EULER + HALF_LOG_TWO_PI - 0.5,
)
halfnorm = on_positive(
    "halfnorm", logpdf=lambda x: 0.5 * math.log(2 / math.pi) - 0.5 * x * x, cdf=lambda x: special.erf(x * ROOT_HALF),
    sf=lambda x: 2 * special.ndtr(-x), logsf=lambda x: LOG_TWO + special.log_ndtr(-x),
    ppf=lambda q: special.erfinv(q) / ROOT_HALF, isf=lambda q: -special.ndtri(0.5 * q),
    entropy=lambda: 0.5 * math.log(math.pi / 2) + 0.5, mean=lambda: math.sqrt(2 / math.pi),
    var=lambda: 1 - 2 / math.pi,
)
halfcauchy = on_positive(
    "halfcauchy", logpdf=lambda x: math.log(2 / math.pi) - anp.log1p(x * x),
    cdf=lambda x: 2 / math.pi * anp.arctan(x), sf=lambda x: 2 / math.pi * anp.arctan2(1.0, x),
    ppf=lambda q: anp.tan(0.5 * math.pi * q), isf=lambda q: 1 / anp.tan(0.5 * math.pi * q),
    entropy=lambda: math.log(2 * math.pi),
)
lognorm = on_positive(
    "lognorm", "s", open_ends=True,
    logpdf=lambda x, s: -0.5 * (anp.log(x) / s) ** 2 - anp.log(s) - anp.log(x) - HALF_LOG_TWO_PI,
    cdf=lambda x, s: special.ndtr(anp.log(x) / s), sf=lambda x, s: special.ndtr(-anp.log(x) / s),
    logcdf=lambda x, s: special.log_ndtr(anp.log(x) / s), logsf=lambda x, s: special.log_ndtr(-anp.log(x) / s),
    ppf=lambda q, s: anp.exp(s * special.ndtri(q)), isf=lambda q, s: anp.exp(-s * special.ndtri(q)),
    entropy=lambda s: 0.5 + HALF_LOG_TWO_PI + anp.log(s), mean=lambda s: anp.exp(0.5 * s * s),
    var=lambda s: anp.exp(s * s) * anp.expm1(s * s),
)
pareto = Continuous(
    "pareto", "b", support=(1.0, INFINITE), logpdf=lambda x, b: anp.log(b) - (b + 1) * anp.log(x),
    logsf=lambda x, b: -b * anp.log(x), ppf=lambda q, b: anp.exp(-anp.log1p(-q) / b),
    isf=lambda q, b: anp.exp(-anp.log(q) / b), entropy=lambda b: 1 + 1 / b - anp.log(b),
    mean=lambda b: anp.where(b > 1, b / anp.where(b > 1, b - 1, 1.0), INFINITE),
)
lomax = on_positive(
    "lomax", "c", logpdf=lambda x, c: anp.log(c) - (c + 1) * anp.log1p(x), logsf=lambda x, c: -c * anp.log1p(x),
    ppf=lambda q, c: anp.expm1(-anp.log1p(-q) / c), isf=lambda q, c: anp.expm1(-anp.log(q) / c),
    entropy=lambda c: 1 + 1 / c - anp.log(c),
)
fisk = on_positive(
    "fisk", "c", logpdf=lambda x, c: anp.log(c) + special.xlogy(c - 1, x) - 2 * anp.log1p(x**c),
    cdf=lambda x, c: special.expit(c * anp.log(x)), sf=lambda x, c: special.expit(-c * anp.log(x)),
    logcdf=lambda x, c: special.log_expit(c * anp.log(x)), logsf=lambda x, c: special.log_expit(-c * anp.log(x)),
    ppf=lambda q, c: anp.exp(special.logit(q) / c), isf=lambda q, c: anp.exp(-special.logit(q) / c),
    entropy=lambda c: 2 - anp.log(c),
)
levy = on_positive(
    "levy", open_ends=True, logpdf=lambda x: -0.5 / x - 1.5 * anp.log(x) - HALF_LOG_TWO_PI,
    cdf=lambda x: 2 * special.ndtr(-1 / anp.sqrt(x)), sf=lambda x: special.erf(anp.sqrt(0.5 / x)),
    logcdf=lambda x: LOG_TWO + special.log_ndtr(-1 / anp.sqrt(x)), ppf=lambda q: special.ndtri(0.5 * q) ** -2.0,
    isf=lambda q: 0.5 / special.erfinv(q) ** 2, entropy=lambda: 0.5 * (1 + 3 * EULER + math.log(16 * math.pi)),
)


# Generalised Pareto, with log(1 + c x) / c = x 2F1(1, 1; 2; −c x), smooth at c = 0


def pareto_level(x, c):
    product = c * x
    is_near = anp.absolute(product) < 0.5
    near = x * special.hyp2f1(1.0, 1.0, 2.0, -anp.where(is_near, product, 0.0))
    return anp.where(is_near, near, anp.log1p(anp.where(is_near, 0.5, product)) / anp.where(is_near, 1.0, c))


genpareto = Continuous(
    "genpareto", "c", any_shape,
    support=(0.0, lambda c: anp.where(c < 0, -1 / anp.where(c < 0, c, 1.0), INFINITE)),
    logpdf=lambda x, c: -(1 + c) * pareto_level(x, c), logsf=lambda x, c: -pareto_level(x, c),
    ppf=lambda q, c: -anp.log1p(-q) * special.exprel(-c * anp.log1p(-q)),
    isf=lambda q, c: -anp.log(q) * special.exprel(-c * anp.log(q)), entropy=lambda c: 1 + c,
)


# Inverse Gaussian: the distribution function is a sum of two, of which the second may be out of range by itself


def gaussian_terms(x, mu):
    root = anp.sqrt(x)
    near = (x / mu - 1) / root
    far = 2 / mu + special.log_ndtr(-(x / mu + 1) / root)
    return near, far


def invgauss_logcdf(x, mu):
    near, far = gaussian_terms(x, mu)
    return anp.logaddexp(special.log_ndtr(near), far)


def invgauss_logsf(x, mu):
    near, far = gaussian_terms(x, mu)
    return special.log_ndtr(-near) + anp.log(-anp.expm1(far - special.log_ndtr(-near)))


invgauss_logpdf = lambda x, mu: (  # noqa: E731
    -HALF_LOG_TWO_PI - 1.5 * anp.log(x) - (x / mu - 1) ** 2 / (2 * x)
)
invgauss_cdf = lambda x, mu: anp.exp(invgauss_logcdf(x, mu))  # noqa: E731
invgauss = on_positive(
    "invgauss", "mu", open_ends=True, logpdf=invgauss_logpdf, logcdf=invgauss_logcdf, logsf=invgauss_logsf,
    cdf=invgauss_cdf, sf=lambda x, mu: anp.exp(invgauss_logsf(x, mu)),
    ppf=quantile_of(scipy.stats.invgauss.ppf, invgauss_cdf, invgauss_logpdf, 1),
    isf=quantile_of(scipy.stats.invgauss.isf, invgauss_cdf, invgauss_logpdf, 1, -1),
    entropy=lambda mu: (
        0.5 + HALF_LOG_TWO_PI + 1.5 * anp.log(mu) - 1.5 * anp.exp(2 / mu) * special.exp1(2 / mu)
    ),
    mean=lambda mu: mu, var=lambda mu: mu**3,
)


def f_share(x, dfn, dfd):
    return dfn * x / (dfn * x + dfd)


def f_quantile(share, rest, dfn, dfd):
    return dfd * share / (dfn * rest)


f = on_positive(
    "f", "dfn dfd",
    logpdf=lambda x, dfn, dfd: (
        0.5 * dfn * anp.log(dfn) + 0.5 * dfd * anp.log(dfd) + special.xlogy(0.5 * dfn - 1, x)
        - 0.5 * (dfn + dfd) * anp.log(dfd + dfn * x) - special.betaln(0.5 * dfn, 0.5 * dfd)
    ),
    cdf=lambda x, dfn, dfd: special.betainc(0.5 * dfn, 0.5 * dfd, f_share(x, dfn, dfd)),
    sf=lambda x, dfn, dfd: special.betainc(0.5 * dfd, 0.5 * dfn, dfd / (dfn * x + dfd)),
    logcdf=lambda x, dfn, dfd: log_betainc(
        0.5 * dfn, 0.5 * dfd, f_share(x, dfn, dfd), dfd / (dfn * x + dfd)
    ),
    logsf=lambda x, dfn, dfd: log_betainc(
        0.5 * dfd, 0.5 * dfn, dfd / (dfn * x + dfd), f_share(x, dfn, dfd)
    ),
    ppf=lambda q, dfn, dfd: f_quantile(
        special.betaincinv(0.5 * dfn, 0.5 * dfd, q), special.betainccinv(0.5 * dfd, 0.5 * dfn, q), dfn, dfd
    ),
    isf=lambda q, dfn, dfd: f_quantile(
        special.betainccinv(0.5 * dfn, 0.5 * dfd, q), special.betaincinv(0.5 * dfd, 0.5 * dfn, q), dfn, dfd
    ),
    entropy=lambda dfn, dfd: (
        special.betaln(0.5 * dfn, 0.5 * dfd) + (1 - 0.5 * dfn) * special.psi(0.5 * dfn)
        - (1 + 0.5 * dfd) * special.psi(0.5 * dfd) + 0.5 * (dfn + dfd) * special.psi(0.5 * (dfn + dfd))
        + anp.log(dfd / dfn)
    ),
    mean=lambda dfn, dfd: anp.where(dfd > 2, dfd / anp.where(dfd > 2, dfd - 2, 1.0), INFINITE) + 0 * dfn,
)
