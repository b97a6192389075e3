"""Solvers called in loops, on functions that read the variable of the loop: derivatives and replays run them again."""

import numpy as np
import pytest

import scipy_table  # noqa: F401  skips the module without SciPy

from autodiff_trace import TracedValueError, custom_linear_solve, custom_root, grad, jacobian, jit
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import optimize

P = np.array([1.0, 8.0, 27.0])
T = np.arange(3.0)

SOLVERS = {
    "custom_root": lambda p, i: custom_root(lambda x: x - p[i()] ** 2, 1.0),
    "custom_linear_solve": lambda p, i: custom_linear_solve(lambda x: x / p[i()], p[i()]),
    "brentq": lambda p, i: optimize.brentq(lambda x: x - p[i()] ** 2, -1.0, 1e4),
    "root_scalar": lambda p, i: optimize.root_scalar(
        lambda x: (x - p[i()] ** 2, 1.0 + 0 * x), x0=1.0, fprime=True, method="newton").root,
    "newton": lambda p, i: optimize.newton(lambda x: x - p[i()] ** 2, 1.0),
    "root": lambda p, i: optimize.root(
        lambda x: x - p[i()] ** 2, [1.0], jac=lambda x: p[i()] / p[i()] * anp.eye(1)).x[0],
    "fixed_point": lambda p, i: optimize.fixed_point(lambda x: 0.5 * x + 0.5 * p[i()] ** 2, 1.0),
    "minimize": lambda p, i: optimize.minimize(lambda x: (x[0] - p[i()] ** 2) ** 2, [1.0]).x[0],
    "constraints": lambda p, i: optimize.minimize(
        lambda x: x @ x, [1.0, 1.0], constraints={"type": "eq", "fun": lambda x: x[0] - p[i()] ** 2}).x[0],
    "value": lambda p, i: optimize.minimize(lambda x: (x[0] - 1) ** 2 + p[i()] ** 2, [1.5]).fun,
    "minimize_scalar": lambda p, i: optimize.minimize_scalar(lambda x: (x - p[i()] ** 2) ** 2).x,
    "least_squares": lambda p, i: optimize.least_squares(lambda x: x - p[i()] ** 2, [1.0]).x[0],
    "curve_fit": lambda p, i: optimize.curve_fit(lambda t, k: (k - p[i()] ** 2) * t, T, 0 * T, p0=(1.0,))[0][0],
}


@pytest.mark.parametrize("name", list(SOLVERS))
def test_the_variable_of_a_loop(name):
    solve = SOLVERS[name]

    def in_loop(p):
        solutions = []
        for i in range(3):
            solutions.append(solve(p, lambda: i))
        return anp.stack(solutions)

    np.testing.assert_allclose(in_loop(P), P**2, rtol=1e-4)
    np.testing.assert_allclose(jacobian(in_loop)(P), np.diag(2 * P), rtol=1e-6, atol=1e-6)
    fast, slopes = jit(in_loop), jit(jacobian(in_loop))
    for p in (P, 1.5 * P, 2 * P):
        np.testing.assert_allclose(fast(p), p**2, rtol=1e-4)
        np.testing.assert_allclose(slopes(p), np.diag(2 * p), rtol=1e-6, atol=1e-6)


def test_containers_and_arrays_that_change_afterwards():
    state, table = {"k": 2.0}, np.array([2.0])

    def solve(a):
        found = optimize.brentq(lambda x: x - a * state["k"] * table[0], -10.0, 100.0)
        state["k"], table[0] = 100.0, 100.0
        return found

    assert grad(solve)(1.0) == pytest.approx(4)


def test_large_arrays_that_change_afterwards_are_an_error():
    table = np.ones(1000)

    def solve(a):
        found = optimize.brentq(lambda x: x - a * anp.mean(table), -10.0, 100.0)
        table[:] = 3.0
        return found

    with pytest.raises(TracedValueError, match=r"brentq \(.*line \d+\): the derivative needs its function once more"):
        grad(solve)(1.0)


def test_programs_read_arrays_anew():
    table = np.array([2.0])
    solve = jit(lambda a: optimize.minimize(lambda x: anp.sum((x - a * table) ** 2), np.zeros(1)).x[0])
    slope = jit(grad(lambda a: optimize.minimize(lambda x: anp.sum((x - a * table) ** 2), np.zeros(1)).x[0]))
    for table[0] in (2.0, 3.0, 4.0):
        assert solve(1.0) == pytest.approx(table[0], abs=1e-6)
        assert slope(1.0) == pytest.approx(table[0], abs=1e-6)
