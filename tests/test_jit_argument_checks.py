"""What NumPy's functions raise for some values of their arguments they raise in replays, too."""

import numpy as np
import pytest

from autodiff_trace import grad, jit, numpy as anp, vmap

x, ones = np.arange(5.0), np.ones(5)

CHECKS = {
    "average": (lambda w: anp.average(x, weights=w), ones, np.zeros(5)),
    "choose": (lambda i: anp.choose(i, [x[:3], ones[:3]]), np.array([0, 1, 0]), np.array([0, 2, 0])),
    "choose, negative": (lambda i: anp.choose(i, [x[:3], ones[:3]]), np.array([0, 1, 0]), np.array([0, -1, 0])),
    "geomspace": (lambda stop: anp.geomspace(1.0, stop, 3), 2.0, 0.0),
    "histogram of NaN": (lambda a: anp.histogram(a)[1], x, np.where(x > 3, np.nan, x)),
    "histogram, bins": (lambda bins: anp.histogram(x, bins)[0], x[:3], x[2::-1].copy()),
    "histogram, range": (lambda least: anp.histogram(x, range=(least, 2.0))[1], 1.0, 3.0),
    "percentile": (lambda q: anp.percentile(x, q), 30.0, 130.0),
    "quantile": (lambda q: anp.quantile(x, q), np.array([0.0, 1.0]), np.array([0.0, -1.0])),
}


@pytest.mark.parametrize("name", CHECKS)
def test_bad_value_raises_in_a_replay(name):
    function, good, bad = CHECKS[name]
    compiled = jit(function)
    for _ in range(2):
        np.testing.assert_allclose(compiled(good), function(good))
    with pytest.raises((ArithmeticError, ValueError)) as expected:
        function(bad)
    with pytest.raises(expected.type):
        compiled(bad)
    np.testing.assert_allclose(compiled(good), function(good))


def test_check_inside_of_derivatives_and_batches():
    gradient = jit(grad(lambda w: anp.average(x, weights=w)))
    np.testing.assert_allclose(gradient(ones), grad(lambda w: anp.average(x, weights=w))(ones))
    with pytest.raises(ZeroDivisionError):
        gradient(np.zeros(5))
    rows = jit(vmap(lambda w: anp.average(x, weights=w)))
    np.testing.assert_allclose(rows(np.ones((2, 5))), [2.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        rows(np.array([ones, 0 * ones]))
