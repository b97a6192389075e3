"""Integrals of samples: trapezoid, simpson, their cumulative forms, and romb."""

from scipy_table import scipy_row

import numpy as np
import pytest
import scipy.integrate

from autodiff_trace import grad
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.scipy import integrate
from table import table_test

rng = np.random.default_rng(0)
Y = rng.normal(size=7)
Y2 = rng.normal(size=(3, 6))
X = np.cumsum(rng.uniform(0.5, 1.5, 7))
X2 = np.cumsum(rng.uniform(0.5, 1.5, (3, 6)), axis=1)

ROWS = [
    scipy_row("integrate.trapezoid", Y),
    scipy_row("integrate.trapezoid", Y, X),
    scipy_row("integrate.trapezoid", Y2, X2),
    scipy_row("integrate.trapezoid", Y2, X[:6]),
    scipy_row("integrate.trapezoid", Y2, axis=0, dx=0.3),
    scipy_row("integrate.trapezoid", Y + 1j * X),
    scipy_row("integrate.simpson", Y),
    scipy_row("integrate.simpson", Y, X),
    scipy_row("integrate.simpson", Y2, X2),
    scipy_row("integrate.simpson", Y2, X[:6]),
    scipy_row("integrate.simpson", Y2, dx=0.3),
    scipy_row("integrate.simpson", Y2, axis=0),
    scipy_row("integrate.simpson", Y[:2], X[:2]),
    scipy_row("integrate.cumulative_trapezoid", Y, X),
    scipy_row("integrate.cumulative_trapezoid", Y2, axis=0, dx=0.3),
    scipy_row("integrate.cumulative_trapezoid", Y2, X2, initial=0),
    scipy_row("integrate.cumulative_simpson", Y),
    scipy_row("integrate.cumulative_simpson", Y2, axis=0, dx=0.3, initial=1.5),
    scipy_row("integrate.cumulative_simpson", Y[:2]),
    scipy_row("integrate.romb", Y[:5]),
    scipy_row("integrate.romb", Y2[:, :5], dx=0.3),
    scipy_row("integrate.romb", Y2[:, :3].T, axis=0),
]
test_samples = table_test(ROWS)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson", "romb"])
def test_derivative_in_dx(name):
    f = getattr(integrate, name)
    y = Y[:5]
    slope = grad(lambda dx: np.sum(f(y, dx=dx)))(0.7)
    np.testing.assert_allclose(slope, np.sum(getattr(scipy.integrate, name)(y)), rtol=1e-12)


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_derivative_of_cumulative_simpson_in_x(count):
    def f(x):
        return np.sum(integrate.cumulative_simpson(Y[:count], x=x)[..., 1:] ** 2)

    x, h = X[:count], 1e-6
    differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(count)]
    np.testing.assert_allclose(grad(f)(x), differences, rtol=1e-7, atol=1e-8)


def test_samples_at_one_place():
    x = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    value = scipy.integrate.simpson(Y[:5], x=x)
    gradient = grad(lambda y: integrate.simpson(y, x=x))(Y[:5])
    np.testing.assert_allclose(gradient @ Y[:5], value, rtol=1e-12)


def test_errors():
    with pytest.raises(ValueError, match="strictly increasing"):
        grad(lambda y: integrate.cumulative_simpson(y, x=X[::-1])[-1])(Y)
    with pytest.raises(ValueError, match="power of 2"):
        grad(integrate.romb)(Y)
    with pytest.raises(ValueError, match="length of x"):
        grad(lambda y: integrate.simpson(y, x=X[:3]))(Y)
    with pytest.raises(TracedValueError, match="show="):
        grad(lambda y: integrate.romb(y, show=True))(Y[:5])
