"""Least squares, curves, linear problems, minimisers of one number and global ones, traced."""

import numpy as np
import pytest

from scipy_table import scipy_row  # skips the module without SciPy
import scipy.optimize
import scipy.sparse
from table import table_test

from autodiff_trace import TracedValueError, grad, jacobian, jacrev, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import optimize
from solution_modes import compare_modes, newton_written_out

RNG = np.random.default_rng(0)
T = np.linspace(0, 4, 12)
Y = 2.5 * np.exp(-1.3 * T) + 0.05 * RNG.normal(size=12)
SIGMA = 0.05 + 0.01 * T
COVARIANCE = np.diag(SIGMA**2) + 1e-4
MATRIX, SIDE = RNG.normal(size=(6, 3)), RNG.normal(size=6)


def decay(t, a, k):
    return a * anp.exp(-k * t)


def exact_fit(residuals, loss=lambda z: z):
    """The minimum of Σ ρ(r²), by Newton's method."""
    return newton_written_out(grad(lambda p: anp.sum(loss(residuals(p) ** 2))), np.array([2.5, 1.3]))


LOSSES = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 0.02 * (anp.sqrt(1 + z / 0.01) - 1),
    "cauchy": lambda z: 0.01 * anp.log1p(z / 0.01),
    "arctan": lambda z: 0.01 * anp.arctan(z / 0.01),
    "huber": lambda z: 0.01 * anp.where(z < 0.01, z / 0.01, 2 * anp.sqrt(anp.where(z < 0.01, 1.0, z / 0.01)) - 1),
}


@pytest.mark.parametrize("loss", list(LOSSES))
def test_losses(loss):
    def solve(y):
        return optimize.least_squares(lambda p: decay(T, *p) - y, [2.0, 1.0], loss=loss, f_scale=0.1).x

    def exact(y):
        return exact_fit(lambda p: decay(T, p[0], p[1]) - y, LOSSES[loss])

    np.testing.assert_allclose(jacrev(solve)(Y), jacobian(exact)(Y), atol=1e-7)


def test_least_squares_in_every_mode():
    def solve(y, name):
        return optimize.least_squares(lambda p, y: decay(T, p[0], p[1]) - y, [2.0, 1.0], args=(y,))[name]

    def exact(y):
        return exact_fit(lambda p: decay(T, p[0], p[1]) - y)

    compare_modes(lambda y: solve(y, "x"), exact, Y, 1e-7, order=2)
    residuals = lambda y: decay(T, *exact(y)) - y  # noqa: E731
    compare_modes(lambda y: solve(y, "cost"), lambda y: 0.5 * anp.sum(residuals(y) ** 2), Y, 1e-7)
    np.testing.assert_allclose(jacrev(lambda y: solve(y, "fun"))(Y), jacobian(residuals)(Y), atol=1e-8)
    slopes = jacobian(lambda y: jacobian(lambda p: decay(T, p[0], p[1]))(exact(y)))(Y)
    np.testing.assert_allclose(jacrev(lambda y: solve(y, "jac"))(Y), slopes, atol=1e-7)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_methods_of_least_squares(method):
    def solve(y):
        return optimize.least_squares(lambda p: decay(T, *p) - y, [2.0, 1.0], method=method).x

    expected = jacobian(lambda y: exact_fit(lambda p: decay(T, p[0], p[1]) - y))(Y)
    np.testing.assert_allclose(jacrev(solve)(Y), expected, atol=1e-7)


def test_bounds_of_least_squares():
    def solve(b):
        bounds = [0.0, 0.0], anp.stack([b, 9.0])
        return optimize.least_squares(lambda p: decay(T, *p) - Y, [1.0, 1.0], bounds=bounds).x

    def exact(b):
        k = newton_written_out(grad(lambda k: anp.sum((decay(T, b, k[0]) - Y) ** 2)), np.array([1.0]))
        return anp.stack([b, k[0]])

    compare_modes(solve, exact, np.float64(2.0), 1e-7)


BOUNDED = {
    "lists": lambda u: optimize.least_squares(
        lambda x: x - np.array([3.0, 4.0]), [1.0, 1.0], bounds=([0, 0], [u, 9.0])).x,
    "Bounds": lambda u: optimize.least_squares(
        lambda x: x - np.array([3.0, 4.0]), [1.0, 1.0], bounds=scipy.optimize.Bounds(0, anp.stack([u, 9.0]))).x,
    "curve_fit": lambda u: optimize.curve_fit(
        lambda t, a, b: a + b * (t - 1.5), np.arange(4.0), np.arange(4.0) * 4 - 3, bounds=([0, 0], [u, 9.0]))[0],
    "lsq_linear": lambda u: optimize.lsq_linear(np.eye(2), np.array([3.0, 4.0]), ([0, 0], [u, 9.0])).x,
    "minimize": lambda u: optimize.minimize(
        lambda x: anp.sum((x - np.array([3.0, 4.0])) ** 2), np.ones(2), bounds=[(0, u), (None, 9)]).x,
    "linprog": lambda u: optimize.linprog([1.0, 2.0], [[-1.0, -1.0]], [-1.5], bounds=[(0, u), (0, None)]).x,
}


@pytest.mark.parametrize("name", list(BOUNDED))
def test_ends_of_bounds_may_be_traced(name):
    expected = [1, -1] if name == "linprog" else [1, 0]
    np.testing.assert_allclose(jacobian(BOUNDED[name])(1.0), expected, atol=1e-8)


def test_containers_and_keywords():
    def solve(y):
        found = optimize.least_squares(
            lambda p, y: decay(T, p["a"], p["k"]) - y, {"a": 2.0, "k": 1.0}, kwargs={"y": y})
        return anp.stack([found.x["a"], found.x["k"]])

    np.testing.assert_allclose(jacrev(solve)(Y), jacobian(lambda y: exact_fit(lambda p: decay(T, p[0], p[1]) - y))(Y),
                               atol=1e-7)


def test_sparse_jacobians():
    n = 300

    def residuals(x):
        return anp.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])

    found = optimize.least_squares(residuals, np.full(n, 0.9))
    assert scipy.sparse.issparse(found.jac)
    np.testing.assert_allclose(found.x, 1, atol=1e-4)
    assert not scipy.sparse.issparse(optimize.least_squares(residuals, np.full(n, 0.9), tr_solver="exact").jac)
    pattern = np.concatenate([np.eye(4, 5) + np.eye(4, 5, 1), np.eye(4, 5)])
    assert scipy.sparse.issparse(optimize.least_squares(residuals, np.full(5, 0.9), jac_sparsity=pattern).jac)


def weighted(sigma, y):
    return exact_fit(lambda p: (decay(T, p[0], p[1]) - y) / sigma)


def correlated(covariance, y):
    return exact_fit(lambda p: anp.linalg.solve(anp.linalg.cholesky(covariance), decay(T, p[0], p[1]) - y))


def exact_covariance(p, sigma, y, is_absolute):
    slopes = jacobian(lambda p: decay(T, p[0], p[1]) / sigma)(p)
    scale = 1 if is_absolute else anp.sum(((decay(T, p[0], p[1]) - y) / sigma) ** 2) / 10
    return anp.linalg.inv(slopes.T @ slopes) * scale


def test_curve_fit_in_every_mode():
    def fit(y):
        return optimize.curve_fit(decay, T, y, sigma=SIGMA)[0]

    compare_modes(fit, lambda y: weighted(SIGMA, y), Y, 1e-7, order=2)


@pytest.mark.parametrize("is_absolute", [True, False])
def test_curve_fit_in_its_data(is_absolute):
    def fit(y, sigma, which):
        return optimize.curve_fit(decay, T, y, (2.0, 1.0), sigma, is_absolute)[which]

    expected = jacobian(lambda s: weighted(s, Y))(SIGMA)
    np.testing.assert_allclose(jacrev(lambda s: fit(Y, s, 0))(SIGMA), expected, atol=1e-7)
    for which in (0, 1):
        found = jacrev(lambda *args: fit(*args, 1), argnums=which)(Y, SIGMA)
        expected = jacobian(lambda y, s: exact_covariance(weighted(s, y), s, y, is_absolute), argnums=which)(Y, SIGMA)
        np.testing.assert_allclose(found, expected, atol=1e-7)


def test_curve_fit_with_correlated_data_and_in_the_places():
    def fit(covariance):
        return optimize.curve_fit(decay, T, Y, (2.0, 1.0), covariance + covariance.T)[0]

    expected = jacobian(lambda c: correlated(c + c.T, Y))(COVARIANCE / 2)
    np.testing.assert_allclose(jacrev(fit)(COVARIANCE / 2), expected, atol=2e-6)
    found = jacrev(lambda t: optimize.curve_fit(decay, t, Y, (2.0, 1.0))[0])(T)
    expected = jacobian(lambda t: exact_fit(lambda p: decay(t, p[0], p[1]) - Y))(T)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_curve_fit_is_scipys():
    found = optimize.curve_fit(decay, T, Y, full_output=True)
    expected = scipy.optimize.curve_fit(lambda t, a, k: a * np.exp(-k * t), T, Y, full_output=True)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)
    assert found[2]["nfev"] < expected[2]["nfev"] and found[4] == expected[4]
    bounded = optimize.curve_fit(decay, T.tolist(), Y.tolist(), bounds=(0, [2.0, 5.0]))[0]
    assert bounded[0] == pytest.approx(2)
    with pytest.raises(RuntimeError, match="Optimal parameters not found"):
        grad(lambda y: optimize.curve_fit(decay, T, y * Y, maxfev=2)[0][0])(1.0)
    with pytest.raises(TracedValueError, match="nan_policy"):
        jacobian(lambda y: optimize.curve_fit(decay, T, y, nan_policy="omit")[0])(Y)
    with pytest.raises(ValueError, match="Unable to determine number of fit parameters"):
        optimize.curve_fit(lambda t, *p: p[0] * t, T, Y)


test_rows = table_test([
    scipy_row("optimize.nnls", MATRIX, SIDE), scipy_row("optimize.nnls", np.eye(2), np.array([1.0, -1.0])),
])


def test_linear_least_squares_within_bounds():
    def solve(matrix, name):
        return optimize.lsq_linear(matrix, SIDE, (-9.0, 0.05))[name]

    def exact(matrix):
        x = scipy.optimize.lsq_linear(MATRIX, SIDE, (-9.0, 0.05)).x
        free = x < 0.049
        assert 0 < free.sum() < 3
        a = matrix[:, free]
        found = anp.linalg.solve(a.T @ a, a.T @ (SIDE - matrix[:, ~free] @ x[~free]))
        return anp.concatenate([found, np.full(3 - free.sum(), 0.05)])

    order = np.argsort(optimize.lsq_linear(MATRIX, SIDE, (-9.0, 0.05)).x > 0.049, kind="stable")
    compare_modes(lambda m: solve(m, "x")[order], exact, MATRIX, 1e-6, order=1)
    np.testing.assert_allclose(
        jacrev(lambda m: solve(m, "cost"))(MATRIX),
        jacobian(lambda m: 0.5 * anp.sum((m[:, order] @ exact(m) - SIDE) ** 2))(MATRIX), atol=1e-7)


LIMITS = np.array([[1.0, 1.0, 1.0], [1.0, 3.0, 0.2], [2.0, 0.1, 1.0]])
LIMIT = np.array([4.0, 6.0, 5.0])
COST = np.array([-1.0, -2.0, -1.5])


def program(a=LIMITS, b=LIMIT, c=COST):
    return optimize.linprog(c, a, b, [[1.0, 0, 0]], [0.5])


def vertex(a, b):
    x = anp.linalg.solve(a[:2, 1:], b[:2] - a[:2, 0] * 0.5)
    return anp.stack([0.5, x[0], x[1]])


def test_linear_programs():
    compare_modes(lambda b: program(b=b).x, lambda b: vertex(LIMITS, b), LIMIT, 1e-9)
    compare_modes(lambda a: program(a=a).x, lambda a: vertex(a, LIMIT), LIMITS, 1e-9, order=2)
    compare_modes(lambda a: program(a=a).fun, lambda a: COST @ vertex(a, LIMIT), LIMITS, 1e-9)
    np.testing.assert_allclose(grad(lambda c: program(c=c).fun)(COST), program().x, atol=1e-9)
    np.testing.assert_allclose(jacobian(lambda c: program(c=c).x)(COST), 0, atol=1e-12)
    slack = jacobian(lambda b: program(b=b).slack)(LIMIT)
    np.testing.assert_allclose(slack, jacobian(lambda b: b - LIMITS @ vertex(LIMITS, b))(LIMIT), atol=1e-9)
    with pytest.raises(TracedValueError, match=r"linprog: the solution has no derivative"):
        grad(lambda c: optimize.linprog(c, [[1.0, 1.0]], [1.0]).x[0])(-np.ones(2))
    with pytest.raises(TracedValueError, match=r"integers has no derivative"):
        grad(lambda c: optimize.linprog(c, [[1.0, 1.0]], [1.0], integrality=[1, 1]).fun)(-np.ones(2))


@pytest.mark.parametrize("options", [{}, {"method": "golden"}, {"bounds": (-1.0, 5.0)}], ids=str)
def test_minima_of_one_number(options):
    def exact(a):
        return newton_written_out(lambda x: 2 * (x - a[0]) + 4 * a[1] * x**3, np.ones(1))[0]

    def solve(a):
        return optimize.minimize_scalar(lambda x: (x - a[0]) ** 2 + a[1] * x**4, **options)

    a = np.array([3.0, 1.0])
    compare_modes(lambda a: solve(a).x, exact, a, 1e-7)
    compare_modes(lambda a: solve(a).fun, lambda a: (exact(a) - a[0]) ** 2 + a[1] * exact(a) ** 4, a, 1e-7)


def test_minimum_at_the_end_of_an_interval():
    def solve(a):
        return optimize.minimize_scalar(lambda x: (x - 3.0) ** 2, bounds=(0.0, a)).x

    assert grad(solve)(1.0) == pytest.approx(1)


def hills(x, a):
    return anp.sum((x**2 - a) ** 2) + 0.3 * anp.sum(x)


def exact_hills(a):
    return newton_written_out(lambda x: 4 * x * (x**2 - a) + 0.3, np.array([-1.0, 1.4]))


BOX = [(-3, 3), (-1, 2)]
GLOBAL = {
    "differential_evolution": {"rng": 0, "maxiter": 50}, "dual_annealing": {"rng": 0, "maxiter": 60}, "shgo": {},
    "direct": {"maxiter": 100, "vol_tol": 1e-8},
}


@pytest.mark.parametrize("name", list(GLOBAL))
def test_global_minima(name):
    a = np.array([1.0, 2.0])
    if name != "direct" and not scipy.__version__ >= "1.15":
        pytest.skip("rng= is new in SciPy 1.15")

    def solve(a):
        return getattr(optimize, name)(hills, BOX, args=(a,), **GLOBAL[name])

    np.testing.assert_allclose(jacrev(lambda a: solve(a).x)(a), jacobian(exact_hills)(a), atol=1e-8)
    np.testing.assert_allclose(grad(lambda a: solve(a).fun)(a), grad(lambda a: hills(exact_hills(a), a))(a), atol=1e-8)


def test_basinhopping_and_brute():
    a = np.array([1.0, 2.0])
    expected = jacobian(exact_hills)(a)
    found = jacrev(lambda a: optimize.brute(hills, BOX, (a,), Ns=8))(a)
    np.testing.assert_allclose(found, expected, atol=1e-8)

    def hop(a):
        return optimize.basinhopping(lambda x: hills(x, a), [-1.0, 1.0], niter=2).x

    np.testing.assert_allclose(jacrev(hop)(a)[0], expected[0], atol=1e-8)


def test_choices_are_refused():
    cost = np.array([[1.0, 5.0], [2.0, 1.0]])
    assert optimize.linear_sum_assignment(cost)[1].tolist() == [0, 1]
    for solve in (optimize.linear_sum_assignment, optimize.milp):
        with pytest.raises(TracedValueError, match=rf"{solve.__name__} has no derivative: .*a choice"):
            grad(lambda c: solve(c)[0][0] * 1.0)(cost)


def test_older_functions_name_the_newer():
    assert optimize.fmin(scipy.optimize.rosen, [1.1, 1.1], disp=0) == pytest.approx(np.ones(2), abs=1e-3)
    assert optimize.check_grad(optimize.rosen, grad(optimize.rosen), np.array([0.3, 0.4])) < 1e-4
    np.testing.assert_allclose(optimize.approx_fprime(np.ones(2), lambda x: x @ x), 2, rtol=1e-6)
    for solve, newer in (
        (lambda a: optimize.fmin(lambda x: (x[0] - a) ** 2, [1.0], disp=0)[0], "minimize"),
        (lambda a: optimize.leastsq(lambda x: x - a, [1.0])[0][0], "least_squares"),
        (lambda a: optimize.approx_fprime(np.ones(1) * a, lambda x: x @ x)[0], "autodiff_trace.grad"),
    ):
        with pytest.raises(TracedValueError, match=rf"is not there for traced values .* Use {newer}"):
            grad(solve)(1.0)


@pytest.mark.skipif(not hasattr(scipy.optimize, "isotonic_regression"), reason="new in SciPy 1.12")
def test_isotonic_regression():
    y, weights = np.array([1.0, 3.0, 2.0, 5.0, 4.0]), np.arange(1.0, 6.0)

    def blocks(y, weights):
        pairs = [anp.sum((weights * y)[i : i + 2]) / anp.sum(weights[i : i + 2]) for i in (1, 3)]
        return anp.stack([y[0], pairs[0], pairs[0], pairs[1], pairs[1]])

    compare_modes(lambda y: optimize.isotonic_regression(y).x, lambda y: blocks(y, np.ones(5)), y, 1e-10)
    compare_modes(lambda w: optimize.isotonic_regression(y, weights=w).x, lambda w: blocks(y, w), weights, 1e-10)
    found = vmap(lambda y: optimize.isotonic_regression(y).x)(np.stack([y, -y]))
    np.testing.assert_allclose(found[1], optimize.isotonic_regression(-y).x)


def test_rosenbrocks_function():
    x = np.array([[0.3, 0.4], [0.5, 0.6], [0.1, 0.2]])
    np.testing.assert_allclose(optimize.rosen(x), scipy.optimize.rosen(x))
    np.testing.assert_allclose(grad(optimize.rosen)(x[:, 0]), scipy.optimize.rosen_der(x[:, 0]))
    np.testing.assert_allclose(jit(grad(optimize.rosen))(x[:, 0]), scipy.optimize.rosen_der(x[:, 0]))


def test_one_parameter_that_starts_as_a_number():
    t = np.arange(4.0)

    def slope(y):
        return optimize.curve_fit(lambda t, p: p * t, t, y, 1)[0][0]

    np.testing.assert_allclose(grad(slope)(t**2), t / 14, rtol=1e-9)


@pytest.mark.parametrize("is_absolute", [False, True])
def test_one_sigma_for_all(is_absolute):
    t, y = np.arange(4.0), np.array([0.0, 1.5, 1.0, 3.0])

    def fit(sigma):
        return optimize.curve_fit(lambda t, a, b: a + b * t, t, y, sigma=sigma, absolute_sigma=is_absolute)

    for mine, other in zip(fit(0.5), fit(np.full(4, 0.5))):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    expected = 2 * fit(1.0)[1][1, 1] * 0.5 if is_absolute else 0.0
    np.testing.assert_allclose(grad(lambda sigma: fit(sigma)[1][1, 1])(0.5), expected, atol=1e-12)


def test_covariance_of_parameters_that_the_data_do_not_tell_apart():
    t = np.arange(4.0)

    def fit(y):
        return optimize.curve_fit(lambda t, a, b: (a + b) * t, t, y)[1]

    y = np.array([0.0, 1.5, 1.0, 3.0])
    with pytest.warns(scipy.optimize.OptimizeWarning, match="Covariance"):
        np.testing.assert_array_equal(vjp(fit, y)[0], np.full((2, 2), np.inf))
    with pytest.warns(scipy.optimize.OptimizeWarning), pytest.raises(TracedValueError, match="singular"):
        grad(lambda y: fit(y).sum())(y)
