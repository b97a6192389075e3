"""Programs of statistics and finance that minimise, and differentiate what they find."""

import numpy as np
import pytest

import scipy_table  # noqa: F401  skips the module without SciPy
import scipy.optimize
import scipy.special

from autodiff_trace import grad, hessian, jacobian, jit, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import optimize, special

RNG = np.random.default_rng(1)
X = np.column_stack([np.ones(120), RNG.normal(size=(120, 2))])
TRUE = np.array([0.5, -0.4, 0.3])


def differences(f, p, h=1e-4):
    """Central differences of fourth order."""
    steps = [h * row for row in np.eye(p.size)]
    return np.stack([(8 * (f(p + s) - f(p - s)) - (f(p + 2 * s) - f(p - 2 * s))) / (12 * h) for s in steps], axis=-1)


def test_poisson_regression():
    counts = RNG.poisson(np.exp(X @ TRUE)).astype(float)

    def fit(counts):
        def loss(beta):
            eta = X @ beta
            return anp.sum(anp.exp(eta) - counts * eta + special.gammaln(counts + 1))

        return optimize.minimize(loss, np.zeros(3), method="trust-ncg").x

    beta = fit(counts)
    np.testing.assert_allclose(X.T @ (np.exp(X @ beta) - counts), 0, atol=1e-3)  # the score
    # dβ/dy = (Xᵀ W X)⁻¹ Xᵀ
    refined = optimize.root(lambda b: X.T @ (anp.exp(X @ b) - counts), beta).x
    expected = np.linalg.solve(X.T @ (np.exp(X @ refined)[:, None] * X), X.T)
    np.testing.assert_allclose(jacobian(fit)(counts), expected, rtol=1e-6)


def test_gamma_regression_with_its_shape():
    y = RNG.gamma(3.0, np.exp(X @ TRUE) / 3.0)

    def loss(p):
        shape, eta = anp.exp(p["log_shape"]), X @ p["beta"]
        rate = shape * anp.exp(-eta)
        return -anp.sum(shape * anp.log(rate) - special.gammaln(shape) + (shape - 1) * anp.log(y) - rate * y)

    found = optimize.minimize(loss, {"beta": np.zeros(3), "log_shape": 0.0})
    assert found.success
    slopes = grad(loss)(found.x)
    np.testing.assert_allclose(slopes["beta"], 0, atol=1e-3)
    shape = np.exp(found.x["log_shape"])
    # the likelihood equation of the shape
    ratio = y * np.exp(-X @ found.x["beta"])
    assert np.log(shape) - scipy.special.digamma(shape) == pytest.approx(np.mean(ratio - np.log(ratio)) - 1, abs=1e-5)


def test_probit():
    chosen = (X @ TRUE + RNG.normal(size=120) > 0) * 1.0
    sign = 2 * chosen - 1

    def fit(prior):
        def loss(beta):
            return -anp.sum(special.log_ndtr(sign * (X @ beta))) + prior * beta @ beta

        return optimize.minimize(loss, np.zeros(3)).x

    def exact(prior):
        def score(beta):
            eta = sign * (X @ beta)
            hazard = np.exp(-(eta**2) / 2 - scipy.special.log_ndtr(eta)) / np.sqrt(2 * np.pi)
            return -X.T @ (sign * hazard) + 2 * prior * beta

        return scipy.optimize.root(score, np.zeros(3), tol=1e-13).x

    np.testing.assert_allclose(fit(0.5), exact(0.5), atol=1e-5)
    slope = (exact(0.5 + 1e-4) - exact(0.5 - 1e-4)) / 2e-4
    np.testing.assert_allclose(jacobian(fit)(0.5), slope, rtol=1e-6)


def test_weibull_survival_with_standard_errors():
    """Right-censored times; errors from the inverse Hessian at the maximum of the likelihood."""
    times = 2.0 * RNG.weibull(1.5, size=200)
    seen = times < 2.5
    times = np.minimum(times, 2.5)

    def loss(p):
        log_shape, log_scale = p
        z = anp.exp(log_shape) * (anp.log(times) - log_scale)
        return -anp.sum(seen * (log_shape - anp.log(times) + z) - anp.exp(z))

    found = optimize.minimize(loss, np.zeros(2), method="Newton-CG")
    covariance = np.linalg.inv(hessian(loss)(found.x))
    errors = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(found.x - np.log([1.5, 2.0])) < 3 * errors)
    np.testing.assert_allclose(covariance, np.linalg.inv(differences(grad(loss), found.x)), rtol=1e-6)


RETURNS = np.array([0.08, 0.12, 0.10, 0.07])
FACTORS = np.array([[0.2, 0.0], [0.25, 0.1], [0.15, -0.1], [0.1, 0.05]])
RISK = FACTORS @ FACTORS.T + np.diag([0.02, 0.03, 0.025, 0.01])


def portfolio(returns, aversion=4.0):
    budget = {"type": "eq", "fun": lambda w: anp.sum(w) - 1}
    return optimize.minimize(
        lambda w: 0.5 * aversion * w @ RISK @ w - returns @ w, np.full(4, 0.25), method="SLSQP", bounds=[(0, 0.5)] * 4,
        constraints=[budget])


def test_sensitivity_of_a_portfolio():
    def tight(returns):
        budget = {"type": "eq", "fun": lambda w: np.sum(w) - 1, "jac": lambda w: np.ones(4)}
        return scipy.optimize.minimize(
            lambda w: 2 * w @ RISK @ w - returns @ w, np.full(4, 0.25), method="SLSQP", bounds=[(0, 0.5)] * 4,
            jac=lambda w: 4 * RISK @ w - returns, constraints=[budget], options={"ftol": 1e-15, "maxiter": 500}).x

    weights = portfolio(RETURNS).x
    assert np.any(weights < 1e-6) and np.sum(weights > 1e-6) >= 2  # some bounds hold
    np.testing.assert_allclose(jacobian(lambda r: portfolio(r).x)(RETURNS), differences(tight, RETURNS), atol=1e-5)
    np.testing.assert_allclose(grad(lambda r: portfolio(r).fun)(RETURNS), -tight(RETURNS), atol=1e-7)
    np.testing.assert_allclose(
        grad(lambda a: portfolio(RETURNS, a).fun)(4.0), 0.5 * tight(RETURNS) @ RISK @ tight(RETURNS), atol=1e-7)


def test_penalty_by_the_gradient_of_the_validation_loss():
    y = X @ TRUE + RNG.normal(size=120)
    train, held = slice(0, 60), slice(60, 120)

    def ridge(log_penalty):
        def loss(w):
            return anp.mean((X[train] @ w - y[train]) ** 2) + anp.exp(log_penalty) * anp.sum(w**2)

        return optimize.minimize(loss, np.zeros(3)).x

    def exact(log_penalty):
        a = X[train]
        return anp.linalg.solve(a.T @ a / 60 + anp.exp(log_penalty) * np.eye(3), a.T @ y[train] / 60)

    def validation(solve):
        return lambda log_penalty: anp.mean((X[held] @ solve(log_penalty) - y[held]) ** 2)

    for f in (validation(ridge), jit(validation(ridge))):
        for log_penalty in (-3.0, -1.0):
            value, slope = value_and_grad(f)(log_penalty)
            expected = value_and_grad(validation(exact))(log_penalty)
            np.testing.assert_allclose([value, slope], expected, rtol=1e-7)
    np.testing.assert_allclose(hessian(validation(ridge))(-2.0), hessian(validation(exact))(-2.0), rtol=1e-6)
    # The loss is flat there, and known to what BFGS leaves of its slope.
    best = optimize.minimize_scalar(validation(ridge), bounds=(-8, 2)).x
    assert best == pytest.approx(scipy.optimize.minimize_scalar(validation(exact), bounds=(-8, 2)).x, abs=1e-3)


def test_sensitivity_of_a_fit_to_its_data():
    t = np.linspace(0, 3, 15)
    y = 3.0 * np.exp(-1.1 * t) + 0.02 * RNG.normal(size=15)

    def fit(y):
        return optimize.curve_fit(lambda t, a, k: a * anp.exp(-k * t), t, y, (1.0, 1.0))[0]

    def exact(y):
        return scipy.optimize.root(
            lambda p: np.stack([np.exp(-p[1] * t), -t * p[0] * np.exp(-p[1] * t)]) @ (p[0] * np.exp(-p[1] * t) - y),
            [3.0, 1.0], tol=1e-14).x

    np.testing.assert_allclose(jacobian(fit)(y), differences(exact, y), atol=1e-8)


def test_logistic_regression():
    y = (X @ TRUE * 3 + RNG.logistic(size=120) > 0) * 1.0

    def fit(x, penalty):
        def loss(w, penalty):
            eta = x @ w
            return anp.sum(anp.logaddexp(0, eta) - y * eta) + penalty * w @ w

        return optimize.minimize(loss, np.zeros(3), (penalty,), method="L-BFGS-B").x

    def exact(penalty):
        def score(w):
            return X.T @ (scipy.special.expit(X @ w) - y) + 2 * penalty * w

        return scipy.optimize.root(score, np.zeros(3), tol=1e-13).x

    slope = (exact(1 + 1e-4) - exact(1 - 1e-4)) / 2e-4
    np.testing.assert_allclose(jacobian(lambda penalty: fit(X, penalty))(1.0), slope, rtol=1e-6)
    influence = grad(lambda x: fit(x, 1.0)[1])(X)  # of each number of the data
    moved = X.copy()
    moved[7, 2] += 1e-3
    change = fit(moved, 1.0)[1] - fit(X, 1.0)[1]
    assert influence.shape == X.shape and influence[7, 2] * 1e-3 == pytest.approx(change, abs=2e-5)
