"""Norms of every order, at ordinary points, at 0 and at ties; condition numbers."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, hessian, jvp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


def apart(*shape):
    """Numbers of different absolute values, also of their sums, so that a small step changes no maximum."""
    size = int(np.prod(shape))
    return (rng.permutation(np.geomspace(0.3, 3, size)) * rng.choice([-1, 1], size)).reshape(shape)


VECTOR_ORDERS = [None, 2, 1, 3, 2.5, -1, -2, 0.5, np.inf, -np.inf, 0]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]

ROWS = [
    *[row("linalg.norm", apart(4), ord=ord) for ord in VECTOR_ORDERS],
    *[row("linalg.norm", apart(2, 3), ord=ord, axis=-1) for ord in VECTOR_ORDERS],
    *[row("linalg.norm", apart(2, 3), ord=ord, axis=0, keepdims=True) for ord in (None, 1, 3, np.inf)],
    *[row("linalg.norm", complex_normal(3), ord=ord) for ord in (None, 2, 1, 3, -1, np.inf)],
    *[row("linalg.norm", apart(2, 3), ord=ord) for ord in MATRIX_ORDERS],
    *[row("linalg.norm", apart(3, 2, 2), ord=ord, axis=(0, 2)) for ord in MATRIX_ORDERS],
    *[row("linalg.norm", apart(3, 2, 2), ord=ord, axis=(-1, 0), keepdims=True) for ord in MATRIX_ORDERS],
    *[row("linalg.norm", complex_normal(2, 3), ord=ord) for ord in MATRIX_ORDERS],
    row("linalg.norm", normal(2, 3, 4)),
    row("linalg.norm", normal(2, 3, 4), keepdims=True),
    row("linalg.norm", normal(2, 3), axis=(0, 1)),
    row("linalg.norm", normal(3, 2).T, axis=1),
    row("linalg.norm", normal(2, 0)),
    row("linalg.norm", normal(2, 0), axis=1),
    row("linalg.norm", normal(1), 3),
    *[row("linalg.vector_norm", apart(2, 3), ord=ord) for ord in VECTOR_ORDERS if ord is not None],
    *[row("linalg.vector_norm", apart(2, 3, 2), axis=(0, 2), ord=ord) for ord in (2, 1, 3, np.inf, 0)],
    row("linalg.vector_norm", normal(2, 3), axis=1, keepdims=True),
    row("linalg.vector_norm", normal(2, 3), keepdims=True),
    row("linalg.vector_norm", normal(2, 3), keepdims=True, ord=3),
    row("linalg.vector_norm", complex_normal(2, 3), axis=0),
    row("linalg.vector_norm", np.float64(-2.0)),
    *[row("linalg.matrix_norm", apart(2, 2, 3), ord=ord) for ord in MATRIX_ORDERS if ord is not None],
    row("linalg.matrix_norm", apart(2, 2, 3), keepdims=True, ord="nuc"),
    *[row("linalg.cond", apart(3, 3) / 2 + 3 * np.eye(3), p=p) for p in MATRIX_ORDERS if p != "nuc"],
    row("linalg.cond", apart(2, 3, 3) + 3 * np.eye(3)),
    row("linalg.cond", apart(4, 2)),
    row("linalg.cond", complex_normal(2, 2) + 4 * np.eye(2)),
]

test_norms = table_test(ROWS)


# At 0


@pytest.mark.parametrize("ord", VECTOR_ORDERS)
def test_vector_norm_at_0(ord):
    def f(x):
        return anp.linalg.norm(x, ord)

    np.testing.assert_array_equal(grad(f)(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(grad(lambda x: f(x) ** 2)(np.zeros(3)), np.zeros(3))
    assert jvp(f, (np.zeros(3),), (np.ones(3),))[1] == 0
    np.testing.assert_array_equal(grad(f)(np.zeros(3, complex)), np.zeros(3))


@pytest.mark.parametrize("ord", MATRIX_ORDERS)
def test_matrix_norm_at_0(ord):
    gradient = grad(lambda x: anp.linalg.norm(x, ord))(np.zeros((2, 3)))
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))


def test_rows_that_are_0():
    x = np.array([[3.0, 4], [0, 0]])
    np.testing.assert_allclose(grad(lambda x: anp.sum(anp.linalg.norm(x, axis=1)))(x), [[0.6, 0.8], [0, 0]])


def test_elements_that_are_0():
    x = np.array([0.0, 3, 4])
    for ord, expected in [(None, [0, 0.6, 0.8]), (1, [0, 1, 1]), (3, np.array([0, 9, 16]) / 91 ** (2 / 3))]:
        np.testing.assert_allclose(grad(lambda x, ord=ord: anp.linalg.norm(x, ord))(x), expected)
    np.testing.assert_array_equal(grad(lambda x: anp.linalg.norm(x, -1))(x[1:]) > 0, [True, True])


def test_second_derivative_of_squares():
    """At 0 the norm has a kink, which its square has not; sum(x*x) says it without the detour."""
    square = hessian(lambda x: anp.linalg.norm(x) ** 2)(np.array([1.0, 2, 3]))
    np.testing.assert_allclose(square, 2 * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(hessian(lambda x: anp.sum(x * x))(np.zeros(3)), 2 * np.eye(3))


# Ties


def test_vector_norms_with_ties():
    assert grad(lambda x: anp.linalg.norm(x, np.inf))(np.array([1.0, 2, 3])).tolist() == [0, 0, 1]
    assert grad(lambda x: anp.linalg.norm(x, np.inf))(np.array([1.0, -3, 3])).tolist() == [0, -0.5, 0.5]
    assert grad(lambda x: anp.linalg.norm(x, -np.inf))(np.array([2.0, -2, 3])).tolist() == [0.5, -0.5, 0]


def test_matrix_norms_with_ties():
    a = np.array([[1.0, 2], [2, 1]])
    np.testing.assert_allclose(grad(lambda a: anp.linalg.norm(a, 1))(a), np.full((2, 2), 0.5))
    np.testing.assert_allclose(grad(lambda a: anp.linalg.norm(a, -np.inf))(a), np.full((2, 2), 0.5))
    for ord in (2, -2):
        np.testing.assert_allclose(grad(lambda a, ord=ord: anp.linalg.norm(a, ord))(np.eye(2)), np.eye(2) / 2)
    np.testing.assert_allclose(grad(lambda a: anp.linalg.norm(a, "nuc"))(np.eye(2)), np.eye(2))


def test_nuclear_norm_of_a_matrix_that_is_singular_up_to_rounding():
    """Forward and reverse mode give the half of what both sides have, as of |x| at 0."""
    a, t = np.outer([1.0, 2, 3], [1.0, 1, 2]), np.arange(9.0).reshape(3, 3) ** 2
    unit = a / np.linalg.norm(a)
    np.testing.assert_allclose(grad(lambda a: anp.linalg.norm(a, "nuc"))(a), unit, atol=1e-12)
    np.testing.assert_allclose(jvp(lambda a: anp.linalg.norm(a, "nuc"), (a,), (t,))[1], np.sum(unit * t))


def test_nuclear_norm_of_a_singular_matrix():
    np.testing.assert_allclose(grad(lambda a: anp.linalg.norm(a, "nuc"))(np.diag([2.0, 0])), np.diag([1.0, 0]))


# What is refused


def test_errors():
    x = np.ones((2, 2, 2))
    with pytest.raises(np.exceptions.AxisError):
        grad(lambda x: anp.sum(anp.linalg.norm(x, 1, axis=5)))(x)
    with pytest.raises(np.exceptions.AxisError):
        grad(lambda x: anp.linalg.matrix_norm(x, ord=1))(x[0, 0])
    for arguments in [(x, 2), (x, None, (0, 0)), (x[0], "no"), (x[0], 3), (x[0, 0], "fro"), (x, None, (0, 1, 2))]:
        with pytest.raises(ValueError):
            np.linalg.norm(*arguments)
        with pytest.raises(ValueError):
            grad(lambda x, rest=arguments[1:]: anp.linalg.norm(x, *rest))(arguments[0])


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, -1.5])
def test_derivative_in_the_order(p):
    check_grads(lambda p: anp.linalg.norm(np.array([1.0, 2, 3]), p), p)


def test_cond_of_complex_matrices():
    """NumPy 2.0 gives the real number as a complex one."""
    check_grads(lambda z: anp.real(anp.linalg.cond(z, 1)), complex_normal(2, 2) + 4 * np.eye(2))


def test_norm_of_parts():
    check_grads(lambda z: anp.linalg.norm(anp.stack([anp.real(z), anp.imag(z)])), complex_normal(3))


@pytest.mark.parametrize("p", [3, 1.5])
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-38), (np.float32, 1e-42), (np.float64, 1e-310)])
def test_power_norms_of_subnormal_numbers(dtype, size, p):
    x = (np.array([3.0, 4.0, -12.0]) * size).astype(dtype)
    exact = x.astype(float) * (2.0**1000 if dtype is np.float64 else 2.0**120)  # of the same slope
    expected = np.sign(exact) * (np.abs(exact) / np.linalg.norm(exact, p)) ** (p - 1)

    def f(x):
        return anp.linalg.norm(x, p)

    assert np.allclose(grad(f)(x), expected, rtol=1e-4)
    assert np.allclose([jvp(f, (x,), (t,))[1] for t in np.eye(3, dtype=dtype)], expected, rtol=1e-4)


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro"])
@pytest.mark.parametrize("singular", [np.zeros((2, 2)), np.array([[2.0, 1.0], [2.0, 1.0]])])
def test_cond_of_a_singular_matrix(singular, p):
    def cond(x):
        return anp.linalg.cond(x, p)

    xs = np.stack([singular, np.array([[2.0, 1.0], [1.0, 1.0]])])
    np.testing.assert_allclose(vmap(cond)(xs), cond(xs), rtol=1e-12)
    with np.errstate(all="ignore"):
        value, slope = jvp(cond, (xs,), (np.ones_like(xs),))
    np.testing.assert_allclose(value, cond(xs), rtol=1e-12)
    assert np.isfinite(slope[1])


def test_norm_of_infinite_complex_numbers():
    x = np.array([complex(np.inf, np.inf), 1.0])
    with np.errstate(all="ignore"):
        assert jvp(anp.linalg.norm, (x,), (np.ones(2, complex),))[0] == np.inf
