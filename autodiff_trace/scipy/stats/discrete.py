"""Discrete families of SciPy: derivatives in their parameters. The count ``k`` has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.derivative import without_derivatives
from ...core.errors import MissingRuleError, caller_line
from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.error_states import quiet
from .. import special
from .distributions import Distribution, all_of, everywhere, masked, method_of, positive
from .log_tails import log_betainc, log_gammainc, log_gammaincc

__all__ = ["Discrete"]

INFINITE = float("inf")


def map_plain(k: Any, parameters: tuple) -> tuple[Any, tuple]:
    """The arguments of a call without the boxes of derivatives."""
    return without_derivatives(k), tuple(map(without_derivatives, parameters))


class Discrete(Distribution):
    """A family of counts.

    Arguments:
        logpmf: ``logpmf(k, *shapes)`` for counts in the support.
        cdf, sf: of whole k in the support; where the family has none they are sums of probabilities.
        entropy, mean, var: functions of the shapes.
        support: ``(lower, upper)``, numbers or functions of the shapes.
    """

    methods = tuple("pmf logpmf cdf logcdf sf logsf ppf isf entropy mean var std median".split())
    parameters = ("loc",)

    def __init__(
        self, name: str, shapes: str, valid: Callable = positive, *, support: tuple = (0.0, INFINITE),
        **standard: Callable,
    ) -> None:
        super().__init__(name, shapes, valid)
        self.support_ends = support
        self.standard = standard

    for _name in methods:
        locals()[_name] = method_of(_name)
    del _name

    def prepared(self, k: Any, parameters: tuple) -> tuple:
        """The count in standard form, its ends, what is valid, and the shapes: with those that are not, replaced."""
        *shapes, loc = parameters
        valid = self.valid(*shapes)
        ends = [without_derivatives(end(*shapes)) if callable(end) else end for end in self.support_ends]
        return without_derivatives(k - loc), *ends, valid, shapes

    @quiet
    def traced_logpmf(self, k, *parameters):
        return self.at_counts("logpmf", -INFINITE, k, parameters)

    def at_counts(self, name, nothing, k, parameters):
        at, lower, upper, valid, _ = self.prepared(*map_plain(k, parameters))
        inside = all_of(at >= lower, at <= upper, anp.equal(at, anp.floor(at)))
        if everywhere(inside) and everywhere(valid):  # the ordinary call, of which plain values tell
            return self.standard[name](at, *parameters[:-1])
        k, lower, upper, valid, shapes = self.prepared(k, parameters)
        is_there = all_of(k >= lower, k <= upper, anp.equal(k, anp.floor(k)))
        value = masked(is_there, self.standard[name](masked(is_there, k, lower), *shapes), nothing)
        return masked(valid, masked(anp.logical_not(anp.isnan(k)), value, np.nan), np.nan)

    @quiet
    def traced_pmf(self, k, *parameters):
        if "pmf" not in self.standard:
            return anp.exp(self.traced_logpmf(k, *parameters))
        return self.at_counts("pmf", 0.0, k, parameters)

    def of_tail(self, name, k, parameters):
        k, lower, upper, valid, shapes = self.prepared(k, parameters)
        if name not in self.standard:
            raise MissingRuleError(
                f"scipy.stats.{self.name}.{name} has no derivative here ({caller_line()}). There are those of pmf and "
                "logpmf; take the plain value with to_numpy(x) if none is needed."
            )
        k = anp.floor(k)
        below, above = k < lower, k >= upper
        inside = anp.logical_not(anp.logical_or(below, above))
        value = self.standard[name](masked(inside, k, lower), *shapes)
        if not everywhere(inside):
            ends = (-INFINITE, 0.0) if name.startswith("log") else (0.0, 1.0)
            none, full = ends if name.endswith("cdf") else ends[::-1]
            value = anp.where(below, none, anp.where(above, full, value))
        return masked(valid, value, np.nan)

    def traced_cdf(self, k, *parameters):
        return self.of_tail("cdf", k, parameters)

    def traced_sf(self, k, *parameters):
        return self.of_tail("sf", k, parameters)

    def of_logarithm(self, name, k, parameters):
        if f"log{name}" in self.standard:
            return self.of_tail(f"log{name}", k, parameters)
        value = self.of_tail(name, k, parameters)
        is_there = anp.logical_not(anp.equal(value, 0))
        return masked(is_there, anp.log(masked(is_there, value, 1.0)), -INFINITE)

    def traced_logcdf(self, k, *parameters):
        return self.of_logarithm("cdf", k, parameters)

    def traced_logsf(self, k, *parameters):
        return self.of_logarithm("sf", k, parameters)

    def traced_ppf(self, q, *parameters):
        """A count, which stays the same or jumps: its derivative in all but ``loc`` is zero."""
        *shapes, loc = parameters
        return quantile(self.plain.ppf, q, *shapes) + loc

    def traced_isf(self, q, *parameters):
        *shapes, loc = parameters
        return quantile(self.plain.isf, q, *shapes) + loc

    def traced_median(self, *parameters):
        return self.traced_ppf(np.float64(0.5), *parameters)

    def traced_entropy(self, *parameters):
        """The sum of −p log p over all counts that have some probability."""
        *shapes, loc = parameters
        if "entropy" in self.standard:
            return self.of_shapes("entropy", parameters)[0] + 0 * loc
        last = self.last_count(shapes)
        counts = np.arange(last + 1.0)
        full = [anp.expand_dims(shape, -1) for shape in anp.broadcast_arrays(*shapes, loc)[:-1]]
        levels = self.traced_logpmf(counts, *full, np.float64(0))
        is_there = anp.logical_not(anp.isinf(levels))
        levels = masked(is_there, levels, 0.0)
        return -anp.sum(masked(is_there, anp.exp(levels) * levels, 0.0), axis=-1)

    def last_count(self, shapes: list) -> int:
        """Above this counts have a probability that does not matter; under ``jit`` a guard."""
        last = last_counts(self.plain, *[to_recorded(shape) for shape in shapes])
        return int(anp.max(last, initial=0.0))

    def of_shapes(self, name, parameters):
        *shapes, loc = parameters
        if name not in self.standard:
            raise MissingRuleError(
                f"scipy.stats.{self.name}.{name} has no derivative here ({caller_line()}): it has no closed form."
            )
        return masked(self.valid(*shapes), self.standard[name](*shapes), np.nan), loc

    def traced_mean(self, *parameters):
        value, loc = self.of_shapes("mean", parameters)
        return value + loc

    def traced_var(self, *parameters):
        return self.of_shapes("var", parameters)[0]

    def traced_std(self, *parameters):
        return anp.sqrt(self.traced_var(*parameters))


@nondifferentiable
def quantile(plain, q, *shapes):
    return plain(q, *shapes)


@nondifferentiable
def last_counts(plain, *shapes):
    """Forty deviations above the mean a geometric tail, the heaviest here, is below 1e-17."""
    with np.errstate(all="ignore"):
        mean, variance = plain.stats(*shapes, moments="mv")
        last = mean + 40 * np.sqrt(variance) + 20
    return np.where(np.isfinite(last), last, 0.0)


def is_whole(n):
    return all_of(n >= 0, anp.equal(n, anp.floor(n)))


def probability(p):
    return all_of(p >= 0, p <= 1)


def log_binomial(n, k):
    return -anp.log(n + 1) - special.betaln(n - k + 1, k + 1)


def binomial_pmf(k, n, p):
    """At p = 0 and 1 the logarithm is infinite; powers have slopes there."""
    chosen, is_inner = log_binomial(n, k), all_of(p > 0, p < 1)
    near = anp.exp(chosen + special.xlogy(k, p) + special.xlog1py(n - k, -p))
    if everywhere(is_inner):
        return near
    return anp.where(is_inner, near, anp.exp(chosen) * p**k * (1 - p) ** (n - k))


def poisson_pmf(k, mu):
    near, is_inner = anp.exp(poisson_logpmf(k, mu)), mu > 0
    return near if everywhere(is_inner) else anp.where(is_inner, near, mu**k * anp.exp(-mu - special.gammaln(k + 1)))


def poisson_logpmf(k, mu):
    return special.xlogy(k, mu) - special.gammaln(k + 1) - mu


bernoulli = Discrete(
    "bernoulli", "p", probability, support=(0.0, 1.0),
    logpmf=lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p),
    pmf=lambda k, p: anp.where(anp.equal(k, 1), p, 1 - p),
    cdf=lambda k, p: 1 - p, sf=lambda k, p: p + 0 * k, mean=lambda p: p, var=lambda p: p * (1 - p),
    entropy=lambda p: special.entr(p) + special.entr(1 - p),
)
binom = Discrete(
    "binom", "n p", lambda n, p: all_of(is_whole(n), probability(p)), support=(0.0, lambda n, p: n),
    logpmf=lambda k, n, p: log_binomial(n, k) + special.xlogy(k, p) + special.xlog1py(n - k, -p),
    pmf=binomial_pmf,
    cdf=lambda k, n, p: special.betaincc(k + 1, masked(n > k, n - k, 1.0), p),
    sf=lambda k, n, p: special.betainc(k + 1, masked(n > k, n - k, 1.0), p),
    logcdf=lambda k, n, p: log_betainc(masked(n > k, n - k, 1.0), k + 1, 1 - p, p),
    logsf=lambda k, n, p: log_betainc(k + 1, masked(n > k, n - k, 1.0), p, 1 - p),
    mean=lambda n, p: n * p, var=lambda n, p: n * p * (1 - p),
)
nbinom = Discrete(
    "nbinom", "n p", lambda n, p: all_of(n > 0, p > 0, p <= 1),
    logpmf=lambda k, n, p: (
        special.gammaln(n + k) - special.gammaln(k + 1) - special.gammaln(n) + n * anp.log(p) + special.xlog1py(k, -p)
    ),
    cdf=lambda k, n, p: special.betainc(n, k + 1, p), sf=lambda k, n, p: special.betaincc(n, k + 1, p),
    logcdf=lambda k, n, p: log_betainc(n, k + 1, p, 1 - p), logsf=lambda k, n, p: log_betainc(k + 1, n, 1 - p, p),
    mean=lambda n, p: n * (1 - p) / p, var=lambda n, p: n * (1 - p) / (p * p),
)
poisson = Discrete(
    "poisson", "mu", lambda mu: mu >= 0, logpmf=poisson_logpmf, pmf=poisson_pmf,
    cdf=lambda k, mu: special.gammaincc(k + 1, mu), sf=lambda k, mu: special.gammainc(k + 1, mu),
    logcdf=lambda k, mu: log_gammaincc(k + 1, mu), logsf=lambda k, mu: log_gammainc(k + 1, mu),
    mean=lambda mu: mu, var=lambda mu: mu,
)
geom = Discrete(
    "geom", "p", lambda p: all_of(p > 0, p <= 1), support=(1.0, INFINITE),
    logpmf=lambda k, p: special.xlog1py(k - 1, -p) + anp.log(p),
    cdf=lambda k, p: -anp.expm1(anp.log1p(-p) * k), sf=lambda k, p: anp.exp(anp.log1p(-p) * k),
    logsf=lambda k, p: anp.log1p(-p) * k,
    mean=lambda p: 1 / p, var=lambda p: (1 - p) / (p * p),
)


def betabinom_sum(lower):
    """The sum of the probabilities up to ``k``, or of those above: one more axis."""

    def total(k, n, a, b):
        most = int(anp.max(to_recorded(n), initial=0.0))  # under jit a guard
        counts = np.arange(most + 1.0)
        n, a, b, k = [anp.expand_dims(x, -1) for x in anp.broadcast_arrays(n, a, b, k)]
        is_summed = anp.logical_and(counts <= n, counts <= k if lower else counts > k)
        terms = betabinom_logpmf(anp.where(is_summed, counts, 0.0), n, a, b)
        return anp.sum(anp.where(is_summed, anp.exp(terms), 0.0), axis=-1)

    return total


def betabinom_logpmf(k, n, a, b):
    return log_binomial(n, k) + special.betaln(k + a, n - k + b) - special.betaln(a, b)


betabinom = Discrete(
    "betabinom", "n a b", lambda n, a, b: all_of(is_whole(n), a > 0, b > 0), support=(0.0, lambda n, a, b: n),
    logpmf=betabinom_logpmf, cdf=betabinom_sum(True), sf=betabinom_sum(False),
    mean=lambda n, a, b: n * a / (a + b),
    var=lambda n, a, b: n * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1)),
)
