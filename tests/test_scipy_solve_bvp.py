"""solve_bvp: derivatives of the solution in what its functions read."""

import scipy_table  # noqa: F401  (skips without SciPy)

import numpy as np
import pytest
import scipy.integrate

from autodiff_trace import grad, hessian, jacfwd, jacobian, jit, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.scipy.integrate import solve_bvp

X = np.linspace(0.0, 1.0, 11)


def bratu(k, x=X, tol=1e-8, **given):
    """y'' + k eʸ = 0, y(0) = y(1) = 0"""
    return solve_bvp(
        lambda x, y: anp.stack([y[1], -k * anp.exp(y[0])]), lambda a, b: anp.stack([a[0], b[0]]), x,
        np.zeros((2, len(x))), tol=tol, **given)


def exact_middle(k):
    """2 log cosh(θ/2), where θ = √(2k) cosh(θ/4) is the smaller root."""
    theta = 1.0
    for _ in range(200):
        theta = np.sqrt(2 * k) * np.cosh(theta / 4)
    return 2 * np.log(np.cosh(theta / 4))


def middle(k):
    return bratu(k).sol(0.5)[0]


def test_bratu():
    h = 1e-4
    slope = (exact_middle(1 + h) - exact_middle(1 - h)) / (2 * h)
    curvature = (exact_middle(1 + h) - 2 * exact_middle(1.0) + exact_middle(1 - h)) / h**2
    np.testing.assert_allclose(middle(1.0), exact_middle(1.0), rtol=1e-8)
    np.testing.assert_allclose(grad(middle)(1.0), slope, rtol=1e-6)
    np.testing.assert_allclose(jacfwd(middle)(1.0), slope, rtol=1e-6)
    np.testing.assert_allclose(hessian(middle)(1.0), curvature, rtol=1e-4)
    np.testing.assert_allclose(jit(grad(middle))(1.0), slope, rtol=1e-6)
    start = grad(lambda k: bratu(k).y[1, 0])
    np.testing.assert_allclose(vmap(start)(np.ones(2)), start(1.0))


def test_an_eigenvalue():
    # y'' + q² y = 0 with y(0) = y(1) = 0, y'(0) = c: q = π, whatever c is, and y = c sin(πx) / π
    def solve(c):
        return solve_bvp(
            lambda x, y, p: anp.stack([y[1], -p[0] ** 2 * y[0]]),
            lambda a, b, p: anp.stack([a[0], b[0], a[1] - c]), X, np.stack([np.sin(3 * X), np.cos(3 * X)]), p=[3.0],
            tol=1e-8)

    np.testing.assert_allclose(grad(lambda c: solve(c).p[0])(2.0), 0.0, atol=1e-8)
    np.testing.assert_allclose(grad(lambda c: solve(c).sol(0.3)[0])(2.0), np.sin(0.3 * np.pi) / np.pi, rtol=1e-6)
    slopes = jacobian(lambda t: solve(2.0).sol(t)[0])(np.array([0.3, 0.9]))
    np.testing.assert_allclose(slopes, np.diag(2 * np.cos(np.pi * np.array([0.3, 0.9]))), rtol=1e-4)


def test_results_are_those_of_scipy():
    expected = scipy.integrate.solve_bvp(
        lambda x, y: np.stack([y[1], -np.exp(y[0])]), lambda a, b: np.stack([a[0], b[0]]), X, np.zeros((2, 11)))
    results, points = [], np.array([0.33, 1.0])

    def f(k):
        result = bratu(k, tol=1e-3)
        results.append(result)
        return anp.sum(result.sol(points) - expected.sol(points))

    assert abs(value_and_grad(f)(1.0)[0]) < 1e-6  # of what is differentiated the equations are solved to the end
    np.testing.assert_allclose(results[0].y._value, expected.y, atol=1e-6)
    np.testing.assert_array_equal(results[0].x, expected.x)
    assert results[0].message == expected.message and results[0].niter == expected.niter


def test_errors():
    with pytest.raises(TracedValueError, match="fixed length"):
        grad(lambda b: bratu(1.0, x=b * X).y[1, 0])(1.0)
    with pytest.raises(RuntimeError, match="solve_bvp has failed .* maximum number of mesh nodes"):
        grad(lambda k: bratu(k, tol=1e-12, max_nodes=12).y[1, 0])(1.0)
