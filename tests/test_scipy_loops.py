"""Solvers called in loops, on functions that read the variable of the loop: derivatives and replays run them again."""

import numpy as np
import pytest

import scipy_table  # noqa: F401  skips the module without SciPy

from autodiff_trace import TracedValueError, custom_linear_solve, custom_root, grad, jacobian, jit
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import integrate, optimize
from autodiff_trace.transforms.closures import Closure

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
    **{
        method: lambda p, i, method=method: integrate.solve_ivp(
            lambda t, y: p[i()] ** 2 + 0 * y, (0, 1), [0.0], method=method).y[0, -1]
        for method in ("RK45", "DOP853", "Radau", "LSODA")
    },
    "many equations": lambda p, i: integrate.solve_ivp(
        lambda t, y: p[i()] ** 2 + 0 * y, (0, 1), np.zeros(40)).y[0, -1],
    "event": lambda p, i: integrate.solve_ivp(
        lambda t, y: 1 + 0 * y, (0, 1e4), [0.0], events=lambda t, y: y[0] - p[i()] ** 2).t_events[0][0],
    "sol": lambda p, i: integrate.solve_ivp(
        lambda t, y: p[i()] ** 2 + 0 * y, (0, 2), [0.0], dense_output=True).sol(1.0)[0],
    "odeint": lambda p, i: integrate.odeint(lambda y, t: p[i()] ** 2 + 0 * y, [0.0], [0.0, 1.0])[-1, 0],
    "quad": lambda p, i: integrate.quad(lambda x: 2 * x * p[i()] ** 2, 0, 1)[0],
    "quad_vec": lambda p, i: integrate.quad_vec(lambda x: 2 * x * p[i()] ** 2, 0, 1)[0],
    "dblquad": lambda p, i: integrate.dblquad(lambda y, x: 2 * x * p[i()] ** 2, 0, 1, 0, 1)[0],
    "solve_bvp": lambda p, i: integrate.solve_bvp(
        lambda x, y: p[i()] ** 2 + 0 * y, lambda a, b: a, [0.0, 0.5, 1.0], np.zeros((1, 3))).y[0, -1],
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


def test_integrands_read_what_they_read_then():
    state, table, work = {}, np.ones(1), np.zeros(2000)

    def rhs(t, y):
        work[:] = t  # a buffer of its own, too large for a copy
        return state["k"] * table[0] + 0 * work[0] * y

    def solve(k):
        state["k"], table[0] = k, 1.0
        first = integrate.solve_ivp(rhs, (0, 1), [0.0]).y[0, -1]
        state["k"], table[0] = 3 * k, 5.0
        second = integrate.quad(lambda x: state["k"] * table[0], 0, 1)[0]
        state["k"], table[0] = 0.0, 0.0
        return first * k + second * k

    assert np.isclose(grad(solve)(2.0), 2 * 2.0 + 2 * 15 * 2.0)
    assert np.isclose(grad(grad(solve))(2.0), 32.0)


def test_arguments_are_those_of_the_call():
    def solve(k):
        a, y0, ends = np.array([2.0]), np.zeros(1), np.array([0.0, 1.0])
        y = integrate.solve_ivp(lambda t, y, k, a: k**2 * a, ends, y0, args=(k, a), t_eval=ends).y[0, -1]
        z = integrate.odeint(lambda y, t, k, a: k**2 * a, y0, ends, args=(k, a))[-1, 0]
        x = integrate.quad(lambda x, k, a: k**2 * a[0], 0, 1, args=(k, a))[0]
        a[:], y0[:], ends[:] = 7.0, 7.0, 7.0
        return x + y + z

    assert np.isclose(grad(solve)(3.0), 36.0)
    assert np.isclose(grad(grad(solve))(3.0), 12.0)


def test_arrays_that_change_between_replays():
    table = np.ones(2000)
    slope = jit(grad(lambda k: integrate.odeint(lambda y, t: k * table[-1] + 0 * y, [0.0], [0.0, 1.0])[-1, 0]))
    value = jit(lambda k: integrate.quad(lambda x: k * table[-1], 0, 1)[0])
    for each in (1.0, 2.0, 3.0, 1.0):
        table[-1] = each
        assert np.isclose(slope(1.0), each)
        assert np.isclose(value(1.0), each)


def test_branches_first_taken_by_the_derivative():
    def moving_end(v, end):
        a, b = v
        return integrate.quad(lambda x: a * x if x < 1.0 else b * x, 0.0, end)[0]

    v = np.array([1.0, 4.0])
    np.testing.assert_allclose(grad(moving_end, argnums=(0, 1))(v, 1.0)[0], [0.5, 0.0])
    np.testing.assert_allclose(grad(moving_end, argnums=(0, 1))(v, 1.0)[1], 4.0)

    def unforeseen(p):
        a, b = p
        closure = Closure(lambda is_first: 2 * a if is_first else 2 * b)
        closure.discover(True)
        with pytest.raises(TracedValueError, match="another branch"):
            closure.call([1.0], False)
        return a

    grad(unforeseen)(np.ones(2))


def test_jacobians_of_integrals():
    def integrals(p):
        return anp.stack([integrate.quad(lambda x: 2 * x * p[i] ** 2, 0, 1)[0] for i in range(3)])

    np.testing.assert_allclose(jacobian(integrals)(P), np.diag(2 * P), atol=1e-9)


def test_lists_of_hidden_values():
    solve = lambda w: integrate.solve_ivp(lambda t, y: anp.array([w]), (0, 1), [0.0]).y[0, -1]  # noqa: E731
    assert np.isclose(grad(solve)(2.0), 1.0)
    wide = lambda w: integrate.solve_ivp(lambda t, y: anp.array(w), (0, 1), [0.0, 1.0]).y.sum()  # noqa: E731
    steps = integrate.solve_ivp(lambda t, y: 2.0, (0, 1), [0.0, 1.0]).t
    assert np.isclose(grad(wide)(2.0), 2 * steps.sum())


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.failures.JitWarning")
@pytest.mark.parametrize("integral", [
    lambda k, a: integrate.quad(lambda x, k, a: k * a[0] * x, 0, 1, args=(k, a))[0],
    lambda k, a: integrate.solve_ivp(lambda t, y, k, a: -k * a * y, (0, 1), np.ones(1), args=(k, a)).y[0, -1],
])
def test_an_array_among_the_arguments_that_the_function_writes_into_afterwards(integral):
    def f(k):
        a = np.full(1, 2.0)
        value = integral(k, a)
        a[:] = 9
        return value

    expected = grad(lambda k: integral(k, np.full(1, 2.0)))(1.0)
    derivative = jit(grad(f))
    for found in (grad(f)(1.0), derivative(1.0), derivative(1.0)):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
