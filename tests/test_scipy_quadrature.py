"""quad and its kin: derivatives in the limits and in the parameters."""

import scipy_table  # noqa: F401  (skips without SciPy)

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special

from autodiff_trace import grad, hessian, jacfwd, jacobian, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.scipy.integrate import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad
from autodiff_trace.testing import check_grads


def wave(x, p):
    return anp.exp(-p * x * x) * anp.cos(x)


P = np.array([1.3, 0.3])


@pytest.mark.parametrize("f, args", [
    (lambda p: quad(wave, 0.0, 2.0, args=(p,))[0], [1.3]),
    (lambda a, b, p: quad(lambda x: wave(x, p), a, b)[0], [0.1, 2.0, 1.3]),
    (lambda a, b, p: quad(lambda x: wave(x, p), a, b)[0], [2.0, 0.1, 1.3]),
    (lambda p: quad(lambda x: anp.exp(-p[0] * x * x + p[1] * x), -np.inf, np.inf)[0], [P]),
    (lambda p, b: quad(lambda x: anp.exp(-p[0] * x * x + p[1] * x), -np.inf, b)[0], [P, 0.7]),
    (lambda p, b: quad(lambda x: anp.exp(-p[0] * x * x + p[1] * x), b, np.inf)[0], [P, 0.7]),
    (lambda p: quad(lambda x: anp.abs(x - 0.3) ** p, 0, 1, points=[0.3])[0], [1.5]),
    (lambda p: quad(lambda x: anp.exp(p * x) if x < 0.5 else p * x, 0, 1)[0], [1.5]),
    (lambda p: quad(lambda x: math.sin(x) * p * p, 0, 1)[0], [1.5]),
    (lambda p: anp.real(quad(lambda x: anp.exp(1j * p * x), 0, 1, complex_func=True)[0]), [1.5]),
    (lambda p, b: quad_vec(lambda x: anp.exp(-p * x), 0, b)[0], [P, 0.7]),
    (lambda p: quad_vec(lambda x, q: anp.outer(q, x * q), 0, 1, args=(p,))[0], [P]),
    (lambda p, b: fixed_quad(lambda x: anp.exp(-p * x), 0, b)[0], [1.3, 0.7]),
    (lambda p, b: dblquad(lambda y, x: anp.exp(-p * x * y), 0, b, 0, lambda x: x)[0], [1.3, 1.0]),
], ids=range(14))
def test_derivatives(f, args):
    check_grads(f, *args, tolerance=1e-5)


def test_singular_integrands():
    # ∫ x^p = 1 / (p + 1), whose derivatives have logarithms at 0
    def f(p):
        return quad(lambda x: x**p, 0, 1)[0]

    np.testing.assert_allclose(grad(f)(-0.5), -4.0, rtol=1e-7)
    np.testing.assert_allclose(hessian(f)(-0.5), 16.0, rtol=1e-7)


def test_the_gamma_function():
    def gamma(p):
        return quad(lambda x: x ** (p - 1) * anp.exp(-x), 0, np.inf)[0]

    np.testing.assert_allclose(grad(gamma)(3.5), scipy.special.gamma(3.5) * scipy.special.digamma(3.5), rtol=1e-8)


def test_transformations_compose():
    def f(p):
        return quad(wave, 0.0, p, args=(p,))[0]

    p = np.array([1.0, 2.0])
    values, slopes = [f(x) for x in p], [grad(f)(x) for x in p]
    np.testing.assert_allclose(vmap(f)(p), values)
    np.testing.assert_allclose(vmap(grad(f))(p), slopes)
    np.testing.assert_allclose(grad(lambda p: anp.sum(vmap(f)(p)))(p), slopes)
    compiled, gradient = jit(f), jit(grad(f))
    for i in (0, 1, 0):
        np.testing.assert_allclose(compiled(p[i]), values[i])
        np.testing.assert_allclose(grad(compiled)(p[i]), slopes[i])
        np.testing.assert_allclose(gradient(p[i]), slopes[i])
    np.testing.assert_allclose(jit(hessian(f))(1.0), hessian(f)(1.0))
    np.testing.assert_allclose(jacfwd(grad(f))(1.0), hessian(f)(1.0))


def test_many_parameters_in_one_pass():
    calls = []

    def f(w):
        def integrand(x):
            calls.append(1)
            return anp.tanh(w @ anp.array([x, 1.0]))[0] * anp.sum(w * w)

        return quad(integrand, 0, 1)[0]

    w = np.arange(20.0).reshape(10, 2) / 20
    gradient = grad(f)(w)
    direction = np.cos(w)
    h = 1e-5
    np.testing.assert_allclose(np.sum(gradient * direction), (f(w + h * direction) - f(w - h * direction)) / (2 * h),
                               rtol=1e-8)
    assert len(calls) < 100  # 21 by SciPy in each of three, and one for the derivative


def test_limits():
    assert grad(lambda b: quad(lambda x: anp.exp(-x), 0, b)[0])(np.inf) == 0.0
    np.testing.assert_allclose(jacobian(lambda a: quad(lambda x: x * a, a, a)[0])(2.0), 0.0)
    np.testing.assert_allclose(grad(lambda b: quad(lambda x: x, 2.0, b)[0])(2.0), 2.0)


def test_results_of_scipy():
    expected = scipy.integrate.quad(wave, 0, 2, args=(1.3,), full_output=1)
    results = []

    def f(p):
        results.append(quad(wave, 0, 2, args=(p,), full_output=1))
        return results[-1][0]

    grad(f)(1.3)
    assert results[0][0]._value == expected[0] and results[0][1] == expected[1] and results[0][2]["neval"] == 21
    with pytest.warns(scipy.integrate.IntegrationWarning):
        grad(lambda p: quad(lambda x: p / x, 0, 1)[0])(1.0)
    assert grad(lambda p: p * quad(lambda x: x, 0, 1, weight="cos", wvar=1.0)[0])(1.0) == scipy.integrate.quad(
        lambda x: x, 0, 1, weight="cos", wvar=1.0)[0]


def test_several_variables():
    # the volume of a ball: 4/3 π r³
    def ball(r):
        return tplquad(
            lambda z, y, x: 1.0, -r, r, lambda x: -anp.sqrt(r * r - x * x), lambda x: anp.sqrt(r * r - x * x),
            lambda x, y: -anp.sqrt(anp.maximum(r * r - x * x - y * y, 0.0)),
            lambda x, y: anp.sqrt(anp.maximum(r * r - x * x - y * y, 0.0)), epsabs=1e-3, epsrel=1e-3)[0]

    np.testing.assert_allclose(ball(1.0), 4 / 3 * np.pi, rtol=1e-4)
    f = grad(lambda p: nquad(lambda x, y, p: p * p * x * y, [lambda y, p: (0, y), (0, 1)], (p,))[0])
    np.testing.assert_allclose(f(3.0), 2 * 3.0 / 8)
    value, error = dblquad(lambda y, x: x * y, 0, 1, 0, 1)
    assert (value, error) == scipy.integrate.dblquad(lambda y, x: x * y, 0, 1, 0, 1)


def test_errors():
    with pytest.raises(TracedValueError, match="weight='cos'"):
        grad(lambda p: quad(lambda x: p * x, 0, 1, weight="cos", wvar=1.0)[0])(1.0)
    with pytest.raises(TracedValueError, match="no derivative with respect to epsabs"):
        grad(lambda e: quad(lambda x: x, 0, 1, epsabs=e)[0])(1e-6)
    with pytest.raises(TracedValueError, match="full_output"):
        grad(lambda p: nquad(lambda x: p * x, [(0, 1)], full_output=True)[0])(1.0)
    with pytest.raises(ValueError, match="finite limits"):
        grad(lambda p: fixed_quad(lambda x: p * x, 0, np.inf)[0])(1.0)


def test_limits_of_a_fixed_rule_may_be_mapped():
    def area(a):
        return fixed_quad(lambda t: anp.exp(-a * t), a, 2.0 * a)[0]

    a = np.array([0.5, 1.2, 2.0])
    np.testing.assert_allclose(vmap(area)(a), [area(x) for x in a], rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(area))(a), [grad(area)(x) for x in a], rtol=1e-12)
    with pytest.raises(ValueError, match="finite limits"):
        vmap(area)(np.array([1.0, np.inf]))
