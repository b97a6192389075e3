"""Multivariate distributions, kernel densities and statistics of samples."""

import numpy as np
import pytest
from scipy_table import scipy, scipy_row as row, traced

from autodiff_trace import MissingRuleError, grad, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads
from table import table_test

stats, plain = traced.stats, scipy.stats
R = np.random.default_rng(0)
X = R.normal(size=(4, 3))
MEAN = R.normal(size=3)
A = R.normal(size=(3, 3))
COV = A @ A.T + np.eye(3)
P = R.dirichlet(np.ones(3))
POSITIVE = R.uniform(0.5, 2, (4, 3))
DOUBLE = ["float32"]  # all of it computes in double precision, as SciPy does

MULTIVARIATE = [
    row("stats.multivariate_normal.logpdf", X, MEAN, COV, skip=DOUBLE),
    row("stats.multivariate_normal.pdf", X[0], MEAN, COV, skip=DOUBLE),
    row("stats.multivariate_normal.logpdf", X, MEAN, POSITIVE[0], skip=DOUBLE),
    row("stats.multivariate_normal.logpdf", X[:, 0], MEAN[:1], np.array([[1.7]]), skip=DOUBLE),
    row("stats.multivariate_normal.entropy", MEAN, COV, skip=DOUBLE),
    row("stats.multivariate_t.logpdf", X, MEAN, COV, np.array(3.5), skip=DOUBLE),
    row("stats.dirichlet.logpdf", P, POSITIVE[0], skip=[*DOUBLE, "derivatives", "batched"]),  # x sums to 1: see below
    row("stats.dirichlet.entropy", POSITIVE[0], skip=DOUBLE),
    row("stats.multinomial.logpmf", np.array([[2, 1, 3], [0, 6, 0]]), 6, P, skip=[*DOUBLE, "derivatives", "batched"]),
    row("stats.wishart.logpdf", COV, np.float64(5.5), np.eye(3) + 0.1 * COV, skip=[*DOUBLE, "derivatives", "batched"]),
    row(
        "stats.invwishart.logpdf", COV, np.float64(5.5), np.eye(3) + 0.1 * COV, skip=[*DOUBLE, "derivatives", "batched"]
    ),
]
SAMPLES = [
    row("stats.zscore", X), row("stats.zscore", X, axis=1, ddof=1), row("stats.zscore", X, axis=None),
    row("stats.gmean", POSITIVE), row("stats.gmean", POSITIVE, axis=1, weights=np.array([1.0, 2.0, 3.0])),
    row("stats.hmean", POSITIVE), row("stats.pmean", POSITIVE, 1.7), row("stats.moment", X, 3),
    row("stats.moment", X, 2, axis=None), row("stats.skew", X),
    row("stats.skew", X, axis=1, bias=False, skip=["float32"]),  # SciPy 1.13 fails in single precision
    row("stats.kurtosis", X), row("stats.kurtosis", X, axis=None, bias=False, fisher=False), row("stats.sem", X),
    row("stats.variation", POSITIVE), row("stats.entropy", POSITIVE), row("stats.entropy", POSITIVE, POSITIVE[::-1]),
    row("stats.entropy", POSITIVE, base=2.0, axis=1), row("stats.gstd", POSITIVE, axis=1),
    row("stats.boxcox", POSITIVE[0], 0.4), row("stats.boxcox_llf", 0.4, POSITIVE, skip=["float32"]),
]
test_multivariate = table_test(MULTIVARIATE)
test_samples = table_test(SAMPLES)


def test_densities_of_matrices_and_parts():
    def symmetric(a):
        return a @ a.T + np.eye(3)

    check_grads(lambda a, df: stats.wishart.logpdf(symmetric(a), df, np.eye(3)), A, 5.5)
    check_grads(lambda a, df: stats.wishart.logpdf(COV, df, symmetric(a)), A, 5.5)
    check_grads(lambda a, df: stats.invwishart.logpdf(symmetric(a), df, symmetric(2 * a)), A, 5.5)
    check_grads(lambda x, alpha: stats.dirichlet.logpdf(x, alpha), P[:2], POSITIVE[0])
    counts = np.array([[2, 1, 3], [0, 6, 0]])
    check_grads(lambda z: stats.multinomial.logpmf(counts, 6, traced.special.softmax(z)), MEAN)
    check_grads(lambda a: stats.multivariate_normal(MEAN, symmetric(a)).logpdf(X), A)
    with pytest.raises(ValueError, match="positive definite"):
        grad(lambda a: stats.multivariate_normal.logpdf(X[0], MEAN, a * np.ones((3, 3))))(1.0)
    with pytest.raises(MissingRuleError, match="multivariate_normal.cdf"):
        grad(lambda m: stats.multivariate_normal.cdf(X[0], m, COV))(MEAN)


@pytest.mark.parametrize("name, args, keywords", [
    ("ttest_1samp", (X, 0.7), {}), ("ttest_rel", (X, POSITIVE), {"axis": 1}), ("ttest_ind", (X, POSITIVE), {}),
    ("ttest_ind", (X[:, 0], POSITIVE[:3, 0]), {"equal_var": False, "alternative": "less"}),
    ("f_oneway", (X[:, 0], POSITIVE[:, 0], POSITIVE[1:, 1]), {}), ("chisquare", (POSITIVE[:, 0],), {}),
    ("pearsonr", (X[:, 0], X[:, 1]), {}), ("linregress", (X[:, 0], X[:, 1]), {"alternative": "greater"}),
])
def test_statistics_of_tests(name, args, keywords):
    expected = getattr(plain, name)(*args, **keywords)

    def values(*args):
        result = getattr(stats, name)(*args, **keywords)
        return list(result)[:5] if name == "linregress" else [result.statistic, result.pvalue]

    found, pull = vjp(values, *args)
    wanted = list(expected)[:5] if name == "linregress" else [expected.statistic, expected.pvalue]
    for pair in zip(found, wanted, strict=True):
        np.testing.assert_allclose(*pair)
    check_grads(values, *args, order=1, tolerance=1e-4)
    np.testing.assert_allclose(jit(values)(*args)[1], wanted[1])


DATA = R.normal(size=(2, 7))
POINTS = R.normal(size=(2, 3))
WEIGHTS = R.uniform(0.5, 2, 7)


@pytest.mark.parametrize("method", [None, "silverman", 0.4, lambda kde: kde.scotts_factor() * 1.5])
def test_kernel_densities(method):
    expected = plain.gaussian_kde(DATA, method, WEIGHTS)
    ours = stats.gaussian_kde(DATA, method, WEIGHTS)
    np.testing.assert_allclose(ours(POINTS), expected(POINTS))
    check_grads(lambda x: ours.logpdf(x), POINTS)
    check_grads(lambda data, w, x: stats.gaussian_kde(data, method, w)(x), DATA, WEIGHTS, POINTS)
    assert ours.integrate_box([-1, -1], [1, 1]) == expected.integrate_box([-1, -1], [1, 1])


def test_a_bandwidth_is_chosen_by_its_derivative():
    def held_out(width):
        return -anp.sum(stats.gaussian_kde(DATA[0], width).logpdf(POINTS[0]))

    expected = -plain.gaussian_kde(DATA[0], 0.5).logpdf(POINTS[0]).sum()
    np.testing.assert_allclose(jit(held_out)(0.5), expected)
    check_grads(held_out, 0.5)
    np.testing.assert_allclose(vmap(held_out)(np.array([0.5]))[0], expected)
    with pytest.raises(MissingRuleError, match="gaussian_kde.integrate_gaussian"):
        grad(lambda w: stats.gaussian_kde(DATA[0], w).integrate_gaussian(0, 1))(0.5)
