"""Running sums and products."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, hessian
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


x23 = normal(2, 3)
strided = normal(6, 8)[::2, ::-2]
scalar = np.float64(1.3)
with_nan = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, 0.5]])

ROWS = [
    *[
        each
        for name in ("cumsum", "cumprod", "nancumsum", "nancumprod")
        for each in (
            row(name, normal(5)),
            row(name, normal(1)),
            row(name, normal(0)),
            row(name, scalar),
            row(name, x23),
            row(name, x23, axis=0),
            row(name, x23, axis=-1),
            row(name, normal(2, 3, 4), axis=1),
            row(name, strided, axis=1),
            row(name, normal(3) + 1j * normal(3)),
            row(name, np.zeros((0, 3)), axis=1),
            row(name, x23, axis=1, dtype=np.complex128),
        )
    ],
    row("cumprod", np.array([2.0, 0.0, 3.0, 0.0, 1.5])),
    row("cumprod", np.array([[2.0, 0.0, 3.0], [0.0, 1.5, 2.0]]), axis=1),
    row("nancumsum", with_nan, axis=1),
    row("nancumprod", with_nan),
]

if hasattr(np, "cumulative_sum"):
    ROWS += [
        each
        for name in ("cumulative_sum", "cumulative_prod")
        for each in (
            row(name, normal(4)),
            row(name, x23, axis=0),
            row(name, x23, axis=-1, include_initial=True),
            row(name, normal(4), include_initial=True),
            row(name, normal(0), include_initial=True),
            row(name, normal(3) + 1j * normal(3), include_initial=True),
        )
    ]

test_cumulative = table_test(ROWS)


def test_zeros_are_exact():
    x = np.array([2.0, 0.0, 3.0])
    assert grad(lambda x: anp.sum(anp.cumprod(x)))(x).tolist() == [1.0, 8.0, 0.0]
    # x₀ + x₀x₁ + x₀x₁x₂
    assert hessian(lambda x: anp.sum(anp.cumprod(x)))(x).tolist() == [[0, 4, 0], [4, 0, 2], [0, 2, 0]]


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 8, 13])
def test_cumprod_of_every_length(n):
    x = normal(n)
    x[n // 2] = 0
    jacobian = [grad(lambda x, i=i: anp.cumprod(x)[i])(x) for i in range(n)]
    expected = [[np.prod(np.delete(x[: i + 1], j)) if j <= i else 0 for j in range(n)] for i in range(n)]
    np.testing.assert_allclose(jacobian, expected, rtol=1e-12)


def test_nan_has_derivative_zero():
    assert grad(lambda x: anp.sum(anp.nancumsum(x)))(np.array([1.0, np.nan, 2.0])).tolist() == [3.0, 0.0, 1.0]
    assert grad(lambda x: anp.sum(anp.nancumprod(x)))(np.array([1.0, np.nan, 2.0])).tolist() == [4.0, 0.0, 1.0]


def test_accumulate():
    assert grad(lambda x: np.add.accumulate(x))(np.ones(3)).tolist() == [3.0, 2.0, 1.0]
    assert grad(lambda x: np.multiply.accumulate(x, axis=0))(np.full((2, 1), 3.0)).tolist() == [[4.0], [3.0]]
