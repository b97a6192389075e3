"""Gamma, error and information functions of SciPy against mpmath, in two orders, and at the ends of their domains."""

import warnings

import numpy as np
import pytest

import scipy_table  # noqa: F401, which skips this module without SciPy

mp = pytest.importorskip("mpmath", reason="the references are mpmath's")

from autodiff_trace import grad  # noqa: E402
from autodiff_trace.scipy import special  # noqa: E402
from test_scipy_special_accuracy import FIRST, IN_TWO, SECOND, compare  # noqa: E402

PAIRS = [(a, b) for a in (1e-8, 0.3, 5.0, 100.0) for b in (0.3, 2.0, 50.0)]


def test_of_one_argument():
    right, left = [(1e-8,), (0.3,), (2.0,), (7.5,), (150.0,)], [(-0.5,), (-2.3,), (-20.7,)]
    for name, reference in (("gamma", mp.gamma), ("psi", mp.digamma), ("rgamma", mp.rgamma)):
        compare(name, reference, right + left, [FIRST, SECOND])
    compare("gammaln", mp.loggamma, right, [FIRST, SECOND])
    compare("rgamma", mp.rgamma, [(0.0,), (-1.0,), (-30.0,)], [FIRST, SECOND])
    points = [(-5.0,), (1e-10,), (0.3,), (20.0,), (25.1,)]
    compare("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), points, [FIRST, SECOND], tolerance=1e-9)
    dawson = lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)  # noqa: E731
    compare("dawsn", dawson, points, [FIRST, SECOND], tolerance=1e-9)
    points = [(x,) for x in (-1000.0, -40.0, -5.0, -0.1, 3.0, 20.0)]
    tail = lambda x: mp.erfc(mp.fabs(x) / mp.sqrt(2)) / 2  # noqa: E731
    compare("log_ndtr", lambda x: mp.log1p(-tail(x)) if x > 0 else mp.log(tail(x)), points, [FIRST, SECOND])
    compare("spence", lambda z: mp.polylog(2, 1 - z), [(1e-10,), (1.0001,), (600.0,)], [FIRST, SECOND])
    points = [(-700.0,), (1e-10,), (5.0,), (600.0,)]
    compare("exprel", lambda x: mp.expm1(x) / x, points, [FIRST, SECOND])
    compare("shichi", mp.shi, [(-50.0,), (1e-6,), (5.0,)], [FIRST, SECOND], take=0)


def test_differences_of_polygamma_functions():
    for name, reference in (("beta", mp.beta), ("betaln", lambda a, b: mp.log(mp.beta(a, b))), ("poch", mp.rf)):
        compare(name, reference, PAIRS, IN_TWO, tolerance=5e-7)  # 1e-15 where nothing cancels in the function itself
        compare(name, reference, PAIRS[3:], IN_TWO, tolerance=1e-11)
    compare("betaln", lambda a, b: mp.log(mp.beta(a, b)), [(1e10, 2.0)], IN_TWO, tolerance=1e-12)
    compare("binom", mp.binomial, [(5.0, 2.0), (100.0, 50.0), (3.0, 4.0), (-1.5, 2.2)], IN_TWO)
    assert [grad(special.poch)(z, m) for z, m in ((0.0, 2.0), (-2.0, 3.0))] == [1.0, pytest.approx(2.0, rel=1e-14)]


def test_transformations_and_losses():
    boxcox = lambda x, power: (x**power - 1) / power  # noqa: E731
    inverse = lambda y, power: (1 + power * y) ** (1 / power)  # noqa: E731
    points = [(0.5, 1e-9), (3.0, 2.0), (1e-5, -0.7), (20.0, 1e-3)]
    compare("boxcox", boxcox, points, IN_TWO)
    compare("boxcox1p", lambda x, power: boxcox(1 + x, power), points, IN_TWO)
    points = [(0.5, 1e-9), (3.0, 2.0), (-0.9, 0.7), (1e4, 0.3)]
    compare("inv_boxcox", inverse, points, IN_TWO)
    compare("inv_boxcox1p", lambda y, power: inverse(y, power) - 1, [*points, (1e-12, 0.4)], IN_TWO)
    loss = lambda delta, r: delta**2 * (mp.sqrt(1 + (r / delta) ** 2) - 1)  # noqa: E731
    compare("pseudo_huber", loss, [(1.0, 0.3), (1e-3, 5.0), (1e3, 0.1)], IN_TWO)


def test_incomplete_gamma_in_both_tails():
    lower = lambda a, x: mp.gammainc(a, 0, x, regularized=True)  # noqa: E731
    upper = lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True)  # noqa: E731
    points = [(1e-3, 0.5), (0.3, 1e-10), (0.3, 20.0), (5.0, 1e-3), (30.0, 90.0), (100.0, 60.0)]
    compare("gammainc", lower, points, IN_TWO)
    compare("gammaincc", upper, points, IN_TWO)


def test_incomplete_beta_in_all_arguments():
    lower = lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True)  # noqa: E731
    points = [(0.5, 0.5, 0.3), (2.0, 3.0, 1e-8), (20.0, 5.0, 0.8), (0.3, 40.0, 0.01)]
    orders = (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)
    compare("betainc", lower, points, orders)


@pytest.mark.parametrize("a, b, in_a, in_b", [
    ([-np.inf, 1.0], [2.0, 1.0], [0, 1], [0, 1]),
    ([1.0, 2.0], [0.0, 1.0], [0, 1], [np.exp(-1), 1]),  # without a weight it does not count, but would with some
    ([1.0, 2.0], [1.0, -3.0], [np.nan, np.nan], [np.nan, np.nan]),  # of a negative number
    ([-np.inf, -np.inf], [1.0, 2.0], [0, 0], [0, 0]),
])
def test_logsumexp_with_weights(a, b, in_a, in_b):
    slopes = grad(lambda a, b: special.logsumexp(a, b=b), argnums=(0, 1))(np.array(a), np.array(b))
    np.testing.assert_allclose(slopes[0], in_a, rtol=1e-14)
    np.testing.assert_allclose(slopes[1], in_b, rtol=1e-14)


@pytest.mark.parametrize("name, x, slope, curvature", [
    ("log_ndtr", -np.inf, np.inf, -1), ("log_ndtr", 1e10, 0, 0), ("log_expit", -1000.0, 1, 0), ("expit", 1000.0, 0, 0),
    ("erf", np.inf, 0, 0), ("erfcx", np.inf, 0, 0), ("dawsn", np.inf, 0, 0), ("ndtr", -np.inf, 0, 0),
    ("logit", 0.0, np.inf, -np.inf), ("logit", 1.0, np.inf, np.inf), ("logit", 2.0, np.nan, np.nan),
    ("exprel", np.inf, np.inf, np.inf), ("rgamma", np.inf, 0, 0), ("gamma", -3.0, np.nan, np.nan),
    ("gammaln", 1e300, 690.7755278982137, 1e-300), ("entr", 0.0, np.inf, -np.inf),
])
def test_ends_of_domains(name, x, slope, curvature):
    """Limits where there are some, NaN outside of the domain, and no warning."""
    function = getattr(special, name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [grad(function)(x), grad(grad(function))(x)]
    np.testing.assert_allclose(found, [slope, curvature], rtol=1e-14)


@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
def test_the_slope_in_x_of_the_point_at_zero(name):
    function = getattr(special, name)
    assert grad(function, argnums=1)(0.0, 0.4) == 0
