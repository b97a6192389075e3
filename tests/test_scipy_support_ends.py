"""Ends of supports and of parameters, and tails whose hazard underflows: no NaN, and no slope that is lost."""

import numpy as np
import pytest
from scipy_table import scipy, traced

from autodiff_trace import grad, value_and_grad

stats, plain = traced.stats, scipy.stats

SHAPES = {
    "norm": (), "t": (3.5,), "cauchy": (), "gumbel_r": (), "gennorm": (1.7,), "skewnorm": (1.3,), "genextreme": (0.3,),
    "truncnorm": (-0.5, 1.7), "uniform": (), "beta": (1.7, 2.6), "triang": (0.3,), "loguniform": (0.5, 3.0),
    "gamma": (1.8,), "chi2": (3.3,), "invgamma": (2.4,), "expon": (), "weibull_min": (1.6,), "weibull_max": (1.6,),
    "rayleigh": (), "maxwell": (), "halfnorm": (), "lognorm": (0.7,), "pareto": (2.2,), "fisk": (2.1,), "levy": (),
    "genpareto": (-0.2,), "invgauss": (0.8,), "f": (3.0, 4.5),
}


@pytest.mark.parametrize("name", SHAPES)
def test_ends_of_the_support(name):
    shapes = SHAPES[name]
    lower, upper = getattr(plain, name).support(*shapes)
    for x in (lower, upper, lower - 1, upper + 1):
        is_finite = np.isfinite(x)
        for method in "pdf logpdf cdf sf logcdf logsf".split():
            for i in range(3 + len(shapes) if is_finite else 1):
                value, slope = value_and_grad(getattr(getattr(stats, name), method), i)(float(x), *shapes, 0.0, 1.0)
                assert not np.isnan(slope), (method, x, i)
                assert slope == 0 or lower <= x <= upper
                if is_finite:
                    with np.errstate(all="ignore"):
                        expected = getattr(getattr(plain, name), method)(x, *shapes)
                    np.testing.assert_allclose(value, expected, rtol=1e-9)


def test_ends_of_probabilities():
    k = range(4)
    np.testing.assert_allclose([grad(lambda mu: stats.poisson.pmf(n, mu))(0.0) for n in k], [-1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose([grad(lambda p: stats.binom.pmf(n, 3, p))(0.0) for n in k], [-3.0, 3.0, 0.0, 0.0])
    np.testing.assert_allclose([grad(lambda p: stats.binom.pmf(n, 3, p))(1.0) for n in k], [0.0, 0.0, -3.0, 3.0])
    assert value_and_grad(lambda p: stats.bernoulli.pmf(1, p))(0.0) == (0.0, 1.0)


TINY = -400 * np.log(10)
TAILS = [
    ("gumbel_r", "logsf", (900.0,), -900.0, -1.0), ("gumbel_l", "logcdf", (-900.0,), -900.0, 1.0),
    ("genextreme", "logsf", (900.0, 0.0), -900.0, -1.0), ("weibull_min", "logcdf", (1e-200, 2.0), TINY, 2e200),
    ("weibull_max", "logsf", (-1e-200, 2.0), TINY, -2e200),
    ("gennorm", "logsf", (900.0, 1.0), -900 - np.log(2), -1.0),
    ("gennorm", "logcdf", (-900.0, 1.0), -900 - np.log(2), 1.0),
]


@pytest.mark.parametrize("name, method, args, value, slope", TAILS)
def test_tails_whose_hazard_underflows(name, method, args, value, slope):
    np.testing.assert_allclose(value_and_grad(getattr(getattr(stats, name), method))(*args), (value, slope), rtol=1e-12)


def test_second_derivatives_where_a_factor_is_zero():
    """∂²/∂a∂x of (a − 1) log x at a = 1."""
    np.testing.assert_allclose(grad(lambda a: grad(lambda x: stats.gamma.logpdf(x, a))(0.5))(1.0), 2.0)
    for function, slope in (("xlogy", 2.0), ("xlog1py", 1 / 1.5), ("rel_entr", -2.0), ("kl_div", -2.0)):
        f = getattr(traced.special, function)
        np.testing.assert_allclose(grad(lambda x: grad(f, 1)(x, 0.5))(0.0), slope)
