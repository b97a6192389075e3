"""Sorting, and functions that take arrays as sets."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jacobian
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def apart(*shape):
    """Numbers no two of which are close."""
    n = np.prod(shape, dtype=int)
    return rng.permutation(np.linspace(-2, 2, n)).reshape(shape)


x23 = apart(2, 3)
z4 = apart(4) + 1j * apart(4)
repeated = np.array([3.0, 1.0, 2.0, 1.0, 3.0])  # a set function reads them, but they cannot be varied one by one

ROWS = [
    row("sort", apart(5)),
    row("sort", apart(0)),
    row("sort", x23),
    row("sort", x23, axis=0),
    row("sort", x23, axis=None),
    row("sort", x23, kind="stable"),
    row("sort", x23, axis=0, stable=True),
    row("sort", apart(2, 3, 4), axis=1, kind="heapsort"),
    row("sort", apart(6, 8)[::2, ::-2]),
    row("sort", apart(4) + 1j * apart(4)),
    row("sort", apart(2, 0, 3), axis=1),
    row("sort_complex", apart(4) + 1j * apart(4)),
    row("sort_complex", x23),
    row("partition", apart(5), 2),
    row("partition", apart(5), (1, 3)),
    row("partition", x23, 1, axis=0),
    row("partition", x23, -1, axis=None),
    row("partition", z4, 2),
    *[row(name, z4) for name in ("unique", "unique_all", "unique_counts", "unique_inverse")],
    row("union1d", z4, np.array([1.0])),
    row("unique", x23),
    row("unique", x23, axis=0),
    row("unique", x23, return_index=True, return_inverse=True, return_counts=True),
    row("unique", apart(5), return_counts=True),
    row("unique_all", x23),
    row("unique_counts", x23),
    row("unique_inverse", x23),
    row("unique_values", x23),
    row("union1d", apart(3), apart(2, 2) + 0.1),
    row("setdiff1d", x23, np.array([1])),
    row("setxor1d", apart(3), apart(4) + 0.1),
]

test_ordering = table_test(ROWS)


def test_sort_is_a_permutation():
    x = np.array([3.0, 1.0, 2.0])
    assert jacobian(anp.sort)(x).tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert grad(lambda x: anp.sum(anp.sort(x) * np.arange(3)))(np.array([1.0, 1.0, 1.0])).sum() == 3


def test_sort_in_place():
    def f(x):
        y = x * 2
        y.sort()
        y.partition(1)
        return anp.sum(y * np.array([1.0, 10.0, 100.0]))

    x = np.array([3.0, 1.0, 2.0])
    assert grad(f)(x).tolist() == [200.0, 2.0, 20.0]
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_orders_have_no_derivative():
    x = np.array([3.0, 1.0, 2.0])

    def f(x):
        order = anp.argsort(x) + anp.lexsort((x,)) + anp.argpartition(x, 1) + x.argsort()
        return anp.sum(order) + anp.searchsorted(x, 1.5) + anp.digitize(1.5, anp.sort(x)) + 0 * anp.sum(x)

    assert grad(f)(x).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "f, expected",
    [
        (anp.unique, [1, 1, 1, 0, 0]),
        (lambda x: anp.unique(x, return_counts=True)[0] ** 2, [6, 2, 4, 0, 0]),
        (anp.unique_values, [1, 1, 1, 0, 0]),
        (lambda x: anp.unique_counts(x).values, [1, 1, 1, 0, 0]),
        (lambda x: anp.intersect1d(x, [1.0, 3.0]), [1, 1, 0, 0, 0]),
        (lambda x: anp.intersect1d([1.0, 3.0], x, return_indices=True)[0], [0, 0, 0, 0, 0]),
        (lambda x: anp.setdiff1d(x, [1.0]), [1, 0, 1, 0, 0]),
        (lambda x: anp.setxor1d([1.0, 5.0], x), [1, 0, 1, 0, 0]),
        (lambda x: anp.union1d(x, [1.0]), [1, 1, 1, 0, 0]),
    ],
)
def test_the_first_of_equal_elements_stands_for_them(f, expected):
    assert grad(lambda x: anp.sum(f(x)))(repeated).tolist() == expected


def test_rows_are_unique():
    x = np.array([[2.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    assert grad(lambda x: anp.unique(x, axis=0))(x).tolist() == [[1, 1], [1, 1], [0, 0]]


def test_take_along_sorted_order():
    check_grads(lambda x: anp.take_along_axis(x, anp.argsort(x, axis=0), axis=0), x23)
