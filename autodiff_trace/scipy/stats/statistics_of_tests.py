"""Tests, correlation and regression: their statistics and p-values, traced."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.stats

from ...core.errors import TracedValueError, caller_line
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from .. import special
from .positive_families import f
from .real_families import t

__all__ = ["LinregressResult", "TestResult"]


class TestResult(NamedTuple):
    """What a test gives, of traced values."""

    statistic: Any
    pvalue: Any


class LinregressResult(NamedTuple):
    """What ``linregress`` gives, of traced values; ``intercept_stderr`` is an attribute of SciPy's alone."""

    slope: Any
    intercept: Any
    rvalue: Any
    pvalue: Any
    stderr: Any


def p_value(statistic, alternative, df):
    """That of a statistic which has the t distribution."""
    if alternative == "two-sided":
        return 2 * t.tail("sf", anp.absolute(statistic), df)
    if alternative not in ("less", "greater"):
        raise ValueError("alternative must be 'less', 'greater' or 'two-sided'")
    return t.tail("cdf" if alternative == "less" else "sf", statistic, df)


def mean_over_error(d, axis):
    n = d.shape[axis]
    return anp.mean(d, axis=axis) / (anp.std(d, axis=axis, ddof=1) / math.sqrt(n)), float(n - 1)


@define(scipy.stats.ttest_1samp)
def ttest_1samp(a, popmean, axis=0, alternative="two-sided"):
    a, axis = flat_if_none(a, axis)
    popmean = as_array(popmean)
    if popmean.ndim == a.ndim - 1 > 0:
        popmean = anp.expand_dims(popmean, axis)
    statistic, df = mean_over_error(a - popmean, axis)
    return TestResult(statistic, p_value(statistic, alternative, df))


@define(scipy.stats.ttest_rel)
def ttest_rel(a, b, axis=0, alternative="two-sided"):
    d, axis = flat_if_none(as_array(a) - as_array(b), axis)
    statistic, df = mean_over_error(d, axis)
    return TestResult(statistic, p_value(statistic, alternative, df))


def flat_if_none(a, axis):
    a = as_array(a)
    return (a.reshape(-1), 0) if axis is None else (a, axis)


@define(scipy.stats.ttest_ind)
def ttest_ind(a, b, axis=0, equal_var=True, alternative="two-sided"):
    (a, axis), (b, _) = flat_if_none(a, axis), flat_if_none(b, axis)
    n, m = a.shape[axis], b.shape[axis]
    in_a, in_b = anp.var(a, axis=axis, ddof=1), anp.var(b, axis=axis, ddof=1)
    if equal_var:
        df = float(n + m - 2)
        error = ((n - 1) * in_a + (m - 1) * in_b) / df * (1 / n + 1 / m)
    else:  # B. L. Welch, 1947
        in_a, in_b = in_a / n, in_b / m
        error = in_a + in_b
        df = error**2 / (in_a**2 / (n - 1) + in_b**2 / (m - 1))
    statistic = (anp.mean(a, axis=axis) - anp.mean(b, axis=axis)) / anp.sqrt(error)
    return TestResult(statistic, p_value(statistic, alternative, df))


@define(scipy.stats.f_oneway)
def f_oneway(*samples, axis=0):
    samples = [as_array(each) for each in samples]
    everything = anp.concatenate(samples, axis=axis)
    total, count = everything.shape[axis], len(samples)
    mean = anp.mean(everything, axis=axis, keepdims=True)
    within, between = 0.0, 0.0
    for each in samples:
        centre = anp.mean(each, axis=axis, keepdims=True)
        within = within + anp.sum((each - centre) ** 2, axis=axis)
        between = between + each.shape[axis] * anp.squeeze((centre - mean) ** 2, axis=axis)
    dfn, dfd = float(count - 1), float(total - count)
    statistic = (between / dfn) / (within / dfd)
    return TestResult(statistic, f.tail("sf", statistic, dfn, dfd))


@define(scipy.stats.chisquare)
def chisquare(f_obs, f_exp=None, ddof=0, axis=0):
    f_obs, axis = flat_if_none(f_obs, axis)
    expected = anp.mean(f_obs, axis=axis, keepdims=True) if f_exp is None else as_array(f_exp)
    statistic = anp.sum((f_obs - expected) ** 2 / expected, axis=axis)
    return TestResult(statistic, special.gammaincc((f_obs.shape[axis] - 1 - ddof) / 2, statistic / 2))


def correlation(x, y, axis):
    x, y = as_array(x), as_array(y)
    if x.shape[axis] != y.shape[axis]:
        raise ValueError(f"x has {x.shape[axis]} values, and y {y.shape[axis]}")
    dx, dy = x - anp.mean(x, axis=axis, keepdims=True), y - anp.mean(y, axis=axis, keepdims=True)
    sxx, sxy, syy = anp.sum(dx * dx, axis=axis), anp.sum(dx * dy, axis=axis), anp.sum(dy * dy, axis=axis)
    return sxx, sxy, syy, sxy / anp.sqrt(sxx * syy)


def p_of_correlation(r, n, alternative):
    """r √(ν/(1 − r²)) has the t distribution of ν = n − 2."""
    df = float(n - 2)
    return p_value(r * anp.sqrt(df / ((1 - r) * (1 + r))), alternative, df)


@define(scipy.stats.pearsonr)
def pearsonr(x, y, alternative="two-sided", axis=0):
    *_, r = correlation(x, y, axis)
    return TestResult(r, p_of_correlation(r, np.shape(as_array(x))[axis], alternative))


@define(scipy.stats.linregress)
def linregress(x, y, alternative="two-sided"):
    x, y = as_array(x), as_array(y)
    if x.ndim != 1 or y.ndim != 1:
        raise TracedValueError(f"scipy.stats.linregress: traced x and y need one axis ({caller_line()}). Use vmap.")
    sxx, sxy, syy, r = correlation(x, y, 0)
    n, slope = x.shape[0], sxy / sxx
    intercept = anp.mean(y) - slope * anp.mean(x)
    error = anp.sqrt((1 - r * r) * syy / sxx / (n - 2))
    return LinregressResult(slope, intercept, r, p_of_correlation(r, n, alternative), error)
