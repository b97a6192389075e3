"""Families on the whole line, or on a half that their shapes tell. The standard forms are those of SciPy."""

from __future__ import annotations

import math

import numpy as np
import scipy.stats

from ...core.primitives import primitive
from ...numpy import wrapped as anp
from ...numpy.definers import elementwise
from .. import special
from ..special.families import differentiate, family
from .continuous import INFINITE, Continuous
from .distributions import all_of, everywhere
from .log_tails import log_betainc, log_gammaincc, log_rest
from .numeric import quantile_of

EULER = 0.5772156649015328606
LOG_TWO = math.log(2)
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
ROOT_HALF = math.sqrt(0.5)


def log_normal_density(x):
    return -0.5 * x * x - HALF_LOG_TWO_PI


def any_shape(*shapes):
    return all_of(*[anp.isfinite(shape) for shape in shapes])


def by_side(left, right):
    """left(x, …) for x < 0, right(x, …) from 0 on."""
    return lambda x, *shapes: anp.where(
        x < 0, left(anp.where(x < 0, x, 0.0), *shapes), right(anp.where(x < 0, 0.0, x), *shapes)
    )


def t_logtail(x, df):
    """log F(x) left of 0."""
    share = df / (df + x * x)
    return log_betainc(0.5 * df, 0.5, share, x * x / (df + x * x)) - LOG_TWO


def normal_in_the_limit(of_t, of_normal):
    """``of_t(…, df)``, where infinitely many degrees of freedom make the normal distribution."""

    def function(*args):
        *x, df = args
        is_finite = anp.isfinite(df)
        if everywhere(is_finite):
            return of_t(*x, df)
        return anp.where(is_finite, of_t(*x, anp.where(is_finite, df, 3.0)), of_normal(*x))

    return function


norm = Continuous(
    "norm", symmetric=True, logpdf=log_normal_density, cdf=special.ndtr, logcdf=special.log_ndtr, ppf=special.ndtri,
    entropy=lambda: 0.5 + HALF_LOG_TWO_PI, mean=lambda: 0.0, var=lambda: 1.0,
)
t = Continuous(
    "t", "df", symmetric=True,
    logpdf=normal_in_the_limit(lambda x, df: (
        -0.5 * anp.log(df) - special.betaln(0.5 * df, 0.5) - 0.5 * (df + 1) * anp.log1p(x * x / df)
    ), log_normal_density),
    cdf=lambda x, df: special.stdtr(df, x), ppf=lambda q, df: special.stdtrit(df, q),
    logcdf=normal_in_the_limit(
        by_side(t_logtail, lambda x, df: anp.log1p(-special.stdtr(df, -x))), special.log_ndtr),
    entropy=normal_in_the_limit(lambda df: (
        0.5 * (df + 1) * (special.psi(0.5 * (df + 1)) - special.psi(0.5 * df))
        + 0.5 * anp.log(df) + special.betaln(0.5 * df, 0.5)
    ), lambda: 0.5 + HALF_LOG_TWO_PI),
    mean=lambda df: anp.where(df > 1, 0.0, INFINITE),
    var=normal_in_the_limit(
        lambda df: anp.where(df > 2, df / anp.where(df > 2, df - 2, 1.0), anp.where(df > 1, INFINITE, np.nan)),
        lambda: 1.0),
)
laplace = Continuous(
    "laplace", symmetric=True, logpdf=lambda x: -LOG_TWO - anp.absolute(x),
    cdf=by_side(lambda x: 0.5 * anp.exp(x), lambda x: 1 - 0.5 * anp.exp(-x)),
    logcdf=by_side(lambda x: x - LOG_TWO, lambda x: anp.log1p(-0.5 * anp.exp(-x))),
    ppf=lambda q: anp.where(q < 0.5, anp.log(2 * q), -anp.log(2 * (1 - q))),
    entropy=lambda: 1 + LOG_TWO, mean=lambda: 0.0, var=lambda: 2.0,
)
logistic = Continuous(
    "logistic", symmetric=True, logpdf=lambda x: special.log_expit(x) + special.log_expit(-x), cdf=special.expit,
    logcdf=special.log_expit, ppf=special.logit,
    entropy=lambda: 2.0, mean=lambda: 0.0, var=lambda: math.pi**2 / 3,
)
cauchy = Continuous(
    "cauchy", symmetric=True, logpdf=lambda x: -math.log(math.pi) - anp.log1p(x * x),
    cdf=lambda x: anp.arctan2(1.0, -x) / math.pi, ppf=lambda q: cauchy_quantile(q),
    entropy=lambda: math.log(4 * math.pi),
)


def cauchy_quantile(q):
    """tan(π (q − 1/2)), in the tails by the cotangent, which has all digits of a small q."""
    is_near = anp.absolute(q - 0.5) < 0.25
    near = anp.tan(math.pi * (anp.where(is_near, q, 0.5) - 0.5))
    return anp.where(is_near, near, -1 / anp.tan(math.pi * anp.where(is_near, 0.25, q)))


gumbel_r = Continuous(
    "gumbel_r", logpdf=lambda x: -x - anp.exp(-x), logcdf=lambda x: -anp.exp(-x), logsf=lambda x: log_rest(-x),
    ppf=lambda q: -anp.log(-anp.log(q)), isf=lambda q: -anp.log(-anp.log1p(-q)),
    entropy=lambda: 1 + EULER, mean=lambda: EULER, var=lambda: math.pi**2 / 6,
)
gumbel_l = Continuous(
    "gumbel_l", logpdf=lambda x: x - anp.exp(x), logsf=lambda x: -anp.exp(x), logcdf=log_rest,
    ppf=lambda q: anp.log(-anp.log1p(-q)), isf=lambda q: anp.log(-anp.log(q)),
    entropy=lambda: 1 + EULER, mean=lambda: -EULER, var=lambda: math.pi**2 / 6,
)
gennorm = Continuous(
    "gennorm", "beta", symmetric=True,
    logpdf=lambda x, beta: anp.log(0.5 * beta) - special.gammaln(1 / beta) - anp.absolute(x) ** beta,
    sf=lambda x, beta: gennorm_tail(x, beta), logsf=lambda x, beta: gennorm_logtail(x, beta),
    isf=lambda q, beta: gennorm_quantile(q, beta),
    entropy=lambda beta: 1 / beta - anp.log(0.5 * beta) + special.gammaln(1 / beta),
    mean=lambda beta: 0 * beta, var=lambda beta: anp.exp(special.gammaln(3 / beta) - special.gammaln(1 / beta)),
)


# At the centre the incomplete gamma function is not smooth in its argument, but F(x) = 1/2 + f(0) x is.


def gennorm_peak(beta):
    return 0.5 * beta / special.gamma(1 / beta)


def gennorm_tail(x, beta):
    is_centre = anp.equal(x, 0)
    tail = 0.5 * special.gammaincc(1 / beta, anp.absolute(anp.where(is_centre, 1.0, x)) ** beta)
    return anp.where(is_centre, 0.5 - gennorm_peak(beta) * x, anp.where(x > 0, tail, 1 - tail))


def gennorm_logtail(x, beta):
    is_right = x > 0
    size = anp.where(is_right, x, 1.0) ** beta
    left = gennorm_tail(anp.where(is_right, -1.0, x), beta)
    return anp.where(is_right, log_gammaincc(1 / beta, size) - LOG_TWO, anp.log(left))


def gennorm_quantile(q, beta):
    is_centre = anp.equal(q, 0.5)
    tail = anp.where(is_centre, 0.25, anp.where(q < 0.5, q, 1 - q))
    size = special.gammainccinv(1 / beta, 2 * tail) ** (1 / beta)
    return anp.where(is_centre, (0.5 - q) / gennorm_peak(beta), anp.where(q < 0.5, size, -size))


# Skew normal: A. Azzalini, "A class of distributions which includes the normal ones", 1985

def skewnorm_cdf(x, a):
    return scipy.stats.skewnorm.cdf(x, a)


skewnorm_cdf = primitive(skewnorm_cdf)


def skewnorm_logpdf(x, a):
    return LOG_TWO + log_normal_density(x) + special.log_ndtr(a * x)


# F = Φ(x) − 2 T(x, a) with Owen's T
elementwise(
    skewnorm_cdf, lambda ans, x, a: anp.exp(skewnorm_logpdf(x, a)),
    lambda ans, x, a: anp.exp(-0.5 * x * x * (1 + a * a)) / (-math.pi * (1 + a * a)),
)
skewnorm = Continuous(
    "skewnorm", "a", any_shape, logpdf=skewnorm_logpdf, cdf=skewnorm_cdf, sf=lambda x, a: skewnorm_cdf(-x, -a),
    ppf=quantile_of(scipy.stats.skewnorm.ppf, skewnorm_cdf, skewnorm_logpdf, 1),
    isf=quantile_of(scipy.stats.skewnorm.isf, skewnorm_cdf, skewnorm_logpdf, 1, -1),
    entropy=lambda a: skewnorm_entropy(a), mean=lambda a: a / anp.sqrt(1 + a * a) * math.sqrt(2 / math.pi),
    var=lambda a: 1 - 2 / math.pi * a * a / (1 + a * a),
)


def skewnorm_entropy(a):
    """By the trapezoidal rule in t, with x = 10 sinh(t) / sinh(4): for large a the density has an edge at 0."""
    steps = np.linspace(-4, 4, 801)
    points = np.sinh(steps) * (10 / np.sinh(4))
    weights = np.cosh(steps) * (10 / np.sinh(4) * 0.01)
    logpdf = skewnorm_logpdf(points, anp.expand_dims(a, -1))
    return -anp.sum(weights * anp.exp(logpdf) * logpdf, axis=-1)



# On the circle. Of the distribution function nothing closed is known in κ.


@lambda compute: family(
    compute, "x kappa", x=lambda ans, x, kappa, order: vonmises_density(x, kappa, order)
)
def vonmises_cdf(x, kappa, order):
    x, kappa = np.broadcast_arrays(x, kappa)
    radius = np.minimum(1.0 + np.sqrt(kappa), 0.9 * kappa)
    return differentiate(lambda kappa: scipy.stats.vonmises.cdf(x, kappa), kappa, radius, order, "vonmises.cdf")


@lambda compute: family(compute, "x kappa", x=lambda ans, x, kappa, order: vonmises_slope(x, kappa, order))
def vonmises_density(x, kappa, order):
    x, kappa = np.broadcast_arrays(x, kappa)
    radius = np.minimum(1.0 + np.sqrt(kappa), 0.9 * kappa)
    return differentiate(lambda kappa: scipy.stats.vonmises.pdf(x, kappa), kappa, radius, order, "vonmises.pdf")


def vonmises_slope(x, kappa, order):
    slope = kappa * vonmises_density(x, kappa, order)
    return -anp.sin(x) * (slope + order * vonmises_density(x, kappa, order - 1) if order else slope)


vonmises_logpdf = lambda x, kappa: (  # noqa: E731
    -2 * kappa * anp.sin(0.5 * x) ** 2 - math.log(2 * math.pi) - anp.log(special.i0e(kappa))
)
vonmises = Continuous(
    "vonmises", "kappa", logpdf=vonmises_logpdf, cdf=lambda x, kappa: vonmises_cdf(x, kappa, 0),
    ppf=quantile_of(
        scipy.stats.vonmises.ppf, lambda x, kappa: vonmises_cdf(x, kappa, 0), vonmises_logpdf, 1
    ),
    entropy=lambda kappa: (
        math.log(2 * math.pi) + anp.log(special.i0e(kappa)) + kappa * (1 - special.i1e(kappa) / special.i0e(kappa))
    ),
)


# Generalised extreme values, with log(1 − c x) / c = −x 2F1(1, 1; 2; c x), smooth at c = 0


def extreme_level(x, c):
    product = c * x
    is_near = anp.absolute(product) < 0.5
    near = -x * special.hyp2f1(1.0, 1.0, 2.0, anp.where(is_near, product, 0.0))
    return anp.where(is_near, near, anp.log1p(-anp.where(is_near, 0.5, product)) / anp.where(is_near, 1.0, c))


def extreme_ends(sign):
    def end(c):
        is_there = anp.sign(c) == sign
        return anp.where(is_there, 1 / anp.where(is_there, c, 1.0), sign * INFINITE)

    return end


def extreme_quantile(level, c):
    return -level * special.exprel(c * level)


genextreme = Continuous(
    "genextreme", "c", any_shape, support=(extreme_ends(-1), extreme_ends(1)),
    logpdf=lambda x, c: extreme_level(x, c) * (1 - c) - anp.exp(extreme_level(x, c)),
    logcdf=lambda x, c: -anp.exp(extreme_level(x, c)), logsf=lambda x, c: log_rest(extreme_level(x, c)),
    ppf=lambda q, c: extreme_quantile(anp.log(-anp.log(q)), c),
    isf=lambda q, c: extreme_quantile(anp.log(-anp.log1p(-q)), c), entropy=lambda c: EULER * (1 - c) + 1,
)
