"""The quick forms of linear algebra, and linear algebra by halves: what NumPy's functions give, and as exact."""

import numpy as np
import pytest

from autodiff_trace import grad, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.numpy import lapack, recursive_linalg
from autodiff_trace.numpy.rules.factorizations import factor_cotangent, lower_inverse
from autodiff_trace.numpy.rules.matrices import fold_triangle, halved_triangle, transposed

rng = np.random.default_rng(0)
LARGE = 2 * recursive_linalg.UNDIVIDED + 3


def regular(*shape, dtype=float):
    x = rng.normal(size=shape) + 2 * shape[-1] * np.eye(shape[-1])
    return (x + 1j * rng.normal(size=shape) if dtype is complex else x).astype(dtype)


def positive(*shape, dtype=float):
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if dtype is complex else 0)
    return x @ x.conj().swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])


MATRICES = {
    "2": regular(2, 2),
    "4 transposed": regular(4, 4).T,
    "every other": regular(6, 6)[::2, ::2],
    "1": np.array([[-2.0]]),
    "0": np.zeros((0, 0)),
    "singular": np.ones((3, 3)),
    "of zeros": np.zeros((2, 2)),
    "not finite": np.array([[1.0, np.inf], [np.nan, 1.0]]),
    "stack": regular(3, 2, 2),
    "float32": regular(3, 3, dtype=np.float32),
    "complex": regular(3, 3, dtype=complex),
    "integers": np.array([[2, 1], [1, 3]]),
    "other byte order": regular(3, 3).astype(">f8"),
    "list": [[2.0, 1.0], [1.0, 3.0]],
    "not square": np.ones((2, 3)),
    "vector": np.ones(2),
    "number": np.float64(2.0),
    "large": regular(LARGE, LARGE),
}


def outcome(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return error


def assert_same(found, expected):
    """The same values, types and errors; large results but for rounding."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(expected, Exception):
        assert str(found) == str(expected)
        return
    for x, y in zip(found, expected) if isinstance(expected, tuple) else [(found, expected)]:
        assert type(x) is type(y) and x.dtype == y.dtype and np.shape(x) == np.shape(y)
        np.testing.assert_allclose(x, y, rtol=1e-12 if np.size(x) > 100 else 0)


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("function", ["cholesky", "det", "inv", "slogdet"])
def test_what_numpy_gives(function, name):
    a = MATRICES[name]
    if function == "cholesky" and name == "large":
        a = a @ a.T
    assert_same(outcome(getattr(lapack, function), a), outcome(getattr(np.linalg, function), a))


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("shape", [(), (2,), (3,), (2, 3), (3, 1), (2, 3, 2), (3, 0), (LARGE,), (LARGE, 2), (0,)])
def test_solutions_are_those_of_numpy(name, shape):
    for dtype in (float, np.float32, complex, int):
        b = np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
        assert_same(outcome(lapack.solve, MATRICES[name], b), outcome(np.linalg.solve, MATRICES[name], b))


def test_error_handling_of_the_caller_is_left_alone():
    singular = np.ones((2, 2))
    with np.errstate(all="raise"):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            lapack.inv(singular)
        assert np.geterr()["invalid"] == "raise"
        triangle = np.tril(np.full((LARGE, LARGE), 1e200))
        assert not np.isfinite(lapack.solve(triangle, np.full(LARGE, np.inf))).all()


def test_numpy_without_the_ufunc():
    assert lapack.routine("no_such_routine", np.linalg.inv, "Singular matrix") is np.linalg.inv
    assert lapack.routine("no_such_routine", np.linalg.det) is np.linalg.det


def falling_apart(kind, *shape, dtype=float):
    a = regular(*shape, dtype=dtype)
    n = shape[-1]
    if kind == "block triangular":
        a[..., : n // 2, n // 2 :] = 0
        return a
    return {"lower": np.tril, "upper": np.triu, "diagonal": lambda x: np.tril(np.triu(x))}[kind](a)


@pytest.mark.parametrize("kind", ["lower", "upper", "diagonal", "block triangular"])
@pytest.mark.parametrize("dtype", [float, np.float32, complex, np.complex64])
@pytest.mark.parametrize("stack, right", [((), ()), ((), (3,)), ((2,), (3,)), ((2, 1), (4, 3)), ((), (2, 3))])
def test_systems_that_fall_apart(kind, dtype, stack, right):
    a = falling_apart(kind, *stack, LARGE, LARGE, dtype=dtype)
    b = rng.normal(size=(*right[:-1], LARGE, *right[-1:])).astype(a.real.dtype)
    for matrix in (a, np.asfortranarray(a)):
        before = matrix.copy(), b.copy()
        found, expected = lapack.solve(matrix, b), np.linalg.solve(matrix, b)
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=3e-6 if a.real.dtype == np.float32 else 1e-13, atol=1e-12)
        assert (matrix == before[0]).all() and (b == before[1]).all()


@pytest.mark.parametrize("exponent", [0, 4, 8, 12, 15])
@pytest.mark.parametrize("turn", [np.asarray, np.transpose])
def test_solutions_with_badly_conditioned_triangles_are_as_exact(exponent, turn):
    """The residual is as small as rounding to sixteen digits makes it, whatever the condition."""
    n = 300
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    a = turn(np.linalg.qr((q * np.logspace(0, -exponent, n)) @ np.linalg.qr(rng.normal(size=(n, n)))[0])[1])
    length = np.linalg.norm(a, 2)
    for b in (rng.normal(size=n), rng.normal(size=(n, n)), a @ rng.normal(size=n)):
        x = lapack.solve(a, b)
        residual = np.linalg.norm(a @ x - b) / (length * np.linalg.norm(x))
        assert residual < 20 * n**0.5 * np.finfo(float).eps


def test_a_singular_triangle():
    a = np.tril(np.ones((LARGE, LARGE)))
    a[-1, -1] = 0
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        lapack.solve(a, np.ones(LARGE))


def cotangent_by_products(g, factor):
    inverse = lower_inverse(factor)
    return fold_triangle(transposed(inverse) @ halved_triangle(transposed(factor) @ g) @ anp.conjugate(inverse))


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (LARGE, LARGE), (2, LARGE, LARGE)])
def test_cotangents_of_cholesky_by_halves(shape, dtype):
    factor = np.linalg.cholesky(positive(*shape, dtype=dtype))
    g = rng.normal(size=shape) + (1j * rng.normal(size=shape) if dtype is complex else 0)
    before = g.copy(), factor.copy()
    found, expected = factor_cotangent(g, factor), cotangent_by_products(g, factor)
    np.testing.assert_allclose(found, expected, atol=1e-13 * np.abs(expected).max())
    assert (g == before[0]).all() and (factor == before[1]).all()
    assert (found == np.tril(found)).all()


def test_cotangents_of_cholesky_keep_single_precision():
    factor = np.linalg.cholesky(positive(LARGE, LARGE)).astype(np.float32)
    assert factor_cotangent(factor, factor).dtype == np.float32


@pytest.mark.parametrize("exponent", [4, 8, 12])
def test_cotangents_of_badly_conditioned_factors_are_as_exact(exponent):
    """As near to those in extended precision as the products of whole matrices are."""
    n = LARGE
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    factor = np.linalg.cholesky((q * np.logspace(0, -exponent, n)) @ q.T + 1e-14 * np.eye(n))
    g = np.tril(rng.normal(size=(n, n)))
    inverse = np.linalg.inv(factor).astype(np.longdouble)
    for _ in range(3):
        inverse = inverse + inverse @ (np.eye(n) - factor.astype(np.longdouble) @ inverse)
    half = np.tril(np.ones((n, n))) - 0.5 * np.eye(n)
    x = inverse.T @ (half * (factor.T.astype(np.longdouble) @ g)) @ inverse
    exact = half * (x + x.T)
    error, before = (np.abs(f(g, factor) - exact).max() for f in (factor_cotangent, cotangent_by_products))
    assert error < 3 * before + 1e-13 * np.abs(exact).max()


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("size", [3, LARGE])
def test_derivatives_of_cotangents_of_cholesky(size, dtype):
    """Those of the products, in both arguments and both modes."""
    factor = np.linalg.cholesky(positive(size, size, dtype=dtype))
    g, t, h = (rng.normal(size=(size, size)) + (1j * rng.normal(size=(size, size)) if dtype is complex else 0)
               for _ in range(3))
    both = factor_cotangent, cotangent_by_products
    by_g = [jvp(lambda g: f(g, factor), (g,), (t,))[1] for f in both]
    by_factor = [jvp(lambda x: f(g, x), (factor,), (np.tril(t),))[1] for f in both]
    for found, expected in (by_g, by_factor):
        np.testing.assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max())
    for found, expected in zip(*(vjp(f, g, factor)[1](np.tril(h)) for f in both)):
        np.testing.assert_allclose(np.tril(found), np.tril(expected), atol=1e-11 * np.abs(expected).max())


def loss(x, y):
    factor = anp.linalg.cholesky(x @ x.T + 4 * np.eye(len(y)))
    return anp.sum(anp.linalg.solve(factor, y) ** 2) + anp.sum(anp.log(anp.diagonal(factor)))


def loss_of_inverse(x, y):
    k = x @ x.T + 4 * np.eye(len(y))
    return y @ anp.linalg.solve(k, y) + 0.5 * anp.linalg.slogdet(k)[1]


@pytest.mark.parametrize("size", [4, LARGE])
def test_a_likelihood_by_cholesky_has_the_gradient_of_that_by_the_determinant(size):
    x, y = rng.normal(size=(size, size)), rng.normal(size=size)
    for mode in (lambda f: f, jit):
        for found, expected in zip(mode(grad(loss, (0, 1)))(x, y), mode(grad(loss_of_inverse, (0, 1)))(x, y)):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    stacks = vmap(grad(loss), (0, None))(np.stack([x, 2 * x]), y)
    np.testing.assert_allclose(stacks, [grad(loss)(x, y), grad(loss)(2 * x, y)], rtol=1e-10, atol=1e-12)


def test_programs_do_not_compute_determinants_of_which_only_the_derivative_is_asked():
    program = jit(grad(lambda x: anp.linalg.slogdet(x)[1])).graph(regular(3, 3))
    assert "slogdet" not in program.source and "inverse" in program.source


def test_factors_of_small_matrices_share_their_masks():
    recursive_linalg.half_triangle.cache_clear()
    for _ in range(3):
        factor_cotangent(np.eye(3), np.eye(3))
    assert recursive_linalg.half_triangle.cache_info().misses == 1
