"""Norms and deviations whose squares over- or underflow."""

import decimal

import numpy as np
import pytest

from autodiff_trace import grad, hessian, jit, jvp, value_and_grad, vmap
from autodiff_trace import numpy as anp

MODES = {"eager": lambda f: f, "jit": lambda f: jit(f), "vmap": lambda f: lambda x: vmap(f)(x[None])[0]}
SIZES = [(np.float32, 1e20), (np.float32, 3e37), (np.float32, 1e-30), (np.float32, 1e-44), (np.float64, 1e200),
         (np.float64, 1e-170), (np.float64, 1e-310), (np.float16, 1e4), (np.float16, 1e-4), (np.float64, 1.0)]
V = np.array([3.0, -1.0, 2.0, 0.0, -2.0])


def exact(x):
    """The norm and the deviation of a vector, and their slopes, to fifty digits."""
    with decimal.localcontext() as context:
        context.prec = 50
        x = list(map(decimal.Decimal, x.tolist()))
        mean = sum(x) / len(x)
        length = sum(v * v for v in x).sqrt()
        apart = sum((v - mean) ** 2 for v in x).sqrt()
        root = decimal.Decimal(len(x)).sqrt()
        numbers = length, [v / length for v in x], apart / root, [(v - mean) / apart / root for v in x]
        return [np.array(each, float) for each in numbers]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # of np.std
@pytest.mark.parametrize("dtype, size", SIZES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", [{}, {"axis": -1}, {"axis": (0, 1)}, {"axis": (0, 1, 2), "keepdims": True}])
def test_norms_and_deviations_of_any_size(dtype, size, mode, form):
    x = (V * dtype(size)).astype(dtype)
    length, u, _, direction = exact(x)
    x = x.reshape((1, 1, 5) if form.get("keepdims") else (1, 5))
    eps = 8 * np.finfo(dtype).eps
    # Few digits are left in subnormal numbers, and in half precision of a mean.
    eps = {1e-44: 0.05, 1e-310: 1e-13}.get(size, eps)
    rough = 1e-2 if dtype == np.float16 else 0.2 if size == 1e-44 else eps

    def norm(x):
        find = anp.linalg.vector_norm if x.ndim == 3 else anp.linalg.norm
        return anp.sum(find(x, **form))

    compiled = MODES[mode](grad(norm))
    for _ in range(2):
        slope = compiled(x)
        assert slope.dtype == dtype
        np.testing.assert_allclose(slope.ravel(), u, rtol=eps)
    least = float(np.nextafter(dtype(0), dtype(1)))
    np.testing.assert_allclose(value_and_grad(norm)(x)[0], length, rtol=eps, atol=least)
    np.testing.assert_allclose(jvp(norm, (x,), (np.ones_like(x),))[1], u.sum(), rtol=eps, atol=eps)
    std = MODES[mode](grad(lambda x: anp.sum(anp.std(x, **form))))
    np.testing.assert_allclose(std(x).ravel(), direction, rtol=rough, atol=rough)



def test_complex_numbers_of_any_size():
    z = np.array([3 + 4j, 1 - 2j])
    for dtype, size in [(np.complex64, 1e25), (np.complex64, 1e-30), (np.complex128, 1e-250), (np.complex128, 1e300)]:
        slope = grad(anp.linalg.norm)((z * size).astype(dtype))
        assert slope.dtype == dtype
        np.testing.assert_allclose(slope, z.conj() / np.sqrt(30), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_rows_of_different_sizes():
    x = np.array([[3e-200, 4e-200], [3.0, 4.0], [3e200, 4e200], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]])
    value, slope = value_and_grad(lambda x: anp.linalg.norm(x, axis=1))(x)
    np.testing.assert_allclose(value, [5e-200, 5, 5e200, 0, np.inf, np.nan])
    np.testing.assert_allclose(slope[:4], [[0.6, 0.8]] * 3 + [[0, 0]])
    assert not np.isfinite(slope[4:, 0]).any()


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_second_derivatives_of_any_size():
    for size in (1e-200, 1.0, 1e200):
        second = hessian(lambda x: anp.linalg.norm(x))(np.array([3.0, 4.0]) * size)  # noqa: PLW0108
        np.testing.assert_allclose(second * size, [[0.128, -0.096], [-0.096, 0.072]], rtol=1e-12)
        second = hessian(anp.std)(np.array([3.0, -3.0, 0.0]) * size)
        np.testing.assert_allclose(second * size, hessian(anp.std)(np.array([3.0, -3.0, 0.0])), rtol=1e-12)


def test_many_numbers_of_half_precision():
    x = np.full(100_000, 200.0, np.float16)
    value, slope = value_and_grad(anp.linalg.norm)(x)
    np.testing.assert_allclose([value, slope[0]], [63245.6, 0.0031623], rtol=1e-3)


@pytest.mark.parametrize("ord", [3, 2.5, -1, -2, 0.5])
@pytest.mark.parametrize("dtype, size", [(np.float32, 1e37), SIZES[0], SIZES[2], SIZES[4], SIZES[5], SIZES[-1]])
def test_norms_of_other_orders_of_any_size(ord, dtype, size):
    def norm(x):
        return anp.linalg.norm(x, ord)

    x = np.array([3.0, -1.0, 2.0])
    value, slope = value_and_grad(norm)((x * size).astype(dtype))
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(value / size, norm(x), rtol=20 * np.finfo(dtype).eps)
    np.testing.assert_allclose(slope, grad(norm)(x), rtol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("function", [
    lambda x: anp.sum(anp.abs(x) ** 2), lambda x: anp.linalg.norm(x) ** 2, lambda x: anp.std(x) ** 2,
    lambda x: anp.sum(anp.hypot(x, 0.0) ** 2),
])
def test_second_derivatives_at_0_follow_the_convention(function):
    """docs/conventions.md names these. The smooth spellings are exact."""
    np.testing.assert_array_equal(hessian(function)(np.zeros(3)), np.zeros((3, 3)))
    np.testing.assert_array_equal(hessian(lambda x: anp.sum(x * x))(np.zeros(3)), 2 * np.eye(3))
    np.testing.assert_allclose(hessian(anp.var)(np.zeros(3)), 2 / 3 * (np.eye(3) - 1 / 3), atol=1e-15)


@pytest.mark.parametrize("x", [np.zeros((0, 1), int), np.array([[3], [4]]), np.array([[True]]), np.zeros((2, 0))])
def test_lengths_of_other_kinds_in_jit(x):
    for form in ({}, {"axis": 0}, {"axis": 1}):
        compiled = jit(lambda x: anp.linalg.norm(x, **form))  # noqa: B023
        for _ in range(3):
            np.testing.assert_array_equal(compiled(x), np.linalg.norm(x, **form))
