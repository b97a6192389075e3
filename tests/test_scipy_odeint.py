"""odeint: derivatives in everything that the solution depends on."""

import scipy_table  # noqa: F401  (skips without SciPy)

import numpy as np
import pytest
import scipy.integrate

from autodiff_trace import grad, hessian, jacfwd, jacobian, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.scipy.integrate import odeint
from autodiff_trace.testing import check_grads

TIGHT = {"rtol": 1e-11, "atol": 1e-11}
Y0 = np.array([1.0, 0.2])
TIMES = np.array([0.0, 0.3, 0.3, 1.5])


def pendulum(y, t, p):
    return anp.array([y[1], -p * anp.sin(y[0]) - 0.1 * y[1] * t])


def test_everything_has_derivatives():
    check_grads(lambda p, y0: odeint(pendulum, y0, TIMES, args=(p,), **TIGHT), 2.0, Y0, tolerance=1e-5)
    check_grads(lambda p, t: odeint(pendulum, Y0, t, args=(p,), **TIGHT), 2.0, TIMES[[0, 1, 3]], tolerance=1e-5)
    check_grads(lambda p, t: odeint(pendulum, Y0, t, args=(p,), **TIGHT), 2.0, TIMES[[3, 1, 0]], tolerance=1e-5,
                order=1)
    check_grads(lambda p, y0: odeint(lambda t, y: -p * y, y0, TIMES, tfirst=True, **TIGHT), 2.0, 1.0, tolerance=1e-5,
                order=1)


def test_values_are_those_of_scipy():
    results = []

    def f(p):
        results.append(odeint(pendulum, Y0, TIMES, (p,), full_output=True))
        return results[-1][0][-1, 0]

    expected, info = scipy.integrate.odeint(pendulum, Y0, TIMES, (2.0,), full_output=True)
    grad(f)(2.0)
    np.testing.assert_array_equal(results[0][0]._value, expected)
    assert results[0][1]["message"] == info["message"]
    np.testing.assert_array_equal(results[0][1]["nst"], info["nst"])
    plain = odeint(pendulum, Y0, TIMES, (2.0,), None, 0, 0, None, None, 1e-6)
    np.testing.assert_array_equal(plain, scipy.integrate.odeint(pendulum, Y0, TIMES, (2.0,), rtol=1e-6))


def test_transformations_compose():
    def decay(p):
        return odeint(lambda y, t: -p * y, [1.0, 2.0], [0.0, 1.0], **TIGHT)[-1, 0]

    p = np.array([0.7, 1.3])
    np.testing.assert_allclose(vmap(grad(decay))(p), -np.exp(-p))
    np.testing.assert_allclose(jit(grad(decay))(0.7), -np.exp(-0.7))
    np.testing.assert_allclose(hessian(decay)(0.7), np.exp(-0.7))
    np.testing.assert_allclose(jacfwd(decay)(0.7), -np.exp(-0.7))


def test_stiff_with_jacobian():
    # y' = −k (y − cos t), whose solution follows the cosine: y ≈ cos t + sin t / k
    def end(k, **given):
        def f(y, t, k):
            return -k * (y - anp.cos(t))

        return odeint(f, 0.0, [0.0, 1.0], args=(k,), rtol=1e-9, atol=1e-9, **given)[1, 0]

    k = 1e4
    s, c = np.sin(1.0), np.cos(1.0)
    exact = ((s + 2 * k * c) * (k * k + 1) - (k * s + k * k * c) * 2 * k) / (k * k + 1) ** 2
    np.testing.assert_allclose(grad(end)(k), exact, rtol=1e-6)
    np.testing.assert_allclose(grad(lambda k: end(k, Dfun=lambda y, t, k: anp.array([[-k]])))(k), exact, rtol=1e-6)


def test_one_time():
    np.testing.assert_array_equal(jacobian(lambda y: odeint(pendulum, y, [0.0], (2.0,)))(Y0), np.eye(2)[None])


def test_failures_have_no_derivative():
    def f(p):
        return odeint(lambda y, t: p * y**2, 1.0, [0.0, 3.0], mxstep=20)[-1, 0]

    with pytest.warns(scipy.integrate.ODEintWarning), pytest.raises(RuntimeError, match="odeint has failed"):
        grad(f)(1.0)


def test_errors():
    with pytest.raises(TracedValueError, match="no derivative with respect to rtol"):
        grad(lambda r: odeint(pendulum, Y0, TIMES, (2.0,), rtol=r)[-1, 0])(1e-6)
    with pytest.raises(TypeError, match="takes 22 arguments"):
        odeint(pendulum, *[None] * 30)
