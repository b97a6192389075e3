"""Roots and fixed points of ``scipy.optimize``, traced."""

import numpy as np
import pytest

from scipy_table import scipy_row  # skips the module without SciPy
import scipy.optimize
from table import table_test

from autodiff_trace import TracedValueError, custom_root, grad, jacobian, jacrev, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import optimize
from solution_modes import compare_modes, newton_written_out

A = np.array([3.0, 2.0])
CUBE = np.array([8.0, 27.0])


def system(x, a):
    return anp.stack([x[0] ** 2 + x[1] - a[0], anp.exp(x[1]) - x[0] * a[1]])


def exact(a):
    return newton_written_out(lambda x: system(x, a), np.ones(2))


def cube(x, c):
    return x**3 - c


ROWS = [
    scipy_row("optimize.rosen", np.array([0.3, 0.4, 0.2])), scipy_row("optimize.rosen", np.ones((3, 2)) * 0.3),
    scipy_row("optimize.rosen_der", np.array([0.3, 0.4, 0.2])), scipy_row("optimize.rosen_hess", np.array([0.3, 0.4])),
    scipy_row("optimize.rosen_hess_prod", np.array([0.3, 0.4]), np.array([1.0, -2.0])),
    # brackets and starts are integers: these have no derivative, but move what SciPy finds within its tolerance
    *[scipy_row(f"optimize.{name}", cube, -1, 10, (2.0,))
      for name in ("bisect", "brenth", "brentq", "ridder", "toms748")],
    scipy_row("optimize.newton", cube, 1, None, (2.0,)),
    scipy_row("optimize.fixed_point", lambda x, a: anp.sqrt(a + x), np.array([1, 1]), (A,)),
    scipy_row("optimize.fsolve", system, np.array([1, 1]), (A,), tolerance=1e-4),
]

test_rows = table_test(ROWS)


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden2", "anderson", "krylov", "df-sane"])
def test_root_by_each_method(method):
    def solve(a):
        return optimize.root(system, [1.0, 1.0], (a,), method=method)

    assert solve(A).success
    np.testing.assert_allclose(jacrev(lambda a: solve(a).x)(A), jacobian(exact)(A), atol=1e-9)


def test_root_in_every_mode():
    compare_modes(lambda a: optimize.root(system, [1.0, 1.0], (a,)).x, exact, A, 1e-8, order=2)
    compare_modes(lambda a: optimize.fsolve(lambda x: system(x, a), [1.0, 1.0]), exact, A, 1e-8)


def test_root_has_scipys_result_with_fewer_evaluations():
    found = optimize.root(system, [1.0, 1.0], (A,))
    expected = scipy.optimize.root(system, [1.0, 1.0], (A,))
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-9)
    assert found.keys() >= {"fjac", "qtf", "njev"} and found.nfev < expected.nfev
    x, information, flag, message = optimize.fsolve(system, [1.0, 1.0], (A,), full_output=True)
    np.testing.assert_allclose(x, expected.x, rtol=1e-9)
    assert flag == 1 and "converged" in message and "njev" in information


def test_root_with_containers():
    def solve(a):
        found = optimize.root(lambda x: {"u": x["u"] ** 2 - a * x["v"], "v": x["v"] - 2.0}, {"u": np.ones(2), "v": 1.0})
        return found.x["u"]

    compare_modes(solve, lambda a: anp.sqrt(2 * a) * np.ones(2), np.float64(2.0), 1e-8)


def test_root_with_a_given_jacobian():
    def slope(x, a):
        return np.diag(2 * x)

    def both(x, a):
        return x**2 - a, 2 * anp.diag(x)

    for fun, jac in ((lambda x, a: x**2 - a, slope), (lambda x, a: x**2 - a, "2-point"), (both, True)):
        np.testing.assert_allclose(grad(lambda a: optimize.root(fun, np.ones(2), a, jac=jac).x[0])(4.0), 0.25)


@pytest.mark.parametrize("options", [
    {"bracket": (0, 10)}, {"x0": 1.0, "method": "newton"}, {"x0": 1.0, "method": "halley"}, {"x0": 1.0, "x1": 2.0},
    {"x0": 1.0},
], ids=str)
def test_root_scalar(options):
    def solve(c):
        return optimize.root_scalar(lambda x: x**3 - c, **options).root

    compare_modes(solve, lambda c: c ** (1 / 3), np.float64(8.0), 1e-9)
    found = optimize.root_scalar(lambda x: x**3 - 8.0, **options)
    assert type(found) is scipy.optimize.RootResults and found.converged is True


def test_arrays_of_roots():
    def solve(c):
        return optimize.newton(lambda x: x**3 - c, np.ones(2))

    compare_modes(solve, lambda c: c ** (1 / 3), CUBE, 1e-9, order=2)
    found = optimize.newton(lambda x: x**3 - CUBE, np.ones(2), full_output=True)
    assert found.converged.all() and found.root.shape == (2,)
    traced = vmap(lambda c: optimize.newton(lambda x: x**3 - c, 1.0, full_output=True)[0])(CUBE)
    np.testing.assert_allclose(traced, [2, 3])


def test_full_output():
    def solve(c):
        x, found = optimize.brentq(cube, 0.0, 10.0, c, full_output=True)
        return x + found.root

    assert grad(solve)(8.0) == pytest.approx(1 / 6)
    x, found = optimize.brentq(cube, 0.0, 10.0, 8.0, full_output=True)
    assert x == found.root and found.converged


def test_fixed_points_in_every_mode():
    compare_modes(lambda a: optimize.fixed_point(lambda x: anp.sqrt(a + x), np.ones(2)),
                  lambda a: 0.5 + anp.sqrt(0.25 + a), A, 1e-8)
    compare_modes(lambda a: optimize.fixed_point(lambda x: anp.cos(a * x), 0.5, method="iteration"),
                  lambda a: newton_written_out(lambda x: x - anp.cos(a * x), np.ones(1))[0], np.float64(0.7), 1e-8)


def test_what_scipy_raises_is_raised():
    with pytest.raises(ValueError, match="different signs"):
        optimize.brentq(lambda x: x, 1, 2)
    with pytest.raises(ValueError, match="different signs"):
        grad(lambda a: optimize.brentq(lambda x: x - a, 1, 2))(5.0)
    with pytest.raises(ValueError, match="neither bracket nor starting point"):
        grad(lambda a: optimize.root_scalar(lambda x: x - a).root)(5.0)
    with pytest.raises(RuntimeError, match="Failed to converge"):
        grad(lambda a: optimize.newton(lambda x: x**2 + a, 1.0))(1.0)
    with pytest.warns(RuntimeWarning, match="not making good progress"):
        optimize.fsolve(lambda x: x**2 + 1, 1.0)


@pytest.mark.parametrize("reason, solve", [
    ("has not converged", lambda a: optimize.root(lambda x: x**2 + a, [1.0, 1.0]).x[0]),
    ("slope of the function is zero", lambda a: optimize.brentq(lambda x: (x - a) ** 3, -1.0, 3.0)),
    ("Jacobian of the equations", lambda a: optimize.root(
        lambda x: anp.stack([x[0] + x[1] - a, 2 * (x[0] + x[1] - a)]), [0.5, 0.5], method="lm").x[0]),
    ("numbers in 'fun'", lambda a: optimize.root(lambda x: x - a, [0.5]).fun[0]),
])
def test_refused_derivatives(reason, solve):
    with pytest.raises(TracedValueError, match=rf"test_scipy_roots.py, line \d+|(?s:.*){reason}") as error:
        grad(solve)(1.0)
    assert reason in str(error.value)


def test_a_replay_solves_anew():
    solve = jit(lambda c: optimize.brentq(lambda x: x**3 - c, 0.0, 10.0))
    np.testing.assert_allclose([solve(8.0), solve(27.0), solve(64.0)], [2, 3, 4])
    assert solve.cache_info().traces == 1
    slope = jit(grad(lambda c: optimize.brentq(cube, 0.0, 10.0, (c,))))
    np.testing.assert_allclose([slope(8.0), slope(27.0)], [1 / 12, 1 / 27])
    assert slope.cache_info().traces == 1


@pytest.mark.parametrize("solve", [
    lambda f: optimize.newton(f, 1.0 + 1.0j),
    lambda f: optimize.newton(f, np.array([1.0 + 1.0j, 1.0 + 0.5j])).sum() / 2,
    lambda f: optimize.root_scalar(f, x0=1.0 + 1.0j, method="newton").root,
    lambda f: optimize.root_scalar(f, x0=1.0 + 1.0j, method="halley").root,
])
def test_complex_roots(solve):
    def part(a):
        return anp.imag(solve(lambda z: z**3 - (a + 1j)) ** 2)

    root = (2.0 + 1j) ** (1 / 3)
    np.testing.assert_allclose(part(2.0), (root**2).imag, rtol=1e-7)
    np.testing.assert_allclose([grad(part)(2.0), jit(grad(part))(2.0)], (2 / (3 * root)).imag, rtol=1e-9)


@pytest.mark.parametrize("solve", [
    lambda f: optimize.newton(f, 5.0), lambda f: optimize.root(f, [3.0]).x[0], lambda f: custom_root(f, 3.0),
])
def test_multiple_roots_have_no_derivative(solve):
    def root(a):
        return solve(lambda x: (x - a) * (x - 2))

    assert abs(root(2.0) - 2) < 1e-5
    with pytest.raises(TracedValueError, match=r"no derivative .*\(a multiple root\)"):
        grad(root)(2.0)
    np.testing.assert_allclose(grad(root)(2.5), float(root(2.5) > 2.2), atol=1e-9)
