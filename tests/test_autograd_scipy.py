"""autograd's modules of SciPy's functions: names, values, derivatives, autograd's own conventions."""

from __future__ import annotations

import importlib

import scipy_table  # noqa: F401  (skips without SciPy)

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

from autodiff_trace import elementwise_grad, grad, hessian, jacfwd, jacobian, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.autograd_compat.scipy import integrate, linalg, signal, special, stats
from autodiff_trace.testing import check_grads

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal
ALPHA = RNG.random(4) + 1.2
COVARIANCE = (lambda A: A @ A.T + np.eye(4))(NORMAL((4, 4)))

NAMES = {
    "special": """
        beta betainc betaln digamma erf erfc erfcinv erfinv expit fwd_grad_logsumexp gamma gammainc gammaincc gammaln
        gammasgn i0 i1 inv_root_pi iv ive j0 j1 jn logit logsumexp make_gammainc_vjp_arg1 make_grad_logsumexp
        multigammaln polygamma psi rgamma root_pi y0 y1 yn
    """,
    "linalg": "LinAlgError block_diag cholesky expm grad_solve_banded grad_solve_triangular inv lu_factor norm qr "
              "solve solve_banded solve_sylvester solve_triangular sqrtm svd toeplitz",
    "signal": "compute_conv_size convolve einsum_tensordot flipped_idxs grad_convolve parse_axes",
    "integrate": "argnums_unpack grad_odeint odeint quad solve_ivp",
    "stats": "beta chi2 dirichlet gamma multivariate_normal norm poisson t",
    "stats.beta": "cdf grad_beta_logpdf_arg0 grad_beta_logpdf_arg1 grad_beta_logpdf_arg2 logpdf pdf",
    "stats.chi2": "cdf grad_chi2_logpdf logpdf pdf",
    "stats.dirichlet": "logpdf pdf rvs",
    "stats.gamma": "cdf grad_gamma_logpdf_arg0 grad_gamma_logpdf_arg1 logpdf pdf",
    "stats.multivariate_normal": "covgrad entropy generalized_outer_product logpdf pdf solve",
    "stats.norm": "cdf logcdf logpdf logsf pdf sf",
    "stats.poisson": "cdf grad_poisson_logpmf logpmf pmf",
    "stats.t": "cdf grad_tlogpdf_df grad_tlogpdf_diff grad_tlogpdf_loc grad_tlogpdf_scale grad_tlogpdf_x logcdf logpdf "
               "pdf",
}


@pytest.mark.parametrize("name", NAMES)
def test_modules_have_the_names_of_autograd(name):
    module = importlib.import_module(f"autodiff_trace.autograd_compat.scipy.{name}")
    assert set(NAMES[name].split()) <= set(vars(module))


@pytest.mark.parametrize("name", ["special", "linalg"])
def test_all_names_of_scipy_are_attributes(name):
    module = importlib.import_module(f"autodiff_trace.autograd_compat.scipy.{name}")
    public = {key for key, value in vars(getattr(scipy, name)).items() if not key.startswith("_") and callable(value)}
    assert public <= set(vars(module))


def test_what_autograd_has_not_is_there_and_what_nobody_has_is_not():
    assert float(grad(stats.norm.ppf)(0.5)) == pytest.approx(np.sqrt(2 * np.pi))
    assert float(grad(stats.expon.logpdf)(1.0)) == -1.0
    assert signal.fftconvolve(np.ones(2), np.ones(2)).tolist() == [1.0, 2.0, 1.0]
    for module in (stats, stats.norm, signal):
        assert not hasattr(module, "no_such_function") and not hasattr(module, "__path_of_nothing__")


# Distributions

PARAMETERS = {
    "norm": ("cdf logcdf logpdf logsf pdf sf", (NORMAL((4, 3)), NORMAL((1, 3)), NORMAL((4, 1)) ** 2 + 1.1)),
    "t": ("logpdf pdf cdf logcdf", (NORMAL((4, 3)), NORMAL((1, 3)) ** 2 + 2.1, 0.1, NORMAL((4, 1)) ** 2 + 2.1)),
    "gamma": ("cdf logpdf pdf", (NORMAL(4) ** 2 + 1.1, NORMAL(4) ** 2 + 1.1)),
    "beta": ("cdf logpdf pdf", (RNG.uniform(0.1, 0.9, 4), NORMAL(4) ** 2 + 1.1, NORMAL(4) ** 2 + 1.1)),
    "chi2": ("cdf logpdf pdf", (NORMAL(4) ** 2 + 1.1, 2.5)),
}


@pytest.mark.parametrize("family, method", [
    (family, method) for family, (methods, _) in PARAMETERS.items() for method in methods.split()
])
def test_distributions_have_derivatives_in_all_arguments(family, method):
    args = PARAMETERS[family][1]
    function = getattr(getattr(stats, family), method)
    np.testing.assert_array_equal(function(*args), getattr(getattr(scipy.stats, family), method)(*args))
    check_grads(function, *args, tolerance=1e-5)


@pytest.mark.parametrize("method", ["cdf", "logpmf", "pmf"])
def test_poisson_has_a_derivative_in_its_rate(method):
    counts = np.array([[0.0], [1.0], [4.0]])
    check_grads(lambda mu: getattr(stats.poisson, method)(counts, mu), np.array([0.7, 2.5]))


def test_dirichlet_is_differentiated_as_a_function_of_all_parts():
    x = RNG.dirichlet(ALPHA)
    for method in (stats.dirichlet.pdf, stats.dirichlet.logpdf):
        check_grads(lambda alpha: method(x, alpha), ALPHA)
        check_grads(lambda x: method(x / anp.sum(x), ALPHA), x)
    np.testing.assert_allclose(grad(stats.dirichlet.logpdf)(x, ALPHA), (ALPHA - 1) / x)
    assert stats.dirichlet.rvs(ALPHA, size=2, random_state=0).shape == (2, 4)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4)])
def test_derivatives_in_a_covariance_are_symmetric(shape):
    x, mean = NORMAL(shape), NORMAL(4)
    inverse = np.linalg.inv(COVARIANCE)
    whitened = (x - mean).reshape(-1, 4) @ inverse
    expected = 0.5 * (whitened.T @ whitened - len(whitened) * inverse)
    for function in (
        stats.multivariate_normal.logpdf, lambda *args: anp.log(stats.multivariate_normal.pdf(*args)),
    ):
        np.testing.assert_allclose(grad(lambda cov: anp.sum(function(x, mean, cov)))(COVARIANCE), expected, rtol=1e-9)
        check_grads(lambda x, mean: function(x, mean, COVARIANCE), x, mean)
    check_grads(lambda A: stats.multivariate_normal.logpdf(x, mean, 0.5 * (A + A.T)), COVARIANCE)
    np.testing.assert_allclose(
        grad(stats.multivariate_normal.entropy, argnums=1)(mean, COVARIANCE), 0.5 * inverse, rtol=1e-12)


def test_the_entropy_has_the_second_derivative_of_a_function_of_all_elements():
    S = np.array([[2.0, 0.3], [0.3, 1.0]])
    inverse = np.linalg.inv(S)
    found = hessian(lambda S: stats.multivariate_normal.entropy(np.zeros(2), S))(S)
    np.testing.assert_allclose(found, -0.5 * np.einsum("jk,li->ijkl", inverse, inverse), atol=1e-14)


def test_covariances_may_be_numbers_and_vectors():
    logpdf = stats.multivariate_normal.logpdf
    assert float(logpdf(0.3, 0.1, 2.0)) == float(scipy.stats.multivariate_normal.logpdf(0.3, 0.1, 2.0))
    check_grads(logpdf, 0.3, 0.1, 2.0)
    check_grads(logpdf, NORMAL(4), NORMAL(4), np.array([1.0, 2.0, 3.0, 4.0]))
    check_grads(lambda x: logpdf(x, np.zeros(3), 2.0, allow_singular=True), NORMAL((2, 3)))
    check_grads(lambda x: logpdf(x, 0.1, 2.0, True), NORMAL(5))
    check_grads(lambda x: logpdf(x, 0.1, 2.0, True), 0.3)


def test_singular_covariances():
    cov, mean = np.diag([1.0, 1.0, 0.0, 0.0]), np.array([0.4, -0.3, 0.0, 0.0])
    x = np.array([[0.1, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])  # the second is not in the support
    for name, slope in (("logpdf", lambda value: 1.0), ("pdf", lambda value: value[0])):
        function = getattr(stats.multivariate_normal, name)
        value, gradient = value_and_grad(lambda x: function(x, mean, cov, allow_singular=True)[0])(x)
        plain = getattr(scipy.stats.multivariate_normal, name)(x, mean, cov, allow_singular=True)
        assert float(value) == pytest.approx(plain[0], rel=1e-14)
        np.testing.assert_allclose(gradient, slope(plain) * np.array([[0.3, -0.8, 0.0, 0.0], np.zeros(4)]), atol=1e-15)
        np.testing.assert_array_equal(
            value_and_grad(lambda x: anp.sum(anp.exp(function(x, mean, cov, True))))(x)[1][1], np.zeros(4))
        with pytest.raises(NotImplementedError, match="singular"):
            grad(function, argnums=2)(x[0], mean, cov, allow_singular=True)
    with_flag, without = [
        grad(lambda cov: stats.multivariate_normal.logpdf(x[0], mean, cov, flag))(COVARIANCE) for flag in (True, False)]
    np.testing.assert_array_equal(with_flag, without)


# Convolutions

CONVOLUTIONS = [
    ((6,), (3,), None, ((), ())), ((3,), (6,), None, ((), ())), ((5, 4), (3, 2), None, ((), ())),
    ((4, 1), (2, 3), None, ((), ())), ((4, 3), (3, 2), ([0], [1]), ((), ())),
    ((4, 3), (3, 2), ([1, 0], [1, 0]), ((), ())),
    ((3, 3, 2), (3, 2, 3), ([1], [1]), ([0], [2])), ((3, 5), (3, 4), ([], []), ([0], [0])),
    ((2, 5, 4, 3), (2, 4, 2, 3, 2), ([1, 2], [2, 4]), ([3, 0], [3, 0])),
    ((2, 3, 5, 5), (3, 4, 3, 3), ([2, 3], [2, 3]), ([1], [0])),
]


def convolved_by_loops(A, B, axes, dot_axes, mode):
    """The same from SciPy's convolution of the axes alone."""
    axes = axes or (range(A.ndim), range(B.ndim))
    axes, dots = [list(each) for each in axes], [list(each) for each in dot_axes]
    own = [[i for i in range(x.ndim) if i not in axes[k] + dots[k]] for k, x in enumerate((A, B))]
    A = A.transpose(own[0] + dots[0] + axes[0]).reshape(
        *[A.shape[i] for i in own[0]], -1, *[A.shape[i] for i in axes[0]])
    B = B.transpose(own[1] + dots[1] + axes[1]).reshape(
        *[B.shape[i] for i in own[1]], -1, *[B.shape[i] for i in axes[1]])
    counts = len(own[0]), len(own[1])

    def convolve(a, b):
        return scipy.signal.convolve(a, b, mode) if axes[0] else a * b

    answer = np.array([
        [sum(map(convolve, A[i], B[j])) for j in np.ndindex(*B.shape[: counts[1]])]
        for i in np.ndindex(*A.shape[: counts[0]])
    ])
    return answer.reshape(*A.shape[: counts[0]], *B.shape[: counts[1]], *answer.shape[2:])


@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize("A, B, axes, dot_axes", CONVOLUTIONS)
def test_convolutions(A, B, axes, dot_axes, mode):
    A, B = NORMAL(A), NORMAL(B)

    def convolve(A, B):
        return signal.convolve(A, B, axes=axes, dot_axes=dot_axes, mode=mode)

    try:
        expected = convolved_by_loops(A, B, axes, dot_axes, mode)
    except ValueError:
        with pytest.raises(ValueError, match="'valid'"):
            convolve(A, B)
        return
    np.testing.assert_allclose(convolve(A, B), expected, atol=1e-12)
    check_grads(convolve, A, B)
    for argnum, x in enumerate((A, B)):
        np.testing.assert_allclose(jacobian(convolve, argnum)(A, B), jacfwd(convolve, argnum)(A, B), atol=1e-12)
        gradient = grad(lambda x: anp.sum(convolve(*((x, B) if argnum == 0 else (A, x))) ** 2))
        np.testing.assert_allclose(
            vmap(gradient)(np.stack([x, 2 * x])), [gradient(x), gradient(2 * x)], rtol=1e-9, atol=1e-12)


def test_large_windows_are_copied_part_by_part(monkeypatch):
    A, B = NORMAL((2, 6, 7)), NORMAL((2, 3, 3))
    arguments = {"axes": ([1, 2], [1, 2]), "dot_axes": ([0], [0])}
    expected, gradient = value_and_grad(lambda B: anp.sum(signal.convolve(A, B, **arguments) ** 2))(B)
    monkeypatch.setattr(signal, "MOST_COPIED", 60)
    found, in_parts = value_and_grad(lambda B: anp.sum(signal.convolve(A, B, **arguments) ** 2))(B)
    assert float(found) == pytest.approx(float(expected))
    np.testing.assert_allclose(in_parts, gradient)
    A, B = NORMAL((400, 400)), NORMAL((101, 101))
    check_grads(lambda B: signal.convolve(A, B, mode="valid")[0, :2], B, order=1)


def test_convolve_refuses_an_unknown_mode():
    with pytest.raises(AssertionError, match="'all' is none of valid, full, same"):
        signal.convolve(np.ones(2), np.ones(2), mode="all")


def test_parts_of_convolutions():
    axes, shapes = signal.parse_axes((2, 5, 3), (3, 4), ([1], [1]), ([2], [0]), "full")
    assert axes == {
        "A": {"conv": (1,), "dot": (2,), "ignore": (0,)}, "B": {"conv": (1,), "dot": (0,), "ignore": ()},
        "out": {"ignore_A": (0,), "ignore_B": (), "conv": (1,)},
    }
    assert shapes["out"] == {"ignore_A": (2,), "ignore_B": (), "conv": (8,)} and shapes["A"]["dot"] == (3,)
    assert np.arange(3)[signal.flipped_idxs(1, [0])].tolist() == [2, 1, 0]
    A, B = NORMAL((5, 3)), NORMAL((3, 2))
    np.testing.assert_allclose(signal.einsum_tensordot(A, B, ([1], [0])), A @ B)
    np.testing.assert_allclose(
        signal.grad_convolve(0, None, A, B, mode="valid")(np.ones((3, 2))),
        grad(lambda A: anp.sum(signal.convolve(A, B, mode="valid")))(A))


# Functions, matrices, differential equations


def test_rules_as_autograd_names_them():
    x = NORMAL((3, 4))
    softmax = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    ans = special.logsumexp(x, axis=1)
    np.testing.assert_allclose(special.make_grad_logsumexp(ans, x, axis=1)(np.ones(3)), softmax)
    np.testing.assert_allclose(special.fwd_grad_logsumexp(x, ans, x, axis=1), (x * softmax).sum(1))
    a, y = np.array([1.5, 3.0]), np.array([0.7, 2.0])
    for sign, function in ((1, special.gammainc), (-1, special.gammaincc)):
        density = sign * np.exp(-y) * y ** (a - 1) / scipy.special.gamma(a)
        np.testing.assert_allclose(special.make_gammainc_vjp_arg1(sign)(function(a, y), a, y)(np.ones(2)), density)
    assert special.root_pi * special.inv_root_pi == pytest.approx(1.0) and special.root_pi**2 == pytest.approx(np.pi)
    np.testing.assert_allclose(
        stats.t.grad_tlogpdf_df(0.3, np.array([2.0, 5.0]), 0.1, 1.2),
        elementwise_grad(lambda df: stats.t.logpdf(0.3, df, 0.1, 1.2))(np.array([2.0, 5.0])))
    assert float(stats.t.grad_tlogpdf_diff(0.3, 2.0)) == pytest.approx(-0.3 * 3.0 / 2.09)
    assert float(stats.poisson.grad_poisson_logpmf(2.0, 4.0)) == -0.5
    np.testing.assert_allclose(
        stats.multivariate_normal.covgrad(np.ones(4), np.zeros(4), COVARIANCE),
        grad(stats.multivariate_normal.logpdf, argnums=2)(np.ones(4), np.zeros(4), COVARIANCE))
    for allow_singular in (True, False):
        np.testing.assert_allclose(
            stats.multivariate_normal.solve(allow_singular)(COVARIANCE, ALPHA), np.linalg.solve(COVARIANCE, ALPHA))


@pytest.mark.parametrize("name, args, argnum, expected", [
    ("expit", (40.0,), 0, 4.248354255291589e-18), ("gammainc", (200.0, 190.0), 1, 0.022916927120254196),
    ("betainc", (600.0, 600.0, 0.5), 2, 27.63377432232322), ("rgamma", (-2.0,), 0, 2.0), ("ive", (1.0, 0.0), 1, 0.5),
    ("betaln", (1e9, 1.0), 0, -1e-9),
])
def test_derivatives_where_autograd_is_wrong(name, args, argnum, expected):
    """The values are mpmath's."""
    assert float(grad(getattr(special, name), argnums=argnum)(*args)) == pytest.approx(expected, rel=1e-14)


def test_matrices():
    L, b = np.tril(NORMAL((3, 3))) + 3 * np.eye(3), NORMAL((3, 2))
    for trans in (0, 1, "T"):
        check_grads(lambda L, b: linalg.solve_triangular(L, b, trans=trans, lower=True), L, b)
    np.testing.assert_allclose(
        linalg.grad_solve_triangular(None, L, b, lower=True)(np.ones((3, 2))),
        grad(lambda L: anp.sum(linalg.solve_triangular(L, b, lower=True)))(L))
    band = NORMAL((3, 5)) + np.array([[0.0], [4.0], [0.0]])
    check_grads(lambda band, y: linalg.solve_banded((1, 1), band, y), band, NORMAL((5, 2)))
    y = NORMAL(5)
    np.testing.assert_allclose(
        linalg.grad_solve_banded(1, None, (1, 1), band, y)(np.ones(5)),
        grad(lambda band: anp.sum(linalg.solve_banded((1, 1), band, y)))(band))
    check_grads(linalg.sqrtm, COVARIANCE, tolerance=1e-5)
    check_grads(linalg.solve_sylvester, NORMAL((3, 3)) + 3 * np.eye(3), NORMAL((2, 2)) + 3 * np.eye(2), b)


def test_differential_equations():
    times, w = np.linspace(0.1, 0.9, 4), NORMAL((4, 3))

    def field(y, t, a, b):
        return -anp.sqrt(t) - y + a - anp.mean((y + b) ** 2)

    y0, a, b = NORMAL((3, 3))

    def total(y0, times, args):
        return anp.sum(w * integrate.odeint(field, y0, times, args, rtol=1e-11, atol=1e-11))

    check_grads(lambda y0, times, a, b: total(y0, times, (a, b)), y0, times, a, b, tolerance=1e-5, order=1)
    nothing, *cotangents = integrate.grad_odeint(None, field, y0, times, (a, b), rtol=1e-11, atol=1e-11)(w)
    assert nothing is None
    for found, expected in zip(cotangents, grad(total, (0, 1, 2))(y0, times, (a, b))):
        np.testing.assert_allclose(found, expected)
    build = integrate.argnums_unpack(lambda ans, x, y: lambda g: (g * y, g * x))
    assert build((1,), 6.0, (2.0, 3.0), {})(10.0) == [20.0]


def test_second_derivatives():
    assert float(grad(grad(special.expit))(40.0)) == pytest.approx(-4.248354255291589e-18, rel=1e-14)
    H = hessian(lambda x: anp.sum(stats.norm.logcdf(x)))(np.array([-30.0, 0.0, 2.0]))
    assert H[0, 0] == pytest.approx(-0.9988962284881099, rel=1e-12) and np.count_nonzero(H - np.diag(np.diag(H))) == 0
