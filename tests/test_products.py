"""Products of sequences, polynomials and covariances."""

import warnings

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jacobian, vjp
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def cnormal(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def spread(n):
    """Well-separated points."""
    return np.linspace(-1.0, 1.5, n) + 0.1 * rng.uniform(size=n)


PRODUCTS = [
    *[
        row(name, make(n), make(m), mode=mode)
        for name, make in (("convolve", normal), ("correlate", normal), ("correlate", cnormal))
        for n, m in ((5, 3), (3, 5), (4, 2), (2, 5), (3, 3), (4, 1))
        for mode in ("full", "same", "valid")
    ],
    row("convolve", normal(4), normal(2)),
    row("convolve", cnormal(4), normal(2)),
    row("convolve", normal(3), [1.0, 2.0]),
    row("convolve", np.float64(2.0), normal(3)),
    row("correlate", normal(4), normal(2)),
    row("correlate", normal(4), cnormal(2), "same"),
    row("cross", normal(3), normal(3)),
    row("cross", normal(2, 3), normal(3)),
    row("cross", cnormal(4, 1, 3), normal(2, 3)),
    row("cross", normal(3, 2), normal(2, 3), axisa=0, axisc=0),
    row("cross", normal(3, 2), normal(3, 2), axis=0),
    row("cross", normal(2, 3), normal(3, 2), -1, 0, -1),
    row("kron", normal(2), normal(3)),
    row("kron", normal(2, 3), normal(2, 2)),
    row("kron", normal(2), cnormal(2, 3)),
    row("kron", normal(2, 1, 2), normal(3, 2)),
    row("kron", np.float64(2.0), normal(2)),
    row("kron", normal(2, 2), [[1.0, 2.0]]),
    row("kron", normal(0, 2), normal(2, 2)),
]

POLYNOMIALS = [
    row("poly", normal(3)),
    row("poly", cnormal(3)),
    row("poly", normal(1)),
    row("poly", normal(0)),
    # The eigenvalues of a matrix are complex numbers since NumPy 2.5; whether they are real depends on their values.
    row("poly", normal(3, 3) / 10 + np.diag([1.0, 2.0, 3.0]), skip=("batched",)),
    row("polyadd", normal(2), normal(4)),
    row("polyadd", normal(3), np.float64(2.0)),
    row("polyadd", cnormal(3), [1.0, 2.0]),
    row("polyder", normal(4)),
    row("polyder", normal(4), m=2),
    row("polyder", cnormal(4), 0),
    # In single precision rounding decides how many leading zeros the remainder loses.
    row("polydiv", normal(5), normal(3), skip=("float32",)),
    row("polydiv", normal(2), normal(3)),
    row("polydiv", cnormal(4), normal(2), skip=("float32",)),
    row("polydiv", normal(4), [2.0, 1.0]),
    row("polydiv", normal(3), np.array([2.0]), skip=("float32",)),
    row("polyfit", spread(6), normal(6), 2),
    row("polyfit", spread(6), normal(6, 2), 1),
    row("polyfit", spread(6), cnormal(6), 2),
    row("polyfit", spread(6) + 0.3j, cnormal(6), 1),
    row("polyfit", spread(6), normal(6), 2, w=rng.uniform(0.5, 1.5, 6)),
    row("polyfit", spread(6), normal(6, 2), 2, w=rng.uniform(0.5, 1.5, 6), rcond=1e-9),
    row("polyfit", spread(6), normal(6), 1, full=True, tolerance=1e-5),
    row("polyfit", spread(6), normal(6), 1, cov=True, tolerance=1e-5),
    row("polyfit", spread(6), normal(6, 2), 1, cov="unscaled"),
    row("polyint", normal(3)),
    row("polyint", normal(3), 2, np.float64(3.0)),
    row("polyint", normal(3), m=2, k=[1.0, 2.0]),
    row("polyint", cnormal(3), 1),
    row("polymul", normal(3), normal(2)),
    row("polymul", cnormal(3), np.float64(2.0)),
    row("polysub", normal(4), normal(2)),
    row("polyval", normal(3), normal(4)),
    row("polyval", normal(3), np.float64(0.5)),
    row("polyval", [1.0, 2.0, 3.0], cnormal(2, 2)),
    row("polyval", normal(3), 2.0),
    row("polyval", normal(0), normal(2)),
    row("roots", np.array([1.0, -7.0, 14.0, -8.0]), tolerance=1e-4),
    row("roots", np.array([1.0, 0.5, 3.0])),  # a conjugate pair
    row("roots", cnormal(4), tolerance=1e-4),
    row("roots", np.array([2.0])),
    row("vander", normal(3)),
    row("vander", normal(3), 4),
    row("vander", normal(3), N=2, increasing=True),
    row("vander", cnormal(3), 3),
    row("vander", normal(3), 0),
    row("vander", np.array([0.0, 1.0])),
]

COVARIANCES = [
    row("cov", normal(5)),
    row("cov", normal(2, 5)),
    row("cov", cnormal(2, 5)),
    row("cov", normal(5, 2), rowvar=False),
    row("cov", normal(5), normal(5)),
    row("cov", normal(2, 5), cnormal(5)),
    row("cov", normal(5, 2), normal(5, 1), False),
    row("cov", normal(5, 2), normal(1, 5), rowvar=False),
    row("cov", normal(2, 5), bias=True),
    row("cov", normal(2, 5), ddof=2),
    row("cov", normal(2, 5), fweights=[1, 2, 1, 0, 3]),
    row("cov", normal(2, 5), aweights=np.array([0.5, 1.0, 0.2, 2.0, 1.0])),
    row("cov", normal(2, 5), fweights=[1, 2, 1, 0, 3], aweights=[0.5, 1.0, 0.2, 2.0, 1.0], ddof=0),
    row("cov", normal(2, 5), None, True, False, 1, [1, 2, 1, 1, 3], rng.uniform(0.5, 1.0, 5)),
    row("cov", normal(2, 5), dtype=np.complex128),
    row("cov", normal(0, 5)),
    row("corrcoef", normal(3, 5)),
    row("corrcoef", cnormal(2, 5)),
    row("corrcoef", normal(5), normal(5)),
    row("corrcoef", normal(5, 2), rowvar=False),
    row("corrcoef", normal(5)),
]

test_products = table_test(PRODUCTS)
test_polynomials = table_test(POLYNOMIALS)
test_covariances = table_test(COVARIANCES)


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize("n, m", [(2, 2), (2, 3), (3, 2)])
def test_cross_of_vectors_in_the_plane(n, m):
    x, y = normal(4, n), normal(4, m)
    value, _ = vjp(anp.cross, x, y)
    try:
        expected = np.cross(x, y)
    except ValueError:
        pytest.skip("this NumPy no longer has it")
    np.testing.assert_allclose(value, expected)
    lift = lambda v: anp.concatenate([v, np.zeros((4, 3 - v.shape[1]))], axis=1) if v.shape[1] == 2 else v  # noqa: E731
    found = jacobian(lambda x: anp.cross(x, y))(x)
    inspace = jacobian(lambda x: np.cross(lift(x), lift(y)))(x)
    np.testing.assert_allclose(found, inspace[:, 2] if n == m == 2 else inspace)


def test_repeated_roots_of_poly_and_back():
    """The roots of the polynomial with these roots: the identity, up to their order."""
    roots = np.array([3.0, 1.0, -2.0])
    through = jacobian(lambda r: anp.sort(np.roots(np.poly(r))))(roots)
    np.testing.assert_allclose(through, np.eye(3)[::-1], atol=1e-12)


def test_real_polynomial_of_conjugate_roots():
    roots = np.array([1 + 2j, 1 - 2j])
    value, pull = vjp(np.poly, roots)
    np.testing.assert_allclose(value, [1, -2, 5])
    assert value.dtype == np.float64 and pull(value)[0].dtype == np.complex128


def test_polynomials_drop_leading_zeros_as_numpy_does():
    x = np.array([0.0, 1.0, 2.0])
    value, _ = vjp(lambda x: np.polymul(x, [1.0, 1.0]), x)
    np.testing.assert_array_equal(value, np.polymul(x, [1.0, 1.0]))
    value, _ = vjp(lambda x: np.polymul(0 * x, x), x)
    np.testing.assert_array_equal(value, [0.0, 0.0])
    (quotient, remainder), _ = vjp(lambda u: np.polydiv(u, [1.0, 1.0]), np.array([1.0, 3.0, 2.0]))
    np.testing.assert_array_equal(quotient, [1.0, 2.0])
    np.testing.assert_array_equal(remainder, [0.0])


def test_poly1d_is_its_coefficients():
    p = np.poly1d([1.0, 2.0, 3.0])
    np.testing.assert_allclose(grad(lambda x: anp.polyval(p, x))(2.0), 6.0)
    np.testing.assert_allclose(grad(lambda x: p(x))(2.0), 6.0)
    with pytest.raises(TypeError, match="poly1d"):
        grad(lambda c: anp.polyval(c, p).sum())(np.ones(2))


def test_coefficients_in_a_list():
    assert grad(lambda x: np.polyval(anp.array([x, 1.0]), 3.0))(2.0) == 3.0
    assert grad(lambda x: anp.polyval([x, 1.0], 3.0))(2.0) == 3.0


def test_ill_conditioned_polyfit_warns():
    with pytest.warns(np.exceptions.RankWarning):
        vjp(lambda y: np.polyfit(np.ones(4), y, 2), normal(4))


def test_correlation_with_itself_is_constant():
    """On the diagonal and for proportional variables the correlation stays one."""
    x = normal(4)
    jac = jacobian(lambda x: np.corrcoef(x, 2 * x))(x)
    np.testing.assert_allclose(jac, np.zeros((2, 2, 4)), atol=1e-12)


def test_too_few_observations_warn_as_numpy_does():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        value, _ = vjp(lambda x: np.cov(x, ddof=3), normal(2, 2))
        assert not np.isfinite(value).any()


def test_observation_weights_are_checked():
    x = normal(2, 3)
    with pytest.raises(TypeError, match="integer"):
        grad(lambda x: np.cov(x, fweights=[0.5, 1, 1]).sum())(x)
    with pytest.raises(ValueError, match="negative"):
        grad(lambda x: np.cov(x, aweights=[-1.0, 1, 1]).sum())(x)
    with pytest.raises(RuntimeError, match="3 observations"):
        grad(lambda x: np.cov(x, aweights=[1.0, 1]).sum())(x)
