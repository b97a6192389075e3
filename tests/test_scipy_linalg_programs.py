"""Programs with ``scipy.linalg``: a Gaussian process, a Kalman smoother; and awkward points, errors and keywords."""

import numpy as np
import pytest
import scipy_table  # noqa: F401 (skips where SciPy is not installed)

from autodiff_trace import grad, hessian, jacobian, jit, jvp, scipy, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
linalg = scipy.linalg


def test_gaussian_process():
    """The evidence, its gradient and Hessian in the hyperparameters, and the slope of a prediction in the inputs."""
    n = 30
    x = np.sort(rng.uniform(0, 10, n))
    y = np.sin(x) + 0.1 * rng.normal(size=n)

    def kernel(p, a, b):
        squares = scipy.spatial.distance.cdist(a[:, None], b[:, None], "sqeuclidean")
        return anp.exp(p[0] - squares * anp.exp(p[1]))

    def factor(p):
        return linalg.cho_factor(kernel(p, x, x) + anp.exp(p[2]) * np.eye(n), lower=True)

    def loss(p):
        c = factor(p)
        return 0.5 * y @ linalg.cho_solve(c, y) + anp.sum(anp.log(anp.diag(c[0]))) + 0.5 * n * np.log(2 * np.pi)

    def mean(p, at):
        return kernel(p, at, x) @ linalg.cho_solve(factor(p), y)

    p = np.array([0.0, -0.5, -2.0])
    covariance = kernel(p, x, x) + np.exp(p[2]) * np.eye(n)
    _, log_det = np.linalg.slogdet(covariance)
    expected = 0.5 * (y @ np.linalg.solve(covariance, y) + log_det + n * np.log(2 * np.pi))
    assert loss(p) == pytest.approx(expected, rel=1e-12)
    check_grads(loss, p, order=2)
    np.testing.assert_allclose(jit(grad(loss))(p), grad(loss)(p), rtol=1e-10)
    batch = p + np.linspace(0, 0.5, 3)[:, None]
    np.testing.assert_allclose(vmap(grad(loss))(batch), [grad(loss)(each) for each in batch], rtol=1e-10)
    assert np.all(np.linalg.eigvalsh(hessian(loss)(np.array([-0.4, -1.2, -4.0]))) > 0)
    check_grads(mean, p, np.array([1.0, 4.2]), order=1)


def test_kalman_smoother():
    """A steady-state filter and smoother (Rauch, Tung and Striebel), by the solution of Riccati's equation: the
    likelihood has a derivative in the noises, and in the dynamics."""
    steps = 25
    signal = np.cumsum(0.1 * rng.normal(size=steps))
    seen = signal + 0.3 * rng.normal(size=steps)
    observe = np.array([[1.0, 0.0]])

    def model(p):
        dynamics = anp.array([[1.0, 1.0], [0.0, anp.exp(-anp.exp(p[2]))]])
        return dynamics, anp.exp(p[0]) * np.diag([0.1, 1.0]), anp.exp(p[1]) * np.eye(1)

    def smooth(p):
        a, q, r = model(p)
        predicted = linalg.solve_discrete_are(a.T, observe.T, q, r)
        innovation = observe @ predicted @ observe.T + r
        gain = linalg.solve(innovation, observe @ predicted, assume_a="pos").T
        filtered = predicted - gain @ observe @ predicted
        state, loss, states = anp.zeros(2), 0.0, []
        for z in seen:
            error = z - observe @ state
            loss = loss + 0.5 * (error @ linalg.solve(innovation, error) + anp.log(innovation[0, 0]))
            state = state + gain @ error
            states.append(state)
            state = a @ state
        back = linalg.solve(predicted, a @ filtered, assume_a="pos").T
        smoothed = [states[-1]]
        for state in states[-2::-1]:
            smoothed.append(state + back @ (smoothed[-1] - a @ state))
        return loss, anp.stack(smoothed[::-1])[:, 0]

    p = np.array([-3.0, -2.0, -1.0])
    check_grads(lambda p: smooth(p)[0], p, order=2, tolerance=1e-5)
    check_grads(lambda p: smooth(p)[1], p, order=1)
    assert np.mean((smooth(p)[1] - signal) ** 2) < np.mean((seen - signal) ** 2)
    np.testing.assert_allclose(jit(grad(lambda p: smooth(p)[0]))(p), grad(lambda p: smooth(p)[0])(p), rtol=1e-9)
    batch = np.stack([p, p + 0.1])
    np.testing.assert_allclose(vmap(lambda p: smooth(p)[0])(batch), [smooth(each)[0] for each in batch], rtol=1e-10)


# Keywords, errors, awkward points


def test_overwriting_never_reaches_arrays_of_the_user():
    a, b = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=4)
    kept = a.copy(), b.copy()
    for function in [
        lambda a, b: linalg.solve(a, b, overwrite_a=True, overwrite_b=True),
        lambda a, b: linalg.solve(a + a.T, b, overwrite_a=True, overwrite_b=True, assume_a="pos"),
        lambda a, b: linalg.lu_factor(a, overwrite_a=True)[0] @ b, lambda a, b: linalg.qr(a, overwrite_a=True)[1] @ b,
        lambda a, b: linalg.svdvals(a, overwrite_a=True), lambda a, b: linalg.inv(a, overwrite_a=True) @ b,
        lambda a, b: linalg.cho_solve((linalg.cholesky(a + a.T, overwrite_a=True), False), b, overwrite_b=True),
    ]:
        value, pull = vjp(function, a, b)
        pull(np.ones_like(value))
        np.testing.assert_array_equal(a, kept[0])
        np.testing.assert_array_equal(b, kept[1])


def test_what_is_not_finite_is_an_error_as_in_scipy():
    bad = np.array([[1.0, np.nan], [0.0, 1.0]])
    for name, more in [("cholesky", ()), ("inv", ()), ("solve", (np.ones(2),)), ("lu", ()), ("svd", ()), ("eigh", ())]:
        for function in (getattr(linalg, name), lambda x, *more, name=name: vjp(getattr(linalg, name), x, *more)):
            with pytest.raises(ValueError, match="infs or NaNs"):
                function(bad, *more)
    with pytest.raises(np.linalg.LinAlgError):
        grad(lambda a: anp.sum(linalg.solve_triangular(a, np.ones(2))))(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        grad(lambda a: anp.sum(linalg.cholesky(a)))(-np.eye(2))


def test_what_is_refused_is_named():
    a = rng.normal(size=(3, 3))
    for function, words in [
        (lambda x: linalg.null_space(x), "null_space.*projector"),
        (lambda x: linalg.hessenberg(x), "hessenberg.*choice"),
        (lambda x: linalg.eigh(x, subset_by_value=(0, 1)), "subset_by_value.*subset_by_index"),
        (lambda x: linalg.sqrtm(x, disp=False)[0], "disp=False"),
        (lambda x: linalg.eigvals(x, homogeneous_eigvals=True), "homogeneous_eigvals"),
        (lambda x: linalg.qr(x, mode="raw"), "raw"), (lambda x: linalg.solve(x, x, assume_a="odd"), "odd"),
    ]:
        with pytest.raises((TracedValueError, ValueError), match=words):
            grad(lambda x, function=function: anp.sum(function(x)))(a)
    assert vmap(lambda x: linalg.issymmetric(x + x.T))(np.stack([a, a])).all()


def test_equal_values():
    """Of equal singular values and eigenvalues, what does not depend on the choice of vectors has its derivative."""
    direction = rng.normal(size=(3, 3))
    turn, stretch = jvp(linalg.polar, [np.eye(3)], [direction])[1]
    np.testing.assert_allclose(turn, (direction - direction.T) / 2, atol=1e-14)
    np.testing.assert_allclose(stretch, (direction + direction.T) / 2, atol=1e-14)
    check_grads(lambda x: linalg.polar(np.eye(3) + 0 * x + x)[0], np.zeros((3, 3)), order=2)
    x = np.diag([2.0, 2.0, 1.0])
    check_grads(lambda a: linalg.eigh(a + a.T)[0][:2].sum() * 1.0, x / 2 + np.diag([0.5, 0, 0]), order=1)
    slope = grad(lambda a: anp.sum(linalg.eigh(a)[0] ** 2))(x)
    np.testing.assert_allclose(slope, 2 * x, atol=1e-12)
    for name in ("expm", "cosm", "sinhm"):
        check_grads(getattr(linalg, name), np.zeros((3, 3)), order=2)
    np.testing.assert_allclose(jacobian(linalg.sqrtm)(np.eye(2)).reshape(4, 4), np.eye(4) / 2, atol=1e-14)
    np.testing.assert_allclose(jacobian(linalg.logm)(np.eye(2)).reshape(4, 4), np.eye(4), atol=1e-14)


@pytest.mark.filterwarnings("ignore:Matrix is singular")
def test_where_there_is_no_derivative_it_is_nan():
    singular = np.outer([1.0, 2, 3], [1.0, 0, 1])
    assert np.all(np.isnan(grad(lambda a: anp.sum(linalg.polar(a)[0]))(singular)))
    assert np.all(np.isnan(grad(lambda a: anp.sum(linalg.polar(a)[0]))(np.zeros((2, 2)))))
    assert np.all(np.isnan(grad(lambda a: anp.sum(linalg.sqrtm(a)))(np.diag([1.0, 0.0]))))
    assert np.all(np.isnan(grad(lambda q: anp.sum(linalg.solve_sylvester(np.eye(2), -np.eye(2), q)))(np.eye(2))))
    with pytest.raises(np.linalg.LinAlgError, match="funm.*no basis of eigenvectors"):
        grad(lambda a: anp.sum(linalg.funm(a, anp.exp)))(np.array([[2.0, 1.0], [0.0, 2.0]]))


def test_on_the_cut_of_a_logarithm():
    """Real matrices with a negative eigenvalue, of which each derivative doubles the eigenvalues."""
    a = np.diag([1.0, -2, 3]) + np.array([[0.1, 0.2, -0.1], [0.3, 0, 0.1], [0.2, -0.2, 0.1]])
    for function in (linalg.logm, linalg.sqrtm, lambda a: linalg.fractional_matrix_power(a, 0.3)):
        check_grads(function, a, order=2)


def test_exponent_of_a_power():
    a = rng.normal(size=(3, 3)) / 2 + 3 * np.eye(3)
    check_grads(linalg.fractional_matrix_power, a, 0.7, order=2)


def test_long_double_and_integers_and_half():
    for dtype in (np.int64, np.float16):
        a = np.array([[4, 1], [1, 3]], dtype)
        assert linalg.cho_factor(a.astype(float))[0].dtype == float
        np.testing.assert_allclose(vjp(lambda b: linalg.solve(a, b, assume_a="pos"), np.ones(2))[0], [2 / 11, 3 / 11])
